// Whether values and entities fit a schema, with the place in JSON of what does not.
#pragma once

#include <string_view>

#include "policy/entities.h"
#include "policy/internal/json_place.h"
#include "policy/internal/value_json.h"
#include "policy/schema.h"

namespace redoubt::policy::internal {

// Whether the last part of the name is `Action`.
bool is_action_type(std::string_view type);

// That the value has the type, records exactly its attributes, and that entities of enumerated types and actions in it
// exist. Recursion is as deep as the value.
void check_value(const Value& value, const Type& type, const Schema& schema, const JsonPlace& place,
                 ProblemList& problems);

// That the entity's type is declared and its id, attributes, tags and parents are what it allows.
// Precondition: it is no action.
void check_entity(const Entity& entity, const Schema& schema, const JsonPlace& place, ProblemList& problems);

}  // namespace redoubt::policy::internal
