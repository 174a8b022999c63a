// Which requests a policy's scope can hold for, by their types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "policy/internal/schema_index.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

// Of the scope of principal or resource. What its slot stands for may be any entity, unless it is given.
class EntityScope {
 public:
  EntityScope(const SchemaIndex& index, const Scope& scope, const EntityUid* in_slot = nullptr);
  bool admits(std::uint32_t entity_type) const;

 private:
  const SchemaIndex& index_;
  Scope::Kind kind_;
  bool any_entity_ = false;              // in the place of the entity
  std::uint32_t entity_ = kNotDeclared;  // its type
  std::uint32_t type_ = kNotDeclared;    // behind `is`
};

class ActionScope {
 public:
  ActionScope(const SchemaIndex& index, const Scope& scope);
  bool admits(std::uint32_t action) const;

 private:
  const SchemaIndex& index_;
  Scope::Kind kind_;
  std::vector<std::uint32_t> actions_;
};

}  // namespace redoubt::policy::internal
