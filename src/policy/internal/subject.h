// The principal, action and resource of a request, each looked up once in the store.
#pragma once

#include <array>

#include "policy/internal/store.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

struct Subject {
  HashedUid uid;
  const Store::Node* node = nullptr;  // null when the store does not know it
};

// In the order of Variable.
using Subjects = std::array<Subject, 3>;

inline Subject look_up(const Store& store, const EntityUid& uid) {
  const HashedUid key = hashed(uid);
  return {key, store.find(key)};
}
inline Subjects look_up(const Store& store, const Request& request) {
  return {look_up(store, request.principal), look_up(store, request.action), look_up(store, request.resource)};
}

// Whether the subject is what the scope, which has no slot, demands. What ScopeIndex finds for all policies at once.
bool fits(const Scope& scope, const Subject& subject, const Store& store);

}  // namespace redoubt::policy::internal
