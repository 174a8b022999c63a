// Entities and requests: who and what there is, and what is asked (Cedar reference, "Entities", "JSON format").
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
};

// As they were given: not yet a hierarchy. EntityStore (authorizer.h) makes it one, and refuses cycles and duplicates.
using Entities = std::vector<Entity>;

struct Request {
  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  Record context;
};

// An array of {"uid", "attrs", "parents", "tags"}; UIDs and extension values also by their escapes (`__entity`,
// `__extn`). With a schema values are read by the types that it declares (so that plain objects and strings may stand
// for entities and extension values), actions are taken from the schema, and what does not conform to it is a problem;
// without one, only what is explicit. Integers are 64-bit; a number that is none is a problem, as are null and
// duplicate keys.
Checked<Entities> parse_entities(std::string_view json, const Schema* schema = nullptr, const Limits& limits = {});
std::string to_json(const Entities& entities);  // with explicit escapes

// One UID: {"type", "id"}, or {"__entity": {…}}.
Checked<EntityUid> parse_uid_json(std::string_view json);

// A context. With a schema it is read by the type that `action` has there.
Checked<Record> parse_context(std::string_view json, const Schema* schema = nullptr, const EntityUid* action = nullptr,
                              const Limits& limits = {});
std::string to_json(const Value& value);  // with explicit escapes

}  // namespace redoubt::policy
