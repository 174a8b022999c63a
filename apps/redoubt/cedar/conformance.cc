#include "redoubt/cedar/conformance.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "encoding/json_reader.h"
#include "policy/authorizer.h"
#include "policy/policy_json.h"
#include "policy/validate.h"
#include "redoubt/cedar/inputs.h"
#include "redoubt/conform/fields.h"

namespace redoubt::app::cedar {
namespace {

using conform::Fields;
using simdjson::dom::element;
using Names = std::set<std::string, std::less<>>;

constexpr encoding::JsonLimits kJsonLimits{.max_bytes = policy::Limits().max_bytes, .max_depth = 512};

template <class T>
Result<T> usable(policy::Checked<T> read, const std::string& path, std::string_view text) {
  if (!read) return policy::to_error(read.error(), path, text);
  return *std::move(read);
}

Result<policy::PolicySet> to_policies(const std::string& path, const std::string& text) {
  return usable(path.ends_with(".json") ? policy::parse_policy_set_json(text) : policy::parse_policies(text), path,
                text);
}

Result<policy::Schema> to_schema(const std::string& path, const std::string& text) {
  return usable(path.ends_with(".json") ? policy::Schema::parse_json(text) : policy::Schema::parse(text), path, text);
}

std::string list(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return "[" + out + "]";
}

struct Expected {
  bool allow = false;
  std::optional<Names> reasons;  // nothing: whatever they are
  std::optional<Names> errors;
};

// What requests are decided by.
struct World {
  policy::PolicySet policies;
  policy::Schema schema;
  std::shared_ptr<const policy::CompiledPolicies> compiled;
  std::shared_ptr<const policy::EntityStore> store;

  // `by` is the schema, or null.
  Result<> load_entities(const std::string& path, const std::string& text, const policy::Schema* by) {
    auto entities = usable(policy::parse_entities(text, by), path, text);
    if (!entities) return entities.error();
    auto built = policy::EntityStore::build(*std::move(entities), by);
    if (!built) return built.error().in(path);
    store = *std::move(built);
    return {};
  }

  Result<> compile() {
    auto made = policy::CompiledPolicies::compile(policies);
    if (!made) return made.error();
    compiled = *std::move(made);
    return {};
  }

  Result<> check_validation(bool expected) const {
    const policy::Validation validation = policy::validate(policies, schema);
    if (validation.ok() == expected) return {};
    return Error(Errc::kVerifyFailed, expected ? "does not validate: " + validation.errors.front().message
                                               : std::string("validates, but must not"));
  }

  Result<> check_decision(const policy::Request& request, const Expected& expected) const {
    policy::Answer answer;
    policy::authorize(*compiled, *store, request, answer);
    Names reasons;
    for (const std::uint32_t policy : answer.reasons) reasons.emplace(compiled->id(policy));
    Names errors;
    for (const policy::PolicyError& error : answer.errors) errors.emplace(compiled->id(error.policy));
    const bool allow = answer.decision == policy::Decision::kAllow;
    if (allow != expected.allow) {
      return Error(Errc::kVerifyFailed, std::string("decided ") + (allow ? "allow" : "deny") + ", but must be " +
                                            (expected.allow ? "allow" : "deny"));
    }
    if (expected.reasons && reasons != *expected.reasons) {
      return Error(Errc::kVerifyFailed, "reasons " + list(reasons) + ", but must be " + list(*expected.reasons));
    }
    if (expected.errors && errors != *expected.errors) {
      return Error(Errc::kVerifyFailed, "errors " + list(errors) + ", but must be " + list(*expected.errors));
    }
    return {};
  }
};

// Cases of the integration tests and the corpus.
class Cases {
 public:
  Cases(const FileTree& tree, std::string_view folder, Tally& tally) : tree_(tree), folder_(folder), tally_(tally) {}

  void run() {
    for (auto path = tree_.paths().lower_bound(folder_); path != tree_.paths().end() && path->starts_with(folder_);
         ++path) {
      if (path->ends_with(".json")) run_file(*path);
    }
    // Schemas, policies and entities in JSON are named by cases.
    for (const auto& [path, why] : not_cases_) {
      if (!named_.contains(path)) tally_.record(path, why);
    }
  }

