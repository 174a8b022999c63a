// What the commands are given: policies with their links, schemas, entities and requests, from files; and how they say
// what is wrong with them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "policy/authorizer.h"
#include "policy/entities.h"
#include "policy/policy_set.h"
#include "policy/schema.h"
#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app::cedar {

// A text, and the name that it goes by in messages.
struct NamedText {
  std::string name;
  std::string text;
};
// A file's, or standard input's when `path` is empty or `-`.
Result<NamedText> read_input(const std::string& path);

// What is wrong with one input.
struct InputError {
  NamedText input;
  policy::Problems problems;
  std::optional<ExitStatus> status;  // that the command ends with, whichever it is; of what could not be read at all
};
template <class T>
using Input = tl::expected<T, InputError>;
tl::unexpected<InputError> unreadable(const Error& error, ExitStatus status = kFailure);
tl::unexpected<InputError> wrong(NamedText input, policy::Problems problems);

// Prints the problems, on standard error, or as JSON: {"ok": false, "errors": […]}. Returns the error's status if it
// has one, or else `status`.
int report(const InputError& error, bool json, int status = kFailure);
// Each problem as an object: file, line, column, pointer, policy, message, expected, as far as they are known.
void write_problems(encoding::JsonWriter& json, const policy::Problems& problems, const NamedText& input);

// Cedar's syntax or JSON: as said, or else by the file's name.
enum class Syntax : std::uint8_t { kByName, kCedar, kJson };
bool is_json(Syntax syntax, std::string_view path);

struct PolicyOptions {
  std::string file;
  Syntax syntax = Syntax::kByName;
  std::string links_file;
};
struct SchemaOptions {
  std::string file;
  Syntax syntax = Syntax::kByName;
};
struct RequestOptions {
  std::string principal;
  std::string action;
  std::string resource;
  std::string context_file;
  std::string file;  // holds all of it
  bool validate = true;
};

// Declare them on a command. What is not given stays empty.
void add_json(CLI::App& verb, Common& common);
void add_policies(CLI::App& verb, PolicyOptions& options);
void add_links(CLI::App& verb, PolicyOptions& options);
void add_schema(CLI::App& verb, SchemaOptions& options);
void add_entities(CLI::App& verb, std::string& file);
void add_request(CLI::App& verb, RequestOptions& options);

// Policies and templates, under the names that annotations `@id` give them where there are any, with the links.
struct ReadPolicies {
  policy::PolicySet set;
  NamedText input;
};
Input<ReadPolicies> read_policies(const PolicyOptions& options);
Input<policy::Schema> read_schema(const SchemaOptions& options);
// Nothing without a file.
Input<std::optional<policy::Schema>> read_schema_if_any(const SchemaOptions& options);
// Without a file, there are none. With a schema they are read by it.
Input<std::shared_ptr<const policy::EntityStore>> read_entities(const std::string& file, const policy::Schema* schema);
// With a schema the request must fit it, unless the options say otherwise.
Input<policy::Request> read_request(const RequestOptions& options, const policy::Schema* schema);

// Parts of these, for others.

// Each policy under the name that its annotation `@id` gives it. kAlreadyExists.
Result<policy::PolicySet> named_by_annotation(const policy::PolicySet& policies);
// Links as the Cedar command line keeps them: [{"template_id", "link_id", "args": {"?principal": "User::\"a\""}}].
policy::Checked<std::vector<policy::Link>> parse_links(std::string_view json);
std::string links_to_json(const std::vector<policy::Link>& links);
// Such an object's `args`.
policy::Checked<std::map<policy::Slot, policy::EntityUid>> parse_slot_values(std::string_view json);

}  // namespace redoubt::app::cedar
