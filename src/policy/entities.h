// Entities and requests: who and what there is, and what is asked (Cedar reference, "Entities", "JSON format").
//
//   auto schema = Schema::parse(schema_text);
//   auto entities = parse_entities(entities_json, &*schema);
//   auto request = parse_request(request_json, &*schema);
//
// Problems name the place in the JSON as an RFC 6901 pointer (`/3/attrs/owner`), except those of the JSON as such
// (syntax, UTF-8, duplicate keys, depth); at most 100 are given.
//
// Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/limits.h"
#include "policy/source.h"
#include "policy/value.h"

namespace redoubt::policy {

class Schema;

struct Entity {
  EntityUid uid;
  std::vector<EntityUid> parents;
  Record attributes;
  Record tags;
  friend bool operator==(const Entity&, const Entity&) = default;
};

// As they were given: not yet a hierarchy. EntityStore (authorizer.h) makes it one, and refuses cycles and duplicates.
using Entities = std::vector<Entity>;

struct Request {
  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  Record context;
  friend bool operator==(const Request&, const Request&) = default;
};

// An array of {"uid", "attrs", "parents", "tags"}; UIDs and extension values also by their escapes (`__entity`,
// `__extn`). With a schema values are read by the types that it declares (so that plain objects and strings may stand
// for entities and extension values), actions are taken from the schema, and what does not conform to it is a problem;
// without one, only what is explicit. Integers are 64-bit; a number that is none is a problem, as are null and
// duplicate keys.
Checked<Entities> parse_entities(std::string_view json, const Schema* schema = nullptr, const Limits& limits = {});
std::string to_json(const Entities& entities);

// One UID: {"type", "id"}, or {"__entity": {…}}.
Checked<EntityUid> parse_uid_json(std::string_view json);

// A context. With a schema and an action it is read by the type that the action has there, which must be declared.
Checked<Record> parse_context(std::string_view json, const Schema* schema = nullptr, const EntityUid* action = nullptr,
                              const Limits& limits = {});

// A request: {"principal", "action", "resource", "context"}; the first three as parse_uid_json() takes them, or as text
// in Cedar's syntax (`"User::\"alice\""`). With a schema the context is read by the type that the action has there;
// whether the request fits is validate_request()'s business.
Checked<Request> parse_request(std::string_view json, const Schema* schema = nullptr, const Limits& limits = {});

// With explicit escapes, which the readers above take with a schema and without. A record that looks like an escape
// (`{"__entity": {"type": …, "id": …}}`) is written as it is; only where a schema expects a record is it one again.
std::string to_json(const Request& request);
std::string to_json(const Value& value);

}  // namespace redoubt::policy
