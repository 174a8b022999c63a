// Who is known and what is in force, for tests: identities as the state makes them of facts.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "gateway/access.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "identity/proposals.h"
#include "state/engine.h"
#include "state/tests/support/fake_ledger.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::gateway::test {

inline constexpr UnixMillis kKnownSince{1'700'000'000'000};

// A state with two administrators, no marked acts, and whoever is added to it. The first question ends the adding.
class Known {
 public:
  Known() {
    for (const char* name : {"admin-1", "admin-2"}) keys_.push_back(add_first(name, "administrators", {}, {}));
  }

  // An application with a key in a group; its `Authorization` field.
  std::string add(std::string name, std::string group = "callers", std::string tenant = {},
                  std::vector<std::string> models = {}) {
    return "Bearer " + add_first(std::move(name), std::move(group), std::move(tenant), std::move(models)).secret;
  }

  // Makes it a fact, by the first administrator.
  void apply(Result<state::Proposal> proposal) {
    state::Engine& engine = open();
    ASSERT_TRUE(proposal) << proposal.error().message();
    proposal->actor = {.principal = "admin-1", .credential = keys_.front().id, .method = "api_key", .strength = 1};
    Result<state::Applied> applied = Error(Errc::kCancelled, "nobody answered");
    engine.propose(*std::move(proposal), [&](Result<state::Applied> done) { applied = std::move(done); });
    ledger_.deliver();
    EXPECT_TRUE(applied) << applied.error().message();
  }
  // A further key of a principal; its `Authorization` field.
  std::string add_key(identity::Key wanted) {
    const identity::NewKey made = identity::make_key();
    wanted.id = made.id;
    wanted.digest = made.digest;
    apply(identity::propose_key(wanted));
    return "Bearer " + made.secret;
  }

  const identity::Identities& identities() {
    open();
    return identities_.snapshot();
  }
  state::FactSink& clock() { return ledger_; }

 private:
  struct Everywhere final : state::Publisher {
    void publish(std::function<void()> everywhere) override { everywhere(); }
  };

  identity::NewKey add_first(std::string name, std::string group, std::string tenant, std::vector<std::string> models) {
    REDOUBT_CHECK(engine_ == nullptr);
    identity::NewKey key = identity::make_key();
    genesis_.first.push_back(
        {.principal = std::move(name),
         .type = group == "administrators" ? identity::PrincipalType::kUser : identity::PrincipalType::kApplication,
         .group = std::move(group),
         .tenant = std::move(tenant),
         .key_id = key.id,
         .key_digest = key.digest,
         .models = std::move(models)});
    return key;
  }

  state::Engine& open() {
    if (engine_ != nullptr) return *engine_;
    ledger_.clock = kKnownSince;
    auto opened =
        state::Engine::open({.path = folder_ / "state.db"}, {&identities_, &approvals_}, ledger_, ledger_, publisher_);
    EXPECT_TRUE(opened) << opened.error().message();
    engine_ = *std::move(opened);
    auto genesis = identity::propose_genesis(genesis_);
    EXPECT_TRUE(genesis) << genesis.error().message();
    genesis->actor.principal = "init";
    Result<state::Applied> applied = Error(Errc::kCancelled, "nobody answered");
    engine_->propose(*std::move(genesis), [&](Result<state::Applied> done) { applied = std::move(done); });
    ledger_.deliver();
    EXPECT_TRUE(applied) << applied.error().message();
    return *engine_;
  }

  identity::Genesis genesis_;
  std::vector<identity::NewKey> keys_;  // of the administrators
  state::test::FakeLedger ledger_;
  state::test::TemporaryFolder folder_;
  Everywhere publisher_;
  identity::IdentityProjection identities_;
  identity::ApprovalsProjection approvals_;
  std::unique_ptr<state::Engine> engine_;
};

inline constexpr std::string_view kTestBundle =
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// A few rules, compiled once a process: all of them take most of a second.
inline const std::shared_ptr<const Inspection>& test_inspection() {
  static const std::shared_ptr<const Inspection> inspection = [] {
    auto loaded = Inspection::load("inspection.kinds = ['credit_card', 'email_address', 'us_ssn', 'jwt']");
    REDOUBT_CHECK(loaded.has_value());
    return *std::move(loaded);
  }();
  return inspection;
}

inline std::shared_ptr<const Access> make_access(Known& known, std::string_view policies = kDefaultPolicies,
                                                 UnixMillis as_of = kKnownSince, limits::Limits limits = {},
                                                 limits::Prices prices = {}, incident::Restrictions held = {},
                                                 std::shared_ptr<const AttestationFiles> attestation = nullptr) {
  const PolicyFile file{"test.cedar", std::string(policies)};
  auto bundle = PolicyBundle::load({&file, 1});
  EXPECT_TRUE(bundle) << bundle.error().message();
  return std::make_shared<const Access>(known.identities(), std::move(limits), *std::move(bundle),
                                        std::make_shared<const limits::Prices>(std::move(prices)), test_inspection(),
                                        std::string(kTestBundle), as_of, std::move(held), std::move(attestation));
}

}  // namespace redoubt::gateway::test
