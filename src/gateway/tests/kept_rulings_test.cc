#include "gateway/kept_rulings.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/tests/access_support.h"

namespace redoubt::gateway::test {
namespace {

void expect_same(const Ruling& a, const Ruling& b, std::string_view what) {
  EXPECT_EQ(a.permit, b.permit) << what;
  EXPECT_EQ(a.reasons_text(), b.reasons_text()) << what;
  EXPECT_EQ(a.errors, b.errors) << what;
  EXPECT_EQ(a.overruled, b.overruled) << what;
  EXPECT_EQ(a.obligations.content.by_name(), b.obligations.content.by_name()) << what;
  EXPECT_EQ(a.obligations.commit, b.obligations.commit) << what;
}

class KeptRulingsTest : public ::testing::Test {
 protected:
  KeptRulingsTest() {
    for (const char* name : {"app", "other"}) authorizations_.push_back(known_.add(name));
    authorizations_.push_back(known_.add("audit", "auditors"));
  }

  AccessRequest request(const Access& access, std::size_t who = 0) {
    const auto caller = access.find(authorizations_[who], kKnownSince);
    EXPECT_TRUE(caller);
    return {.principal = caller->principal,
            .key = caller->key,
            .action = Action::kInvoke,
            .model = "m",
            .log = "system",
            .time = kKnownSince,
            .peer_address = "192.0.2.1",
            .purpose = "care",
            .upstream_name = "default",
            .upstream_provider = "them",
            .upstream_evidence = {.tier = "tpm", .measurer = "platform", .identity = "a"},
            .caller_evidence = {.tier = "tpm", .measurer = "platform", .identity = "b"}};
  }
  // What is kept, which must be what the policies say.
  Ruling kept(const Access& access, const AccessRequest& asked, std::string_view what = {}) {
    const Ruling& ruling = access.rule(asked, entities_, kept_);
    expect_same(ruling, access.rule(asked, entities_), what);
    return ruling;
  }

  Known known_;
  std::vector<std::string> authorizations_;
  identity::EntityCache entities_{&policy_schema()};
  KeptRulings kept_{4096};  // so many that what these tests ask has a place each
};

TEST_F(KeptRulingsTest, PoliciesAreAskedOnceForTheSameAtWhateverTime) {
  const auto access = make_access(known_);
  AccessRequest asked = request(*access);
  EXPECT_TRUE(kept(*access, asked).permit);
  for (int i = 0; i < 5; ++i) {
    asked.time.value += 1'000'000;
    EXPECT_EQ(kept(*access, asked).reasons_text(), "callers-invoke-models");
  }
  EXPECT_EQ(kept_.asked(), 1u);
  asked.action = Action::kRelease;
  EXPECT_EQ(kept(*access, asked).reasons_text(), "what-was-asked-may-be-answered");
  EXPECT_EQ(kept_.asked(), 2u);
}

// Each that policies see, by policies that go by it: the ruling of another is never taken for its own.
TEST_F(KeptRulingsTest, WhateverPoliciesSeeTellsRequestsApart) {
  // Of these two actions alone a context has all of it.
  const std::string head = R"(permit (principal, action in [Action::"invoke", Action::"release"], resource))";
  std::string policies = R"(permit (principal == Application::"app", action == Action::"invoke", resource);
                            permit (principal, action == Action::"invoke", resource == Model::"m");)";
  for (const std::string_view condition :
       {R"(context.network has address && context.network.address == ip("192.0.2.1"))", "context.network.tls",
        R"(context has purpose && context.purpose == "care")", R"(context.upstream.name == "default")",
        R"(context.upstream.provider == "them")", "context.stream", R"(context.matches.contains("secret"))",
        R"(context.upstream.tier == "tpm")",
        R"(context.upstream has measurer && context.upstream.measurer == "platform")",
        R"(context.upstream has identity && context.upstream.identity == "a")", R"(context.caller.tier == "tpm")",
        R"(context.caller has measurer && context.caller.measurer == "platform")",
        R"(context.caller has identity && context.caller.identity == "b")"}) {
    policies += head + " when { " + std::string(condition) + " };\n";
  }
  const auto access = make_access(known_, policies);
  const std::array secret{std::string_view("secret")};
  const std::array attack_secret{std::string_view("attack"), std::string_view("secret")};
  using Change = std::function<void(AccessRequest&)>;
  const std::vector<std::pair<std::string_view, Change>> changes = {
      {"nothing", [](AccessRequest&) {}},
      {"principal", [&](AccessRequest& r) { r.principal = request(*access, 1).principal; }},
      {"action", [](AccessRequest& r) { r.action = Action::kRelease; }},
      {"model", [](AccessRequest& r) { r.model = "n"; }},
      {"peer_address", [](AccessRequest& r) { r.peer_address = "192.0.2.2"; }},
      {"no address", [](AccessRequest& r) { r.peer_address = {}; }},
      {"tls", [](AccessRequest& r) { r.tls = true; }},
      {"purpose", [](AccessRequest& r) { r.purpose = "trade"; }},
      {"no purpose", [](AccessRequest& r) { r.purpose = {}; }},
      {"upstream_name", [](AccessRequest& r) { r.upstream_name = "another"; }},
      {"upstream_provider", [](AccessRequest& r) { r.upstream_provider = "we"; }},
      {"stream", [](AccessRequest& r) { r.stream = true; }},
      {"matches", [&](AccessRequest& r) { r.matches = secret; }},
      {"two matches", [&](AccessRequest& r) { r.matches = attack_secret; }},
      {"tier of upstream", [](AccessRequest& r) { r.upstream_evidence.tier = "none"; }},
      {"measurer of upstream", [](AccessRequest& r) { r.upstream_evidence.measurer = "self"; }},
      {"identity of upstream", [](AccessRequest& r) { r.upstream_evidence.identity = "b"; }},
      {"tier of caller", [](AccessRequest& r) { r.caller_evidence.tier = "none"; }},
      {"measurer of caller", [](AccessRequest& r) { r.caller_evidence.measurer = "self"; }},
      {"identity of caller", [](AccessRequest& r) { r.caller_evidence.identity = "a"; }},
      // The same bytes, divided otherwise.
      {"moved", [](AccessRequest& r) { r.model = "ms", r.log = "ystem"; }},
  };
  std::set<std::string> different;
  for (int round = 0; round < 2; ++round) {
    for (const auto& [what, change] : changes) {
      AccessRequest asked = request(*access);
      change(asked);
      different.insert(kept(*access, asked, what).reasons_text());
    }
  }
  EXPECT_EQ(kept_.asked(), changes.size());
  EXPECT_EQ(different.size(), 17u) << "the policies go by what was changed";
}

TEST_F(KeptRulingsTest, TheLogTellsRequestsApart) {
  const auto access =
      make_access(known_, R"(permit (principal, action == Action::"readEntries", resource == Log::"system");)");
  AccessRequest asked = request(*access, 2);
  asked.action = Action::kReadEntries;
  EXPECT_TRUE(kept(*access, asked).permit);
  asked.log = "clinic";
  EXPECT_FALSE(kept(*access, asked).permit);
}

TEST_F(KeptRulingsTest, NothingIsKeptWhereAPolicyLooksAtTheTime) {
  for (const std::string_view condition :
       {R"(context.time < datetime("2023-11-14T22:13:21Z"))", R"(context["time"] < datetime("2023-11-14T22:13:21Z"))",
        R"(context.stream || (if context has time then context.time < datetime("2023-11-14T22:13:21Z") else false))"}) {
    const auto access = make_access(
        known_, "permit (principal, action == Action::\"invoke\", resource) when { " + std::string(condition) + " };");
    AccessRequest asked = request(*access);
    EXPECT_TRUE(kept(*access, asked).permit) << condition;
    asked.time.value += 1'000;
    EXPECT_FALSE(kept(*access, asked).permit) << condition;
  }
}

TEST_F(KeptRulingsTest, AContextAsAWholeHasTheTime) {
  const auto access = make_access(known_, R"(
      forbid (principal, action == Action::"invoke", resource) when { [context].contains(context) };
      permit (principal, action, resource);)");
  const AccessRequest asked = request(*access);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(kept(*access, asked).permit);
  EXPECT_EQ(kept_.asked(), 3u);
}

TEST_F(KeptRulingsTest, AnotherBundleIsAsked) {
  const auto before = make_access(known_);
  const auto after = make_access(known_, R"(forbid (principal, action, resource);)");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(kept(*before, request(*before)).permit);
    EXPECT_FALSE(kept(*after, request(*after)).permit);
  }
}

