// Answers to cases by Redoubt's engine: policy_answer < CASES > ANSWERS, one JSON object a line each (README.md).
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "policy/authorizer.h"
#include "policy/policy_json.h"
#include "policy/validate.h"

namespace redoubt::policy {
namespace {

using encoding::JsonWriter;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

[[noreturn]] void fail_with(const std::string& why) {
  std::fprintf(stderr, "policy_answer: %s\n", why.c_str());
  std::exit(3);
}

// The member, of a case that is as the README says.
template <class T>
T get(object from, std::string_view name) {
  T value;
  if (from[name].get(value) != simdjson::SUCCESS) fail_with("no usable `" + std::string(name) + "` in a case");
  return value;
}

std::string text_of(object from, std::string_view name) {
  return std::string(get<std::string_view>(from, name));
}

EntityUid uid_of(object from) {
  return {text_of(from, "type"), text_of(from, "id")};
}

// What went wrong, for a person who compares.
class Complaints {
 public:
  void add(std::string_view what, const Problems& problems) {
    for (const Problem& problem : problems) add(what, problem.message);
  }
  void add(std::string_view what, const Error& error) { add(what, error.message()); }
  void add(std::string_view what, const std::string& message) { lines_.push_back(std::string(what) + ": " + message); }
  // Whether there is a value; if not, why.
  template <class T>
  bool has(std::string_view what, const T& outcome) {
    if (!outcome) add(what, outcome.error());
    return outcome.has_value();
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

void write_sorted(JsonWriter& json, std::string_view name, std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  json.key(name);
  json.begin_array();
  for (const std::string& id : ids) json.value(id);
  json.end_array();
}

// One of the two ways to decide: without the schema, or by it.
struct Side {
  std::shared_ptr<const EntityStore> entities;

  bool read(std::string_view text, const Schema* schema, Complaints& complaints) {
    const std::string_view what = schema ? "typed entities" : "entities";
    const auto read = parse_entities(text, schema);
    if (!complaints.has(what, read)) return false;
    auto store = EntityStore::build(*read, schema);
    if (!complaints.has(what, store)) return false;
    entities = *std::move(store);
    return true;
  }
};

class CaseAnswer {
 public:
  explicit CaseAnswer(object given) : given_(given), json_(out_) {}

  std::string write() {
    json_.begin_object();
    json_.member("case", get<std::uint64_t>(given_, "case"));
    read_policies();
    read_schema();
    if (policies_ && schema_) write_validation();
    const std::string entities = text_of(given_, "entities");
    json_.member("entities", plain_.read(entities, nullptr, complaints_));
    if (schema_) json_.member("typed_entities", typed_.read(entities, &*schema_, complaints_));
    json_.key("requests");
    json_.begin_array();
    for (const element asked : get<array>(given_, "requests")) write_request(asked.get_object().value());
    json_.end_array();
    json_.key("why");
    json_.begin_array();
    for (const std::string& line : complaints_.lines()) json_.value(line);
    json_.end_array();
    json_.end_object();
    return std::move(out_);
  }

 private:
  void read_policies() {
    std::string text;
    for (const element policy : get<array>(given_, "policies")) {
      if (!text.empty()) text += '\n';
      text += get<std::string_view>(policy.get_object().value(), "text");
    }
    auto parsed = parse_policies(text);
    json_.member("policies", complaints_.has("policies", parsed));
    json_.key("links");
    json_.begin_array();
    if (parsed) {
      policies_ = *std::move(parsed);
      for (const element link : get<array>(given_, "links")) json_.value(add_link(link.get_object().value()));
    }
    json_.end_array();
    if (!policies_) return;
    auto compiled = CompiledPolicies::compile(*policies_);
    if (!compiled) fail_with("policies that were read do not compile: " + compiled.error().message());
    compiled_ = *std::move(compiled);
  }

  bool add_link(object given) {
    Link link{text_of(given, "id"), text_of(given, "template"), {}};
    for (const auto [slot, uid] : get<object>(given, "values")) {
      link.values.emplace(slot == "?principal" ? Slot::kPrincipal : Slot::kResource, uid_of(uid.get_object().value()));
    }
    return complaints_.has("link", policies_->link(std::move(link)));
  }

  void read_schema() {
    std::string_view text;
    const bool cedar = given_["schema"].get(text) == simdjson::SUCCESS;
    if (!cedar && given_["schema_json"].get(text) != simdjson::SUCCESS) return;
    auto schema = cedar ? Schema::parse(text) : Schema::parse_json(text);
    json_.member("schema", complaints_.has("schema", schema));
    if (schema) schema_ = *std::move(schema);
  }

  void write_validation() {
    const Validation validation = validate(*policies_, *schema_);
    json_.member("valid", validation.ok());
    std::set<std::string> ids;
    for (const Problem& problem : validation.errors) {
      ids.insert(problem.policy_id);
      complaints_.add("validation of " + problem.policy_id, problem.message);
    }
    write_sorted(json_, "invalid", {ids.begin(), ids.end()});
  }

  void write_request(object asked) {
    Request request{uid_of(get<object>(asked, "principal")),
                    uid_of(get<object>(asked, "action")),
                    uid_of(get<object>(asked, "resource")),
                    {}};
    const auto text = get<std::string_view>(asked, "context");
    json_.begin_object();
    auto context = parse_context(text);
    json_.member("context", complaints_.has("context", context));
    json_.key("plain");
    if (context) request.context = *std::move(context);
    write_decision(request, context ? plain_.entities.get() : nullptr);
    if (schema_) {
      const bool fits = fit(request, text);
      json_.member("fits", fits);
      json_.key("typed");
      write_decision(request, fits ? typed_.entities.get() : nullptr);
    }
    json_.end_object();
  }

  // Reads the request's context by the schema, and says whether all of it fits.
  bool fit(Request& request, std::string_view text) {
    auto context = parse_context(text, &*schema_, &request.action);
    if (!complaints_.has("fits", context)) return false;
    request.context = *std::move(context);
    return complaints_.has("fits", validate_request(request, *schema_));
  }

  // Null without policies or entities.
  void write_decision(const Request& request, const EntityStore* entities) {
    if (!compiled_ || !entities) {
      json_.null();
      return;
    }
    Answer answer;
    authorize(*compiled_, *entities, request, answer);
    std::vector<std::string> reasons;
    for (const std::uint32_t policy : answer.reasons) reasons.emplace_back(compiled_->id(policy));
    std::vector<std::string> errors;
    for (const PolicyError& error : answer.errors) errors.emplace_back(compiled_->id(error.policy));
    json_.begin_object();
    json_.member("decision", answer.decision == Decision::kAllow ? "allow" : "deny");
    write_sorted(json_, "reasons", std::move(reasons));
    write_sorted(json_, "errors", std::move(errors));
    json_.end_object();
  }

  object given_;
  std::string out_;
  JsonWriter json_;
  Complaints complaints_;
  std::optional<PolicySet> policies_;
  std::shared_ptr<const CompiledPolicies> compiled_;
  std::optional<Schema> schema_;
  Side plain_;
  Side typed_;
};

}  // namespace
}  // namespace redoubt::policy

int main() {
  redoubt::encoding::JsonReader reader({.max_bytes = 256 * 1024 * 1024});
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto root = reader.parse(line);
    if (!root || !root->is_object()) redoubt::policy::fail_with("a case is not a JSON object");
    std::printf("%s\n", redoubt::policy::CaseAnswer(root->get_object().value()).write().c_str());
  }
  return 0;
}
