#include <algorithm>

#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

class Approvals : public IdentityTest {
 protected:
  // A change that needs two persons: `carol` becomes an administrator.
  Result<state::Proposal> administrator(std::string_view id = "carol") {
    Principal wanted;
    wanted.id = id;
    wanted.type = PrincipalType::kUser;
    wanted.groups = {std::string(kAdministrators)};
    return propose_principal(wanted);
  }
  // The principal's key is the new one from then on.
  void reset(std::string_view id, std::string_view requester, std::string_view approver) {
    const NewKey made = make_key();
    world.together(propose_reset(world.principal(id), World::key_of(id, made)), requester, approver);
    world.keys[std::string(id)] = made;
  }
};

// ---- which acts

TEST_F(Approvals, AMarkedActByOnePersonChangesNothing) {
  EXPECT_EQ(world.refusal(administrator(), "alice", "two persons"), Errc::kPermissionDenied);
  EXPECT_EQ(world.refusal(propose_marked_acts({}, 0), "alice", "two persons"), Errc::kPermissionDenied);
  EXPECT_EQ(world.now().principal("carol"), nullptr);
}

TEST_F(Approvals, WhatChangesAdministratorsIsMarked) {
  world.make("carol", PrincipalType::kUser, {}, "alice");
  Principal raised = world.principal("carol");
  raised.groups = {std::string(kAdministrators)};
  Principal lowered = world.principal("bob");
  lowered.groups.clear();
  const Key bobs = world.key(world.keys["bob"].id);
  const NewKey made = make_key();
  const Key for_bob = World::key_of("bob", made);
  for (const auto& wanted :
       {administrator("dave"), propose_change(world.principal("carol"), raised),
        propose_change(world.principal("bob"), lowered), Result(propose_deletion(world.principal("bob"))),
        propose_key(for_bob), propose_rotation(bobs, made, {}, 0), propose_reset(world.principal("bob"), for_bob)}) {
    ASSERT_TRUE(wanted);
    EXPECT_EQ(world.refusal(wanted, "alice", "two persons"), Errc::kPermissionDenied) << wanted->kind;
  }
  world.must(propose_enabled(world.principal("bob"), false), "alice");  // to stop somebody is quick
  EXPECT_EQ(world.refusal(propose_enabled(world.principal("bob"), true), "alice", "two persons"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, AdministratorsRotateTheirOwnKeysAlone) {
  world.must(propose_rotation(world.key(world.keys["bob"].id), make_key(), {}, kHour), "bob");
}

TEST_F(Approvals, OtherChangesOfAnAdministratorNeedOnePerson) {
  Principal named = world.principal("bob");
  named.display_name = "Bob";
  named.groups.push_back("auditors");
  world.must(propose_change(world.principal("bob"), named), "alice");
  world.must(propose_revocation(world.key(world.keys["bob"].id)), "alice");
}

TEST_F(Approvals, TheListOfMarkedActsCoversItself) {
  world.together(propose_marked_acts({}, 0), "alice", "bob");
  const auto acts = marked_acts(world.engine->tables());
  ASSERT_TRUE(acts);
  EXPECT_EQ(acts->size(), std::size(kAlwaysMarked));
  EXPECT_EQ(world.refusal(propose_marked_acts({"vault.release"}, 1), "alice", "two persons"), Errc::kPermissionDenied);
  EXPECT_EQ(world.refusal(administrator(), "alice", "two persons"), Errc::kPermissionDenied);
}

TEST_F(Approvals, AnyKindOfFactCanBeMarked) {
  world.must(propose_group({.id = "a"}), "alice");
  world.together(propose_marked_acts({"identity.group.create"}, 0), "alice", "bob");
  EXPECT_EQ(world.refusal(propose_group({.id = "b"}), "alice", "two persons"), Errc::kPermissionDenied);
  world.together(propose_group({.id = "b"}), "alice", "bob");
}

TEST_F(Approvals, TheServerBringsABundleIntoForceForThoseWhoApproveTheKeys) {
  world.together(propose_marked_acts({"bundle.activate", "bundle.other"}, 0), "alice", "bob");
  const auto permitted = [&](std::string_view kind, std::string_view principal, std::string_view on_behalf_of) {
    record::Fact fact;
    fact.kind = kind;
    fact.object = "bundle";
    fact.actor.principal = principal;
    fact.actor.on_behalf_of = on_behalf_of;
    const state::FoldedFact folded{.fact = fact, .index = 0, .body = {}, .values = {}};
    return ApprovalsProjection().permits(folded, world.engine->tables()).has_value();
  };
  EXPECT_TRUE(permitted("bundle.activate", kServerActor, kKeyApprovers));
  EXPECT_FALSE(permitted("bundle.activate", kServerActor, "uid:0"));
  EXPECT_FALSE(permitted("bundle.activate", kServerActor, ""));
  EXPECT_FALSE(permitted("bundle.activate", "alice", kKeyApprovers));
  EXPECT_FALSE(permitted("bundle.other", kServerActor, kKeyApprovers));
}

TEST_F(Approvals, SayInAdvanceWhatNeedsTwoPersons) {
  const auto needs = [&](Result<state::Proposal> wanted, std::string_view by) {
    wanted->actor = world.actor(by);
    const auto answer = needs_approval(world.engine->tables(), *wanted);
    EXPECT_TRUE(answer);
    return *answer;
  };
  EXPECT_TRUE(needs(administrator(), "alice"));
  EXPECT_FALSE(needs(propose_group({.id = "g"}), "alice"));
  const auto rotation = propose_rotation(world.key(world.keys["bob"].id), make_key(), {}, 0);
  EXPECT_TRUE(needs(rotation, "alice"));
  EXPECT_FALSE(needs(rotation, "bob"));
}

TEST_F(Approvals, TheMechanismItselfIsNotMarked) {
  for (const std::string act : {"approval.grant", "approval.request", "identity.genesis", "", "Upper", "9"}) {
    EXPECT_FALSE(propose_marked_acts({act}, 0)) << act;
  }
}

// ---- the way it goes

TEST_F(Approvals, TwoPersonsMakeAnAdministrator) {
  const std::string id = world.request(administrator(), "alice");
  Approval request = world.approval(id);
  EXPECT_EQ(request.status, ApprovalStatus::kPending);
  EXPECT_EQ(request.requester, "alice");
  EXPECT_EQ(request.expires.value, world.ledger.clock.value + kApprovalLifeMs);
  EXPECT_EQ(request.why, "it is needed");
  world.must(propose_grant(request), "bob");
  request = world.approval(id);
  EXPECT_EQ(request.status, ApprovalStatus::kGranted);
  EXPECT_EQ(request.decided_by, "bob");
  world.must(granted_change(request), "alice");
  EXPECT_EQ(world.approval(id).status, ApprovalStatus::kUsed);
  EXPECT_EQ(world.principal("carol").created_by, "alice");
}

TEST_F(Approvals, WhoApprovedMayDoItToo) {
  const std::string id = world.request(administrator(), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  world.must(granted_change(world.approval(id)), "bob");
  EXPECT_EQ(world.principal("carol").created_by, "alice");  // who asked for it
}

TEST_F(Approvals, AThirdDoesNotDoIt) {
  world.make_administrator("carol", "alice", "bob");
  const std::string id = world.request(administrator("dave"), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  EXPECT_EQ(world.refusal(granted_change(world.approval(id)), "carol", "to do"), Errc::kPermissionDenied);
}

TEST_F(Approvals, NothingIsDoneBeforeTheGrant) {
  const std::string id = world.request(administrator(), "alice");
  Approval pretended = world.approval(id);
  pretended.decided_by = "bob";
  EXPECT_EQ(world.refusal(granted_change(pretended), "alice", "is pending"), Errc::kPermissionDenied);
}

TEST_F(Approvals, AGrantIsForExactlyOneChange) {
  const std::string id = world.request(administrator(), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  const state::Proposal granted = granted_change(world.approval(id));
  const auto refused = [&](auto&& spoil) {
    state::Proposal changed = granted;
    spoil(changed);
    return world.refusal(changed, "alice");
  };
  EXPECT_EQ(refused([](state::Proposal& change) { change.object = "principal/mallory"; }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.kind = "identity.principal.update"; }),
            Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.verb = record::FactVerb::kOther; }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.severity = record::FactSeverity::kHigh; }),
            Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.body.insert(1, " "); }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.values = {{"display_name", "M"}}; }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.approved_by = {"carol"}; }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.approved_by = {}; }), Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.approval = "approval/0000000000000000"; }),
            Errc::kPermissionDenied);
  EXPECT_EQ(refused([](state::Proposal& change) { change.approval = "principal/alice"; }), Errc::kPermissionDenied);
  world.must(granted, "alice");
}