 private:
  void run_file(const std::string& path) {
    const auto text = tree_.read(path);
    if (!text) return tally_.record(path, text.error());
    encoding::JsonReader reader(kJsonLimits);
    const auto root = reader.parse(*text);
    element requests;
    if (!root || !root->is_object() || (*root)["requests"].get(requests) != simdjson::SUCCESS) {
      not_cases_.emplace(path, root ? Error(Errc::kUnsupported, "not understood: no case") : root.error());
      return;
    }
    if (auto done = run_case(path, *root); !done) tally_.record(path, done);
  }

  Result<> run_case(const std::string& path, element root) {
    Fields fields(root);
    const auto policies = named(path, fields.text("policies"));
    const auto entities = named(path, fields.text("entities"));
    const auto schema = named(path, fields.text("schema"));
    const bool should_validate = fields.flag("shouldValidate");
    const std::vector<element> requests = fields.items("requests");
    fields.ignore("description");
    if (auto read = fields.done(); !read) return read;

    World world;
    if (auto done = load(policies, to_policies, world.policies); !done) return done;
    if (auto done = load(schema, to_schema, world.schema); !done) return done;
    if (auto done = world.compile(); !done) return done;
    tally_.record(path + " validation", world.check_validation(should_validate));
    if (!entities) return entities.error();
    const auto text = tree_.read(*entities);
    if (!text) return text.error().in(*entities);
    if (auto done = world.load_entities(*entities, *text, &world.schema); !done) return done;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      tally_.record(path + " request " + std::to_string(i), check_request(world, requests[i]));
    }
    return {};
  }

  static Result<> check_request(const World& world, element asked) {
    Fields fields(asked);
    fields.ignore("description");
    bool must_fit = true;
    if (const auto flag = fields.optional("validateRequest")) {
      if (flag->get(must_fit) != simdjson::SUCCESS) return Error(Errc::kMalformed, "`validateRequest` is not a flag");
    }
    const std::string_view decision = fields.text("decision");
    Expected expected{decision == "allow", Names(), Names()};
    for (const std::string_view id : fields.texts("reason")) expected.reasons->emplace(id);
    for (const std::string_view id : fields.texts("errors")) expected.errors->emplace(id);
    for (const char* part : {"principal", "action", "resource", "context"}) {
      if (!fields.optional(part)) return Error(Errc::kMalformed, std::string("no member `") + part + "`");
    }
    if (auto read = fields.done(); !read) return read;
    if (!expected.allow && decision != "deny") return Error(Errc::kMalformed, "`decision` is neither allow nor deny");
    const std::string text = request_text(asked);
    auto request = usable(policy::parse_request(text, &world.schema), "request", text);
    if (!request) return request.error();
    if (must_fit) {
      if (auto fits = policy::validate_request(*request, world.schema); !fits) return fits;
    }
    return world.check_decision(*request, expected);
  }

  // The four members that are the request's.
  static std::string request_text(element asked) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    for (const char* part : {"principal", "action", "resource", "context"}) {
      json.key(part);
      json.raw(simdjson::minify(asked[part].value()));
    }
    json.end_object();
    return out;
  }

  template <class T>
  Result<> load(const Result<std::string>& path, Result<T> (*read)(const std::string& path, const std::string& text),
                T& out) {
    if (!path) return path.error();
    const auto text = tree_.read(*path);
    if (!text) return text.error().in(*path);
    auto value = read(*path, *text);
    if (!value) return value.error();
    out = *std::move(value);
    return {};
  }

  // The file that a case calls `path`: seen from one of the folders that the case is in, where the first folder of the
  // path may have been renamed.
  Result<std::string> named(const std::string& from, std::string_view path) {
    const std::size_t slash = path.find('/');
    const std::string_view below = slash == std::string_view::npos ? path : path.substr(slash + 1);
    for (const std::string_view wanted : {path, below}) {
      std::string folder = from;
      while (!folder.empty()) {
        folder.pop_back();
        folder.resize(folder.rfind('/') + 1);  // the one above; none: empty
        const std::string found = folder + std::string(wanted);
        if (!tree_.paths().contains(found)) continue;
        named_.insert(found);
        return found;
      }
    }
    return Error(Errc::kNotFound, "there is no file `" + std::string(path) + "`");
  }

