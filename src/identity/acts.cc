#include "identity/internal/acts.h"

#include <algorithm>

#include "encoding/json_reader.h"
#include "identity/approvals.h"
#include "identity/internal/bodies.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

bool holds_administrators(const std::vector<std::string>& groups) {
  return std::binary_search(groups.begin(), groups.end(), kAdministrators);
}

// Whether a body that may be anything has the group in its list: most have not, and need not be read.
bool names_administrators(simdjson::dom::object body) {
  simdjson::dom::array groups;
  if (body["groups"].get(groups) != simdjson::SUCCESS) return false;
  return std::any_of(groups.begin(), groups.end(), [](const simdjson::dom::element& each) {
    std::string_view group;
    return each.get(group) == simdjson::SUCCESS && group == kAdministrators;
  });
}

}  // namespace

bool changes_administrators(state::Tables& tables, const Act& act) {
  if (act.kind == "identity.principal.create") {
    if (!names_administrators(act.body)) return false;
    const auto body = read_principal(act.body);
    return body && holds_administrators(body->groups);
  }
  if (act.kind == "identity.key.issue") {
    // What is no body of a key changes nobody. Few keys are administrators', so that this is looked at last.
    return is_administrator(tables, encoding::string_member(act.body, "principal")) && read_key(act.body).has_value();
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