TEST_F(Approvals, AGrantIsUsedOnce) {
  world.together(propose_marked_acts({}, 0), "alice", "bob");
  const auto used = list_approvals(world.engine->tables(), {.status = ApprovalStatus::kUsed}, "", 10);
  ASSERT_TRUE(used);
  ASSERT_EQ(used->size(), 1U);
  state::Proposal again = granted_change(used->front());
  EXPECT_EQ(world.refusal(again, "alice"), Errc::kConflict);
  again.expects = 1;
  EXPECT_EQ(world.refusal(again, "alice", "is used"), Errc::kPermissionDenied);
}

TEST_F(Approvals, AGrantIsNamedByWhatNeedsOneOnly) {
  state::Proposal wanted = *propose_group({.id = "g"});
  wanted.approved_by = {"bob"};
  EXPECT_EQ(world.refusal(wanted, "alice", "not asked for"), Errc::kPermissionDenied);
}

TEST_F(Approvals, RequestsExpire) {
  const std::string pending = world.request(administrator("carol"), "alice");
  const std::string granted = world.request(administrator("dave"), "alice");
  world.must(propose_grant(world.approval(granted)), "bob");
  world.wait(kApprovalLifeMs);
  EXPECT_EQ(world.grant_refusal(pending, "bob", "expired"), Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(granted_change(world.approval(granted)), "alice", "expired"), Errc::kPermissionDenied);
}

