#include "identity/internal/acts.h"

#include <algorithm>

#include "identity/approvals.h"
#include "identity/internal/bodies.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

bool holds_administrators(const std::vector<std::string>& groups) {
  return std::binary_search(groups.begin(), groups.end(), kAdministrators);
}

}  // namespace

bool changes_administrators(state::Tables& tables, const Act& act) {
  if (act.kind == "identity.principal.create") {
    const auto body = read_principal(act.body);
    return body && holds_administrators(body->groups);
  }
  if (act.kind == "identity.key.issue") {
    const auto body = read_key(act.body);
    return body && is_administrator(tables, body->principal);
  }
  if (act.kind == "identity.key.rotate") {
    const auto id = object_id(act.object, kKeyPrefixOfObjects);
    const state::Row* key = tables.find("identity_keys", {id.value_or("")});
    if (key == nullptr) return false;
    const std::string holder(key->text(KeyColumn::kPrincipal));
    return holder != act.principal && is_administrator(tables, holder);
  }
  const auto principal = object_id(act.object, kPrincipalPrefix);
  if (!principal) return false;
  if (act.kind == "identity.principal.update") {
    const auto body = read_principal_change(act.body);
    return body && holds_administrators(body->groups) != is_administrator(tables, *principal);
  }
  if (act.kind == "identity.principal.delete" || act.kind == "identity.principal.enable" ||
      act.kind == "identity.principal.reset") {
    return is_administrator(tables, *principal);
  }
  return false;
}

bool needs_two_persons(state::Tables& tables, const Act& act) {
  if (act.kind == "identity.genesis") return false;  // the fold takes it once
  if (std::find(std::begin(kAlwaysMarked), std::end(kAlwaysMarked), act.kind) != std::end(kAlwaysMarked)) return true;
  if (tables.find("identity_marked_acts", {act.kind}) != nullptr) return true;
  return changes_administrators(tables, act);
}

}  // namespace redoubt::identity::internal
