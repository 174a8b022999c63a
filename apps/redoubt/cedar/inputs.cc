#include "redoubt/cedar/inputs.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>

#include "base/file.h"
#include "policy/policy_json.h"
#include "policy/validate.h"

namespace redoubt::app::cedar {
namespace {

using policy::Checked;
using policy::Limits;
using policy::Problem;
using policy::Problems;

Result<std::string> read_standard_input() {
  std::string text;
  char buffer[64 * 1024];
  while (true) {
    const ::ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("standard input", errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > Limits().max_bytes) return Error(Errc::kTooLarge, "standard input is too large");
  }
}

// What `parse` makes of the text.
template <class Parse>
auto parsed(Result<NamedText> input, const Parse& parse) -> Input<typename decltype(parse(std::string()))::value_type> {
  if (!input) return unreadable(input.error());
  auto out = parse(input->text);
  if (!out) return wrong(*std::move(input), std::move(out.error()));
  return *std::move(out);
}

Syntax syntax_of(const std::string& name) {
  return name == "json" ? Syntax::kJson : Syntax::kCedar;
}

void add_syntax(CLI::App& verb, const std::string& flag, Syntax& syntax) {
  verb.add_option_function<std::string>(
          flag, [&syntax](const std::string& name) { syntax = syntax_of(name); },
          "`cedar` or `json` (default: by the file's name)")
      ->check(CLI::IsMember({"cedar", "json"}));
}

Result<> add_all(policy::PolicySet& policies, std::vector<policy::Link> links) {
  for (policy::Link& link : links) {
    const std::string id = link.id;
    if (auto added = policies.link(std::move(link)); !added) return added.error().in("link `" + id + "`");
  }
  return {};
}

Input<policy::EntityUid> parse_uid(const std::string& flag, const std::string& text) {
  auto uid = policy::parse_entity_uid(text);
  if (uid) return *std::move(uid);
  return unreadable(
      Error(Errc::kInvalidArgument, flag + ": `" + text + "` is no entity, which is written User::\"alice\""), kUsage);
}

Input<policy::Request> request_from_flags(const RequestOptions& options, const policy::Schema* schema) {
  auto principal = parse_uid("--principal", options.principal);
  if (!principal) return tl::unexpected(principal.error());
  auto action = parse_uid("--action", options.action);
  if (!action) return tl::unexpected(action.error());
  auto resource = parse_uid("--resource", options.resource);
  if (!resource) return tl::unexpected(resource.error());
  policy::Request request{*std::move(principal), *std::move(action), *std::move(resource), {}};
  // Also an absent context is one, whose attributes may be missing.
  auto context =
      options.context_file.empty() ? Result<NamedText>(NamedText{"context", "{}"}) : read_input(options.context_file);
  auto record = parsed(std::move(context),
                       [&](std::string_view text) { return policy::parse_context(text, schema, &request.action); });
  if (!record) return tl::unexpected(record.error());
  request.context = *std::move(record);
  return request;
}

}  // namespace

Result<NamedText> read_input(const std::string& path) {
  if (path.empty() || path == "-") {
    auto text = read_standard_input();
    if (!text) return text.error();
    return NamedText{"-", *std::move(text)};
  }
  PosixFileSystem fs;
  auto bytes = read_file(fs, path, Limits().max_bytes);
  if (!bytes) return bytes.error();
  return NamedText{path, std::string(as_chars(*bytes))};
}

tl::unexpected<InputError> unreadable(const Error& error, ExitStatus status) {
  return tl::unexpected(InputError{{}, {Problem{.message = error.message()}}, status});
}

tl::unexpected<InputError> wrong(NamedText input, Problems problems) {
  return tl::unexpected(InputError{std::move(input), std::move(problems), std::nullopt});
}

void write_problems(encoding::JsonWriter& json, const Problems& problems, const NamedText& input) {
  json.begin_array();
  for (const Problem& problem : problems) {
    json.begin_object();
    if (!input.name.empty()) json.member("file", input.name);
    if (problem.where != policy::Span{}) {
      const policy::Position at = policy::position_of(input.text, problem.where.begin);
      json.member("line", at.line);
      json.member("column", at.column);
    }
    if (!problem.path.empty()) json.member("pointer", problem.path);
    if (!problem.policy_id.empty()) json.member("policy", problem.policy_id);
    json.member("message", problem.message);
    if (!problem.expected.empty()) {
      json.key("expected");
      json.begin_array();
      for (const std::string& expected : problem.expected) json.value(expected);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
}

int report(const InputError& error, bool json, int status) {
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", false);
    writer.key("errors");
    write_problems(writer, error.problems, error.input);
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    for (const Problem& problem : error.problems) {
      const std::string text = error.status ? "redoubt: " + problem.message + "\n"
                                            : policy::render(problem, error.input.name, error.input.text);
      std::fputs(text.c_str(), stderr);
    }
  }
  return error.status ? *error.status : status;
}

bool is_json(Syntax syntax, std::string_view path) {
  return syntax == Syntax::kJson || (syntax == Syntax::kByName && path.ends_with(".json"));
}

void add_json(CLI::App& verb, Common& common) {
  verb.add_flag("--json", common.json, "answer in JSON");
}

void add_policies(CLI::App& verb, PolicyOptions& options) {
  verb.add_option("-p,--policies", options.file, "file of policies and templates (default: standard input)");
  add_syntax(verb, "--policy-format", options.syntax);
}

void add_links(CLI::App& verb, PolicyOptions& options) {
  verb.add_option("-k,--template-linked", options.links_file, "file of links, as `link` writes it");
}

void add_schema(CLI::App& verb, SchemaOptions& options) {
  verb.add_option("-s,--schema", options.file, "file of the schema");
  add_syntax(verb, "--schema-format", options.syntax);
}

void add_entities(CLI::App& verb, std::string& file) {
  verb.add_option("--entities", file, "JSON file of the entities");
}

void add_request(CLI::App& verb, RequestOptions& options) {
  auto* const principal = verb.add_option("-l,--principal", options.principal, "who asks, such as User::\"alice\"");
  auto* const action = verb.add_option("-a,--action", options.action, "for what, such as Action::\"view\"");
  auto* const resource = verb.add_option("-r,--resource", options.resource, "on what, such as Photo::\"flower.jpg\"");
  principal->needs(action, resource);
  action->needs(principal);
  resource->needs(principal);
  verb.add_option("-c,--context", options.context_file, "JSON file of the context (default: an empty one)")
      ->needs(principal);
  verb.add_option("--request-json", options.file, "JSON file of the whole request instead")->excludes(principal);
  verb.add_option("--request-validation", options.validate, "whether the request must fit the schema")
      ->capture_default_str();
}

Result<policy::PolicySet> named_by_annotation(const policy::PolicySet& policies) {
  policy::PolicySet out;
  for (policy::Policy named : policies.policies()) {
    if (const auto* id = named.annotation("id")) named.id = id->value;
    if (auto added = out.add(std::move(named)); !added) return added.error();
  }
  for (const policy::Link& link : policies.links()) {
    policy::Link renamed = link;
    // Precondition of a set: the template is there.
    if (const auto* id = policies.find(link.template_id)->annotation("id")) renamed.template_id = id->value;
    if (auto added = out.link(std::move(renamed)); !added) return added.error();
  }
  return out;
}

Input<ReadPolicies> read_policies(const PolicyOptions& options) {
  auto input = read_input(options.file);
  if (!input) return unreadable(input.error());
  auto set = is_json(options.syntax, options.file) ? policy::parse_policy_set_json(input->text)
                                                   : policy::parse_policies(input->text);
  if (!set) return wrong(*std::move(input), std::move(set.error()));
  auto named = named_by_annotation(*set);
  if (!named) return wrong(*std::move(input), {Problem{.message = named.error().message()}});
  if (!options.links_file.empty()) {
    auto links = parsed(read_input(options.links_file), parse_links);
    if (!links) return tl::unexpected(links.error());
    if (auto added = add_all(*named, *std::move(links)); !added) {
      return wrong({options.links_file, {}}, {Problem{.message = added.error().message()}});
    }
  }
  return ReadPolicies{*std::move(named), *std::move(input)};
}

Input<policy::Schema> read_schema(const SchemaOptions& options) {
  return parsed(read_input(options.file), [&](std::string_view text) {
    return is_json(options.syntax, options.file) ? policy::Schema::parse_json(text) : policy::Schema::parse(text);
  });
}

Input<std::optional<policy::Schema>> read_schema_if_any(const SchemaOptions& options) {
  if (options.file.empty()) return std::optional<policy::Schema>();
  auto schema = read_schema(options);
  if (!schema) return tl::unexpected(schema.error());
  return *std::move(schema);
}

Input<std::shared_ptr<const policy::EntityStore>> read_entities(const std::string& file, const policy::Schema* schema) {
  policy::Entities entities;
  if (!file.empty()) {
    auto read = parsed(read_input(file), [&](std::string_view text) { return policy::parse_entities(text, schema); });
    if (!read) return tl::unexpected(read.error());
    entities = *std::move(read);
  }
  auto store = policy::EntityStore::build(std::move(entities), schema);
  if (!store) return wrong({file, {}}, {Problem{.message = store.error().message()}});
  return *std::move(store);
}

Input<policy::Request> read_request(const RequestOptions& options, const policy::Schema* schema) {
  auto request = options.file.empty() ? request_from_flags(options, schema)
                                      : parsed(read_input(options.file), [&](std::string_view text) {
                                          return policy::parse_request(text, schema);
                                        });
  if (!request || schema == nullptr || !options.validate) return request;
  if (auto fits = policy::validate_request(*request, *schema); !fits) {
    return wrong({options.file.empty() ? "request" : options.file, {}}, {Problem{.message = fits.error().message()}});
  }
  return request;
}

}  // namespace redoubt::app::cedar