TEST_F(Approvals, ARefusedRequestIsNotGrantedOrUsed) {
  const std::string id = world.request(administrator(), "alice");
  world.must(propose_refusal(world.approval(id)), "bob");
  EXPECT_EQ(world.approval(id).status, ApprovalStatus::kRefused);
  EXPECT_EQ(world.grant_refusal(id, "bob", "refused already"), Errc::kConflict);
  EXPECT_EQ(world.refusal(granted_change(world.approval(id)), "alice", "is refused"), Errc::kPermissionDenied);
}

TEST_F(Approvals, WhatWasGrantedIsTakenBack) {
  const std::string id = world.request(administrator(), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  world.must(propose_refusal(world.approval(id)), "bob");
  EXPECT_EQ(world.refusal(granted_change(world.approval(id)), "alice", "is refused"), Errc::kPermissionDenied);
}

TEST_F(Approvals, AdministratorsRefuse) {
  const std::string id = world.request(administrator(), "alice");
  EXPECT_EQ(world.refusal(propose_refusal(world.approval(id)), "app", "no administrator"), Errc::kPermissionDenied);
}

TEST_F(Approvals, TheRequesterWithdraws) {
  const std::string id = world.request(administrator(), "alice");
  EXPECT_EQ(world.refusal(propose_withdrawal(world.approval(id)), "bob", "asked for it"), Errc::kPermissionDenied);
  world.must(propose_withdrawal(world.approval(id)), "alice");
  EXPECT_EQ(world.grant_refusal(id, "bob", "withdrawn already"), Errc::kConflict);
}

TEST_F(Approvals, RequestsAreBoundedForEachPrincipal) {
  for (std::size_t i = 0; i < kOpenRequestsOfPrincipalMax; ++i) world.request(administrator(), "app");
  EXPECT_EQ(world.refusal(propose_request(*administrator(), "again"), "app"), Errc::kResourceExhausted);
  world.request(administrator(), "alice");
  world.wait(kApprovalLifeMs);
  world.request(administrator(), "app");
}

TEST_F(Approvals, OldRequestsLeaveTheTables) {
  const std::string id = world.request(administrator(), "alice");
  world.wait(kApprovalLifeMs + kApprovalKeptMs);
  world.request(administrator(), "alice");
  const auto found = find_approval(world.engine->tables(), id);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(Approvals, OfSealedValuesThereAreNone) {
  Principal wanted;
  wanted.id = "carol";
  wanted.display_name = "Carol";
  EXPECT_FALSE(propose_request(*propose_principal(wanted), "why"));
  const auto done = propose_request(*administrator(), "");
  EXPECT_FALSE(done);
  EXPECT_FALSE(propose_request(*administrator(), "why", kApprovalLifeMaxMs + 1));
  EXPECT_FALSE(propose_request(*administrator(), "why", 0));
  EXPECT_FALSE(propose_request(propose_grant({}), "why"));
}

TEST_F(Approvals, TheNewKeysDigestIsInTheRequest) {
  world.make_administrator("carol", "alice", "bob");
  EXPECT_NE(world.find("carol"), nullptr);  // its holder was told when it was asked for
  EXPECT_EQ(world.principal("carol").enrolled_by, "alice");
}

// ---- who approves

TEST_F(Approvals, NobodyApprovesTheirOwnRequest) {
  EXPECT_EQ(world.grant_refusal(world.request(administrator(), "alice"), "alice", "asked for it"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, AdministratorsApprove) {
  world.make("carol", PrincipalType::kUser, {"auditors"}, "bob");
  world.wait(kEnrolledBeforeMs);
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "alice"), "carol", "no enabled administrator"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, AnApproverWasEnrolled24HoursBefore) {
  world.make_administrator("carol", "alice", "bob");
  const std::string early = world.request(administrator("dave"), "bob");
  EXPECT_EQ(world.grant_refusal(early, "carol", "24 hours"), Errc::kPermissionDenied);
  world.wait(kEnrolledBeforeMs - 1);
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "bob"), "carol", "24 hours"),
            Errc::kPermissionDenied);
  world.wait(1);
  // What was asked before stays so.
  const std::string late = world.request(administrator("dave"), "bob");
  world.must(propose_grant(world.approval(late)), "carol");
}

