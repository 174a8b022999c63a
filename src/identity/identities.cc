#include "identity/identities.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "crypto/secret.h"
#include "identity/api_key.h"
#include "identity/internal/snapshot_data.h"

namespace redoubt::identity {
namespace {

policy::EntityUid group_uid(std::string_view id) {
  return {"Group", std::string(id)};
}

policy::Entity entity(policy::EntityUid uid, const std::vector<std::string>& groups, const std::string& tenant) {
  policy::Entity made{.uid = std::move(uid), .parents = {}, .attributes = {}, .tags = {}};
  for (const std::string& group : groups) made.parents.push_back(group_uid(group));
  if (!tenant.empty()) made.parents.push_back({"Tenant", tenant});
  return made;
}

}  // namespace

Identities::Identities() : data_(std::make_shared<const Data>()) {}

const Key* Identities::find(std::string_view authorization, UnixMillis now) const {
  const auto presented = parse_authorization(authorization);
  if (!presented) return nullptr;
  const Key* key = data_->keys.find(presented->id);
  if (key == nullptr) return nullptr;
  if (!crypto::equal_constant_time(crypto::sha256(as_bytes(presented->text)), key->digest)) return nullptr;
  return usable(*key, now) ? key : nullptr;
}

bool Identities::usable(const Key& key, UnixMillis now) const {
  if (key.expired(now)) return false;
  const Principal& principal = principal_of(key);
  if (!principal.enabled) return false;
  if (principal.owner.empty()) return true;
  const Principal* owner = data_->principals.find(principal.owner);
  return owner != nullptr && owner->enabled;
}

const Principal& Identities::principal_of(const Key& key) const {
  const Principal* principal = data_->principals.find(key.principal);
  REDOUBT_CHECK(principal != nullptr);  // deleting a principal revokes its keys
  return *principal;
}

const Key* Identities::key(std::string_view id) const {
  return data_->keys.find(id);
}

const Principal* Identities::principal(std::string_view id) const {
  return data_->principals.find(id);
}

const Group* Identities::group(std::string_view id) const {
  const internal::GroupNode* node = data_->groups.find(id);
  return node == nullptr ? nullptr : &node->group;
}

std::vector<std::string> Identities::groups_of(const Principal& principal, UnixMillis now) const {
  std::vector<std::string> groups;
  for_each_direct_group(principal, now, [&](const std::string& id) {
    groups.push_back(id);
    if (const internal::GroupNode* node = data_->groups.find(id)) {
      groups.insert(groups.end(), node->above.begin(), node->above.end());
    }
  });
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

policy::Entities Identities::entities_of(const Principal& principal, UnixMillis now) const {
  std::vector<std::string> direct;
  for_each_direct_group(principal, now, [&](const std::string& id) { direct.push_back(id); });
  policy::Entities entities;
  entities.push_back(entity({std::string(entity_type(principal.type)), principal.id}, direct, principal.tenant));
  if (!principal.owner.empty()) {
    auto attributes = policy::Record::create({{"owner", policy::Value(principal.owner)}});
    REDOUBT_CHECK(attributes.has_value());
    entities.back().attributes = *std::move(attributes);
  }
  // Of a tenant's group all members are of the tenant, so there is no other one above.
  if (!principal.tenant.empty()) entities.push_back(entity({"Tenant", principal.tenant}, {}, {}));
  for (const std::string& id : groups_of(principal, now)) {
    if (const Group* found = group(id)) entities.push_back(entity(group_uid(id), found->parents, found->tenant));
  }
  return entities;
}

std::size_t Identities::principals() const {
  return data_->principals.size();
}

std::size_t Identities::groups() const {
  return data_->groups.size();
}

std::size_t Identities::keys() const {
  return data_->keys.size();
}

}  // namespace redoubt::identity
