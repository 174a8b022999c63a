// Which requests a policy's scope can hold for, by their types.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/internal/schema_index.h"
#include "policy/internal/steps.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

// The scope of principal or resource. What its slot stands for may be any entity, unless it is given.
class EntityScope {
 public:
  EntityScope(const SchemaIndex& index, const Scope& scope, const EntityUid* in_slot = nullptr);
  // Of `entity_types`, ascending, those that it can hold for; not more than `limit`.
  std::vector<std::uint32_t> admitted(const std::vector<std::uint32_t>& entity_types, std::size_t limit,
                                      Steps& steps) const;
  // The same scope with `in` for `==`.
  EntityScope relaxed() const;

 private:
  bool admits(std::uint32_t entity_type) const;

  const SchemaIndex* index_;
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

class ScopeTypes {
 public:
  // `link` fills the slots of a template. The index and the steps must outlive this.
  ScopeTypes(const SchemaIndex& index, const Policy& policy, Steps& steps, const Link* link = nullptr);

  // Requests of one action: each of the principals with each of the resources, none of them empty.
  struct Requests {
    std::uint32_t action = kNotDeclared;
    std::vector<std::uint32_t> principals;
    std::vector<std::uint32_t> resources;
  };
  // Those that the scope can hold for; of the types of principals and resources only one for each action unless all are
  // asked for.
  std::vector<Requests> requests(bool all_principals, bool all_resources) const;
  // Why there are none, in words.
  std::string why_none() const;

 private:
  const SchemaIndex& index_;
  Steps& steps_;
  EntityScope principal_;
  ActionScope action_;
  EntityScope resource_;
};

}  // namespace redoubt::policy::internal