TEST_F(Approvals, TheFirstAdministratorsAreExemptFromThe24Hours) {
  world.together(administrator(), "alice", "bob");
}

TEST_F(Approvals, AFirstAdministratorWhoWasResetIsNot) {
  world.make("carol", PrincipalType::kUser, {}, "app");
  reset("bob", "alice", "bob");
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "carol"), "bob", "24 hours"),
            Errc::kPermissionDenied);
  world.wait(kEnrolledBeforeMs);
  world.together(administrator("dave"), "carol", "bob");
}

TEST_F(Approvals, AnApproverWasNotCreatedByTheRequester) {
  world.make_administrator("carol", "alice", "bob");
  // A key from somebody else does not help.
  reset("carol", "bob", "alice");
  world.wait(kEnrolledBeforeMs);
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "alice"), "carol", "created the other"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, NorTheRequesterByTheApprover) {
  world.make_administrator("carol", "alice", "bob");
  reset("carol", "bob", "alice");
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "carol"), "alice", "created the other"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, AnApproverHasNoKeyFromTheRequester) {
  reset("bob", "alice", "bob");
  world.wait(kEnrolledBeforeMs);
  EXPECT_EQ(world.grant_refusal(world.request(administrator(), "alice"), "bob", "may be one person"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, NorTheRequesterOneFromTheApprover) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "carol"), "bob", "may be one person"),
            Errc::kPermissionDenied);
  world.must(propose_grant(world.approval(world.request(administrator("dave"), "carol"))), "alice");
}

TEST_F(Approvals, ARotatedKeyIsStillKnownToWhoIssuedTheFirst) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  const NewKey made = make_key();
  world.must(propose_rotation(world.key(world.keys["carol"].id), made, {}, 0), "carol");
  world.keys["carol"] = made;
  const NewKey second = make_key();
  world.must(propose_key(World::key_of("carol", second)), "carol");
  world.keys["carol"] = second;
  world.must(propose_revocation(world.key(made.id)), "bob");
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "carol"), "bob", "may be one person"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, AKeyRevokedAfterTheRequestStillCounts) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  const std::string id = world.request(administrator("dave"), "carol");
  world.must(propose_revocation(world.key(world.keys["carol"].id)), "bob");
  EXPECT_EQ(world.grant_refusal(id, "bob", "may be one person"), Errc::kPermissionDenied);
}

