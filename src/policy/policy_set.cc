#include "policy/policy_set.h"

#include <algorithm>

#include "policy/internal/shown.h"

namespace redoubt::policy {
namespace {

// Beside an index into policies_, an index into links_ is stored with all bits the other way round.
bool is_link(std::size_t entry) {
  return entry > SIZE_MAX / 2;
}

void fill(Scope& scope, Slot slot, const Link& link) {
  if (!scope.slot) return;
  scope.entities = {link.values.at(slot)};
  scope.slot = false;
}

}  // namespace

bool operator==(const Scope& a, const Scope& b) {
  return a.kind == b.kind && a.entities == b.entities && a.slot == b.slot && a.type == b.type;
}

bool operator==(const Policy& a, const Policy& b) {
  return a.id == b.id && a.effect == b.effect && a.annotations == b.annotations && a.principal == b.principal &&
         a.action == b.action && a.resource == b.resource && a.conditions == b.conditions;
}

const Annotation* Policy::annotation(std::string_view name) const {
  const auto found =
      std::find_if(annotations.begin(), annotations.end(), [&](const auto& a) { return a.name == name; });
  return found == annotations.end() ? nullptr : &*found;
}

Result<> PolicySet::add(Policy policy) {
  if (!by_id_.try_emplace(policy.id, policies_.size()).second) {
    return Error(Errc::kAlreadyExists,
                 "there is a policy, template or link " + internal::shown(policy.id) + " already");
  }
  policies_.push_back(std::move(policy));
  return {};
}

Result<> PolicySet::link(Link link) {
  const Policy* of = find(link.template_id);
  if (of == nullptr || !of->is_template()) {
    return Error(Errc::kNotFound, "there is no template " + internal::shown(link.template_id));
  }
  for (const auto& [slot, scope, name] : {std::tuple(Slot::kPrincipal, &of->principal, "?principal"),
                                          std::tuple(Slot::kResource, &of->resource, "?resource")}) {
    if (scope->slot == link.values.contains(slot)) continue;
    return Error(Errc::kInvalidArgument,
                 "link " + internal::shown(link.id) +
                     (scope->slot ? " gives no value for slot `" : " gives a value for slot `") + name +
                     (scope->slot ? "`" : "`, which its template does not have"));
  }
  if (!by_id_.try_emplace(link.id, ~links_.size()).second) {
    return Error(Errc::kAlreadyExists, "there is a policy, template or link " + internal::shown(link.id) + " already");
  }
  links_.push_back(std::move(link));
  return {};
}

const Policy* PolicySet::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() || is_link(found->second) ? nullptr : &policies_[found->second];
}

Policy PolicySet::instance(const Link& link) const {
  Policy out = *find(link.template_id);
  out.id = link.id;
  fill(out.principal, Slot::kPrincipal, link);
  fill(out.resource, Slot::kResource, link);
  return out;
}

}  // namespace redoubt::policy
