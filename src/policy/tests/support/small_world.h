// A few entities, for tests that spell out policies about them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "policy/authorizer.h"

namespace redoubt::policy::testing {

inline PolicySet policies_of(std::string_view text) {
  auto policies = parse_policies(text);
  if (policies) return *std::move(policies);
  ADD_FAILURE() << render(policies.error().front(), "-", text);
  return {};
}

inline std::shared_ptr<const EntityStore> store_of(std::string_view json) {
  auto entities = parse_entities(json);
  if (!entities) {
    ADD_FAILURE() << entities.error().front().message;
    return *EntityStore::build({});
  }
  auto store = EntityStore::build(*std::move(entities));
  if (!store) {
    ADD_FAILURE() << store.error().message();
    return *EntityStore::build({});
  }
  return *std::move(store);
}

// ann is in staff, which is in all; the file is in the folder.
inline std::shared_ptr<const EntityStore> small_world() {
  return store_of(R"([
    {"uid": {"type": "User", "id": "ann"}, "attrs": {"level": 3, "name": "Ann"}, "parents": [{"type": "Team", "id": "staff"}],
     "tags": {"floor": "2"}},
    {"uid": {"type": "Team", "id": "staff"}, "attrs": {}, "parents": [{"type": "Team", "id": "all"}]},
    {"uid": {"type": "Team", "id": "all"}, "attrs": {}, "parents": []},
    {"uid": {"type": "File", "id": "plan"}, "attrs": {"level": 2, "owner": {"__entity": {"type": "User", "id": "ann"}}},
     "parents": [{"type": "Folder", "id": "shared"}]},
    {"uid": {"type": "Folder", "id": "shared"}, "attrs": {}, "parents": []}
  ])");
}

inline Request small_request(std::string_view context = "{}") {
  auto read = parse_context(context);
  if (!read) ADD_FAILURE() << read.error().front().message;
  return {{"User", "ann"}, {"Action", "read"}, {"File", "plan"}, read ? *read : Record()};
}

// An Answer by names.
struct Named {
  Decision decision = Decision::kDeny;
  std::set<std::string> reasons;
  std::map<std::string, EvalError> errors;
};

inline Named decide(const PolicySet& policies, const EntityStore& store, const Request& request) {
  const auto compiled = CompiledPolicies::compile(policies);
  if (!compiled) {
    ADD_FAILURE() << compiled.error().message();
    return {};
  }
  Answer answer;
  authorize(**compiled, store, request, answer);
  Named named{answer.decision, {}, {}};
  for (const std::uint32_t reason : answer.reasons) named.reasons.emplace((*compiled)->id(reason));
  for (const PolicyError& error : answer.errors) named.errors.emplace((*compiled)->id(error.policy), error.error);
  return named;
}
inline Named decide(std::string_view policies, const Request& request) {
  return decide(policies_of(policies), *small_world(), request);
}

}  // namespace redoubt::policy::testing