TEST_F(Approvals, TwoWithKeysFromOnePersonMayBeThatPerson) {
  world.make_administrator("carol", "alice", "bob");
  world.make_administrator("dave", "alice", "bob");
  world.wait(kEnrolledBeforeMs);
  EXPECT_EQ(world.grant_refusal(world.request(administrator("erin"), "carol"), "dave", "may be one person"),
            Errc::kPermissionDenied);
  world.together(administrator("erin"), "carol", "bob");
}

TEST_F(Approvals, WhoActsForAnApproverIsNoOtherPerson) {
  Principal agent;
  agent.id = "robot";
  agent.type = PrincipalType::kAgent;
  agent.owner = "bob";
  world.must(propose_principal(agent), "alice");
  world.must(propose_key(world.new_key("robot")), "alice");
  EXPECT_EQ(world.grant_refusal(world.request(administrator(), "robot"), "bob", "may be one person"),
            Errc::kPermissionDenied);
}

TEST_F(Approvals, OnBehalfOfAnApproverIsNoOtherPerson) {
  world.make("carol", PrincipalType::kUser, {}, "alice");
  record::FactActor actor = world.actor("carol");
  actor.on_behalf_of = "bob";
  auto request = propose_request(*administrator("dave"), "it is needed");
  ASSERT_TRUE(request);
  const std::string id = request->object.substr(9);
  ASSERT_TRUE(world.change_as(*request, actor));
  EXPECT_EQ(world.grant_refusal(id, "bob", "may be one person"), Errc::kPermissionDenied);
}

TEST_F(Approvals, ApproversActForThemselves) {
  const std::string id = world.request(administrator(), "alice");
  record::FactActor actor = world.actor("bob");
  actor.on_behalf_of = "app";
  const auto done = world.change_as(propose_grant(world.approval(id)), actor);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kPermissionDenied);
}

TEST_F(Approvals, TheServerNeitherAsksNorApproves) {
  const record::FactActor server{.principal = std::string(kServerActor)};
  const auto asked = world.change_as(*propose_request(*administrator(), "why"), server);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code(), Errc::kUnauthenticated);
  const std::string id = world.request(administrator(), "alice");
  const auto granted = world.change_as(propose_grant(world.approval(id)), server);
  ASSERT_FALSE(granted);
  EXPECT_EQ(granted.error().code(), Errc::kUnauthenticated);
}

TEST_F(Approvals, WhoWasStoppedSinceDoesNotSayYesAnyMore) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  const std::string by_bob = world.request(administrator("dave"), "alice");
  world.must(propose_grant(world.approval(by_bob)), "bob");
  const std::string by_carol = world.request(administrator("erin"), "carol");
  world.must(propose_grant(world.approval(by_carol)), "alice");
  world.must(propose_enabled(world.principal("carol"), false), "alice");
  EXPECT_EQ(world.refusal(granted_change(world.approval(by_carol)), "alice", "not enabled"), Errc::kPermissionDenied);
  world.must(propose_enabled(world.principal("bob"), false), "alice");
  EXPECT_EQ(world.refusal(granted_change(world.approval(by_bob)), "alice", "any more"), Errc::kPermissionDenied);
}

// ---- break-glass

class BreakGlassTest : public Approvals {
 protected:
  Result<state::Proposal> open(std::string_view id, std::string_view group, std::int64_t life_ms = kHour) {
    return propose_break_glass(world.principal(id), group, life_ms, "the ward is down");
  }
  std::vector<std::string> groups_of(std::string_view id) {
    return world.now().groups_of(*world.now().principal(id), world.ledger.clock);
  }
};

TEST_F(BreakGlassTest, NeedsTwoPersons) {
  EXPECT_EQ(world.refusal(open("app", "auditors"), "alice", "two persons"), Errc::kPermissionDenied);
}

