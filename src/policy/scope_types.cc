#include "policy/internal/scope_types.h"

#include <algorithm>

namespace redoubt::policy::internal {

EntityScope::EntityScope(const SchemaIndex& index, const Scope& scope, const EntityUid* in_slot)
    : index_(index), kind_(scope.kind) {
  if (!scope.slot && !scope.entities.empty()) in_slot = &scope.entities.front();
  any_entity_ = in_slot == nullptr;
  if (in_slot != nullptr) entity_ = index.entity_type(in_slot->type);
  if (kind_ == Scope::Kind::kIs || kind_ == Scope::Kind::kIsIn) type_ = index.entity_type(scope.type);
}

bool EntityScope::admits(std::uint32_t entity_type) const {
  const auto may_be_in_entity = [&] {
    return any_entity_ || (entity_ != kNotDeclared && index_.may_be_in(entity_type, entity_));
  };
  switch (kind_) {
    case Scope::Kind::kAny:
      return true;
    case Scope::Kind::kEqual:
      return any_entity_ || entity_type == entity_;
    case Scope::Kind::kIn:
      return may_be_in_entity();
    case Scope::Kind::kIs:
      return entity_type == type_;
    case Scope::Kind::kIsIn:
      break;
  }
  return entity_type == type_ && may_be_in_entity();
}

// With an action among them that there is none of, nothing is known of the others: that one is a mistake.
ActionScope::ActionScope(const SchemaIndex& index, const Scope& scope) : index_(index), kind_(scope.kind) {
  for (const EntityUid& uid : scope.entities) actions_.push_back(index.action(uid.type, uid.id));
  if (std::ranges::find(actions_, kNotDeclared) != actions_.end()) actions_.clear();
}

bool ActionScope::admits(std::uint32_t action) const {
  if (kind_ == Scope::Kind::kAny) return true;
  return std::ranges::any_of(actions_, [&](std::uint32_t named) {
    return kind_ == Scope::Kind::kEqual ? action == named : index_.is_in(action, named);
  });
}

}  // namespace redoubt::policy::internal