TEST_F(KeptRulingsTest, WhoLeavesAGroupMayNoMore) {
  const PolicyFile file{"test.cedar", std::string(kDefaultPolicies)};
  const auto bundle = PolicyBundle::load({&file, 1});
  ASSERT_TRUE(bundle);
  const auto access_now = [&] {
    return Access(known_.identities(), {}, *bundle, std::make_shared<const limits::Prices>(), test_inspection(),
                  std::string(kTestBundle), kKnownSince);
  };
  const Access before = access_now();
  EXPECT_TRUE(kept(before, request(before)).permit);
  const identity::Principal now = *before.identities().principal("app");
  identity::Principal wanted = now;
  wanted.groups = {"auditors"};
  known_.apply(identity::propose_change(now, wanted));
  const Access after = access_now();
  EXPECT_FALSE(kept(after, request(after)).permit);
  EXPECT_TRUE(kept(before, request(before)).permit) << "who pinned the earlier one goes by it";
}

TEST_F(KeptRulingsTest, WhatAKeyIsNarrowedToIsAskedEachTime) {
  const std::string narrow = known_.add_key({.principal = "app", .models = {"small"}});
  const auto access = make_access(known_);
  AccessRequest asked = request(*access);
  EXPECT_TRUE(kept(*access, asked).permit);
  asked.key = access->find(narrow, kKnownSince)->key;
  EXPECT_EQ(kept(*access, asked).overruled, "the key is not for this model");
  asked.key = nullptr;
  EXPECT_TRUE(kept(*access, asked).permit);
}

TEST_F(KeptRulingsTest, WhatIsTooLongIsDecidedOnAndNotKept) {
  const auto access = make_access(known_);
  const std::string longest(KeptRulings::kMaxSeenBytes, 'x');
  AccessRequest asked = request(*access);
  asked.purpose = longest;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(kept(*access, asked).permit);
  EXPECT_EQ(kept_.asked(), 3u);
}

TEST_F(KeptRulingsTest, MoreThanThereIsRoomForTakesTheOldersPlace) {
  const auto access =
      make_access(known_, R"(permit (principal, action, resource) unless { resource == Model::"m7" };)");
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < 64; ++i) {
      const std::string model = "m" + std::to_string(i);
      AccessRequest asked = request(*access);
      asked.model = model;
      EXPECT_EQ(kept(*access, asked).permit, i != 7);
    }
  }
}

}  // namespace
}  // namespace redoubt::gateway::test