TEST_F(BreakGlassTest, IsAMembershipForAWhile) {
  world.must(propose_group({.id = "responders", .parents = {"auditors"}}), "alice");
  world.together(open("app", "responders"), "alice", "bob");
  EXPECT_EQ(groups_of("app"), (std::vector<std::string>{"auditors", "callers", "responders"}));
  world.expect_memory_is_as_loaded();
  world.wait(kHour - 1);
  EXPECT_EQ(groups_of("app").size(), 3U);
  world.wait(1);
  EXPECT_EQ(groups_of("app"), (std::vector<std::string>{"callers"}));
}

TEST_F(BreakGlassTest, IsAnAlarmInTheRecord) {
  const std::string id = world.request(open("app", "auditors"), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  const auto done = world.change(granted_change(world.approval(id)), "alice");
  ASSERT_TRUE(done);
  EXPECT_NE(world.ledger.record(done->index).find(R"("severity":"High")"), std::string::npos);
  state::Proposal quiet = *open("app", "callers");
  quiet.severity = record::FactSeverity::kInformational;
  const std::string asked = world.request(quiet, "alice");
  world.must(propose_grant(world.approval(asked)), "bob");
  EXPECT_EQ(world.refusal(granted_change(world.approval(asked)), "alice", "alarm"), Errc::kInvalidArgument);
}

TEST_F(BreakGlassTest, LastsAtMostEightHours) {
  EXPECT_FALSE(open("app", "auditors", kBreakGlassLifeMaxMs + 1));
  EXPECT_FALSE(open("app", "auditors", 0));
  EXPECT_FALSE(propose_break_glass(world.principal("app"), "auditors", kHour, ""));
  world.together(open("app", "auditors", kBreakGlassLifeMaxMs), "alice", "bob");
  world.wait(8 * kHour);
  EXPECT_EQ(groups_of("app"), (std::vector<std::string>{"callers"}));
}

TEST_F(BreakGlassTest, IsExemptFromThe24Hours) {
  world.make_administrator("carol", "alice", "bob");
  world.together(open("app", "auditors"), "bob", "carol");
}

TEST_F(BreakGlassTest, AdministratorsByItDoNotApprove) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  world.wait(kEnrolledBeforeMs);
  world.together(open("carol", "administrators"), "alice", "bob");
  EXPECT_EQ(groups_of("carol"), (std::vector<std::string>{"administrators"}));
  EXPECT_EQ(world.grant_refusal(world.request(administrator("dave"), "alice"), "carol", "no enabled administrator"),
            Errc::kPermissionDenied);
}

TEST_F(BreakGlassTest, MakesUsersOfNoTenantAdministratorsOnly) {
  const std::string id = world.request(open("app", "administrators"), "alice");
  world.must(propose_grant(world.approval(id)), "bob");
  EXPECT_EQ(world.refusal(granted_change(world.approval(id)), "alice", "users of no tenant"), Errc::kInvalidArgument);
}

TEST_F(BreakGlassTest, IsClosedByOnePerson) {
  world.together(open("app", "auditors"), "alice", "bob");
  world.must(propose_break_glass_end(world.principal("app"), "auditors"), "alice");
  EXPECT_EQ(groups_of("app"), (std::vector<std::string>{"callers"}));
  EXPECT_EQ(world.refusal(propose_break_glass_end(world.principal("app"), "auditors"), "alice"), Errc::kNotFound);
  world.expect_memory_is_as_loaded();
}

TEST_F(BreakGlassTest, KeepsItsGroupFromBeingDeleted) {
  world.must(propose_group({.id = "responders"}), "alice");
  world.together(open("app", "responders"), "alice", "bob");
  EXPECT_EQ(world.refusal(propose_group_deletion(world.group("responders")), "alice", "not empty"),
            Errc::kInvalidArgument);
  world.wait(kHour);
  world.must(propose_group_deletion(world.group("responders")), "alice");
  EXPECT_EQ(groups_of("app"), (std::vector<std::string>{"callers"}));
  world.expect_memory_is_as_loaded();
}

}  // namespace
}  // namespace redoubt::identity::test
