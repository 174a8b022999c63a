#include "policy/internal/scope_types.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace redoubt::policy::internal {
namespace {

const EntityUid* value_of(const Link* link, Slot slot) {
  if (link == nullptr) return nullptr;
  const auto found = link->values.find(slot);
  return found == link->values.end() ? nullptr : &found->second;
}

}  // namespace

// Principal or resource

EntityScope::EntityScope(const SchemaIndex& index, const Scope& scope, const EntityUid* in_slot)
    : index_(&index), kind_(scope.kind) {
  const EntityUid* entity = scope.slot || scope.entities.empty() ? in_slot : &scope.entities.front();
  any_entity_ = entity == nullptr;
  if (entity != nullptr) entity_ = index.entity_type(entity->type);
  if (kind_ == Scope::Kind::kIs || kind_ == Scope::Kind::kIsIn) type_ = index.entity_type(scope.type);
}

bool EntityScope::admits(std::uint32_t entity_type) const {
  const auto may_be_in = [&] {
    return any_entity_ || (entity_ != kNotDeclared && index_->may_be_in(entity_type, entity_));
  };
  switch (kind_) {
    case Scope::Kind::kAny:
      return true;
    case Scope::Kind::kEqual:
      return any_entity_ || entity_type == entity_;
    case Scope::Kind::kIn:
      return may_be_in();
    case Scope::Kind::kIs:
      return entity_type == type_;
    case Scope::Kind::kIsIn:
      break;
  }
  return entity_type == type_ && may_be_in();
}

std::vector<std::uint32_t> EntityScope::admitted(const std::vector<std::uint32_t>& entity_types, std::size_t limit,
                                                 Steps& steps) const {
  std::vector<std::uint32_t> admitted;
  const auto consider = [&](std::uint32_t type) {
    if (admits(type)) admitted.push_back(type);
    return steps.spend() && admitted.size() < limit;
  };
  // Where the scope names a type, no other needs to be looked at.
  const std::uint32_t only = kind_ == Scope::Kind::kEqual && !any_entity_ ? entity_ : type_;
  if (only == kNotDeclared) {
    static_cast<void>(std::ranges::all_of(entity_types, consider));
  } else if (std::ranges::binary_search(entity_types, only)) {
    consider(only);
  }
  return admitted;
}

EntityScope EntityScope::relaxed() const {
  EntityScope out = *this;
  if (kind_ == Scope::Kind::kEqual) out.kind_ = Scope::Kind::kIn;
  return out;
}

// Action

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

// All of them

ScopeTypes::ScopeTypes(const SchemaIndex& index, const Policy& policy, Steps& steps, const Link* link)
    : index_(index),
      steps_(steps),
      principal_(index, policy.principal, value_of(link, Slot::kPrincipal)),
      action_(index, policy.action),
      resource_(index, policy.resource, value_of(link, Slot::kResource)) {}

std::vector<ScopeTypes::Requests> ScopeTypes::requests(bool all_principals, bool all_resources) const {
  std::vector<Requests> found;
  for (std::uint32_t action = 0; action < index_.actions().size(); ++action) {
    if (!steps_.spend()) break;
    if (!action_.admits(action)) continue;
    const SchemaIndex::ActionInfo& info = index_.actions()[action];
    Requests requests{action, principal_.admitted(info.principals, all_principals ? SIZE_MAX : 1, steps_),
                      resource_.admitted(info.resources, all_resources ? SIZE_MAX : 1, steps_)};
    if (!requests.principals.empty() && !requests.resources.empty()) found.push_back(std::move(requests));
  }
  return found;
}

std::string ScopeTypes::why_none() const {
  struct Fit {
    bool fits = false;
    bool would_fit_in = false;
  };
  const auto note = [&](Fit& fit, const EntityScope& scope, const std::vector<std::uint32_t>& types) {
    fit.fits = fit.fits || !scope.admitted(types, 1, steps_).empty();
    fit.would_fit_in = fit.would_fit_in || !scope.relaxed().admitted(types, 1, steps_).empty();
  };
  bool any = false;
  Fit principal;
  Fit resource;
  for (std::uint32_t action = 0; action < index_.actions().size() && steps_.spend(); ++action) {
    const SchemaIndex::ActionInfo& info = index_.actions()[action];
    if (!action_.admits(action) || info.principals.empty() || info.resources.empty()) continue;
    any = true;
    note(principal, principal_, info.principals);
    note(resource, resource_, info.resources);
  }
  if (!any) return "no action in the scope applies to anything by the schema";
  if (principal.fits && resource.fits) {
    return "no action in the scope applies to both the principal and the resource in the scope";
  }
  std::string why = "no action in the scope applies to the ";
  why += principal.fits ? "resource" : resource.fits ? "principal" : "principal or the resource";
  why += " in the scope";
  if (!principal.fits && principal.would_fit_in) why += "; with `in` for `==` the principal would fit";
  if (!resource.fits && resource.would_fit_in) why += "; with `in` for `==` the resource would fit";
  return why;
}

}  // namespace redoubt::policy::internal
