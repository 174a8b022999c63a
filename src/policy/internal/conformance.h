// Whether values and entities fit a schema, with the place in JSON of what does not.
#pragma once

#include <map>
#include <set>
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

// That actions given as entities are those of the schema, without attributes and tags, and with the same ancestors.
// A schema says all about its actions, so they need not be given.
class ActionCheck {
 public:
  // Both must outlive this.
  ActionCheck(const Schema& schema, ProblemList& problems) : schema_(schema), problems_(problems) {}

  void add(const Entity& action, const JsonPlace& place);
  // All were added, and none had a problem: their ancestors are followed upwards, through one another.
  void finish(const JsonPlace& root);

 private:
  std::set<EntityUid> ancestors_given(const EntityUid& action) const;

  const Schema& schema_;
  ProblemList& problems_;
  std::map<EntityUid, std::set<EntityUid>> parents_;  // of those added
};

}  // namespace redoubt::policy::internal