  const FileTree& tree_;
  std::string folder_;
  Tally& tally_;
  Names named_;
  std::map<std::string, Error> not_cases_;
};

// One example application.
class Application {
 public:
  Application(const FileTree& tree, std::string folder, Tally& tally)
      : tree_(tree), folder_(std::move(folder)), tally_(tally) {}

  void run(const std::vector<std::string>& requests) {
    if (auto loaded = load(); !loaded) return tally_.record(folder_, loaded);
    tally_.record(folder_ + "policies.cedar validation", world_.check_validation(true));
    for (const std::string& path : requests) tally_.record(path, check_request(path));
  }

 private:
  Result<> load() {
    auto text = tree_.read(folder_ + "policies.cedar");
    if (!text) return text.error();
    auto policies = to_policies(folder_ + "policies.cedar", *text);
    if (!policies) return policies.error();
    auto named = named_by_annotation(*policies);
    if (!named) return named.error().in(folder_ + "policies.cedar");
    world_.policies = *std::move(named);
    if (tree_.paths().contains(folder_ + "linked")) {
      if (auto done = load_links(); !done) return done;
    }
    const bool cedar = tree_.paths().contains(folder_ + "policies.cedarschema");
    const std::string schema_path = folder_ + (cedar ? "policies.cedarschema" : "policies.cedarschema.json");
    text = tree_.read(schema_path);
    if (!text) return text.error();
    auto schema = to_schema(schema_path, *text);
    if (!schema) return schema.error();
    world_.schema = *std::move(schema);
    if (auto done = world_.compile(); !done) return done;
    return load_entities();
  }

  Result<> load_entities() {
    const std::string path = folder_ + "entities.json";
    const auto text = tree_.read(path);
    if (!text) return text.error();
    const auto fits = world_.load_entities(path, *text, &world_.schema);
    if (fits) return fits;
    if (auto done = world_.load_entities(path, *text, nullptr); !done) return done;
    tally_.notes.push_back(fits.error().message() + ": decided without the schema");
    by_ = nullptr;
    return {};
  }

  Result<> load_links() {
    const std::string path = folder_ + "linked";
    const auto text = tree_.read(path);
    if (!text) return text.error();
    auto links = usable(parse_links(*text), path, *text);
    if (!links) return links.error();
    for (policy::Link& link : *links) {
      if (auto done = world_.policies.link(std::move(link)); !done) return done.error().in(path);
    }
    return {};
  }

  Result<> check_request(const std::string& path) {
    const auto text = tree_.read(path);
    if (!text) return text.error();
    auto request = usable(policy::parse_request(*text, by_), path, *text);
    if (!request) return request.error();
    if (by_ != nullptr) {
      if (auto fits = policy::validate_request(*request, *by_); !fits) return fits;
    }
    return world_.check_decision(*request, {path.starts_with(folder_ + "ALLOW/"), {}, {}});
  }

  const FileTree& tree_;
  std::string folder_;
  Tally& tally_;
  World world_;
  const policy::Schema* by_ = &world_.schema;  // what entities and requests are read by; may be null
};

}  // namespace

void Tally::record(std::string_view what, const Result<>& outcome) {
  if (outcome) {
    ++passed;
  } else {
    failures.push_back(std::string(what) + ": " + outcome.error().message());
  }
}

void check_cases(const FileTree& tree, std::string_view folder, Tally& tally) {
  Cases(tree, folder, tally).run();
}

void check_applications(const FileTree& tree, std::string_view folder, Tally& tally) {
  // Each application's folder, ending in a slash, with its requests. All have policies, or somebody forgot them.
  std::map<std::string, std::vector<std::string>> applications;
  for (auto path = tree.paths().lower_bound(folder); path != tree.paths().end() && path->starts_with(folder); ++path) {
    const std::size_t name = path->rfind('/') + 1;
    const std::string above = path->substr(0, name);
    if (path->substr(name) == "policies.cedar") applications[above];
    for (const std::string_view kind : {"ALLOW/", "DENY/"}) {
      if (above.ends_with(kind)) applications[above.substr(0, above.size() - kind.size())].push_back(*path);
    }
  }
  for (const auto& [application, requests] : applications) Application(tree, application, tally).run(requests);
}

}  // namespace redoubt::app::cedar
