#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

class Principals : public IdentityTest {
 protected:
  static Principal user(std::string_view id, std::vector<std::string> groups = {}) {
    Principal wanted;
    wanted.id = id;
    wanted.type = PrincipalType::kUser;
    wanted.groups = std::move(groups);
    return wanted;
  }
  static Principal agent(std::string_view id, std::string_view owner) {
    Principal wanted;
    wanted.id = id;
    wanted.type = PrincipalType::kAgent;
    wanted.owner = owner;
    return wanted;
  }
};

TEST_F(Principals, AreCreatedWithGroupsAndName) {
  Principal wanted = user("carol", {"callers", "auditors"});
  wanted.display_name = "Carol C.";
  world.must(propose_principal(wanted), "alice");
  const Principal* carol = world.now().principal("carol");
  ASSERT_NE(carol, nullptr);
  EXPECT_EQ(carol->groups, (std::vector<std::string>{"auditors", "callers"}));
  EXPECT_EQ(carol->display_name, "Carol C.");
  EXPECT_EQ(carol->created_by, "alice");
  EXPECT_EQ(carol->created, world.ledger.clock);
  EXPECT_EQ(carol->enrolled.value, 0);
  EXPECT_EQ(carol->version, 1U);
}

TEST_F(Principals, DisplayNamesAreNotInTheRecord) {
  Principal wanted = user("carol");
  wanted.display_name = "Carol C.";
  const auto done = world.change(propose_principal(wanted), "alice");
  ASSERT_TRUE(done);
  EXPECT_EQ(world.ledger.record(done->index).find("Carol"), std::string::npos);
}

TEST_F(Principals, ErasedDisplayNamesAreGoneFromTablesAndMemory) {
  Principal wanted = user("carol");
  wanted.display_name = "Carol C.";
  const auto done = world.change(propose_principal(wanted), "alice");
  ASSERT_TRUE(done);
  world.must(propose_enabled(world.principal("carol"), false), "alice");
  world.together(state::propose_erasure(done->index, {"display_name"}, 0), "alice", "bob");
  EXPECT_EQ(world.principal("carol").display_name, std::nullopt);
  EXPECT_EQ(world.now().principal("carol")->display_name, std::nullopt);
  world.expect_memory_is_as_loaded();
}

TEST_F(Principals, ErasingAnOldDisplayNameLeavesTheNewOne) {
  Principal wanted = user("carol");
  wanted.display_name = "Carol C.";
  const auto done = world.change(propose_principal(wanted), "alice");
  ASSERT_TRUE(done);
  Principal renamed = world.principal("carol");
  renamed.display_name = "Carol D.";
  world.must(propose_change(world.principal("carol"), renamed), "alice");
  world.together(state::propose_erasure(done->index, {"display_name"}, 0), "alice", "bob");
  EXPECT_EQ(world.principal("carol").display_name, "Carol D.");
}

TEST_F(Principals, DisplayNamesAreKeptSetAndRemovedByUpdates) {
  world.must(propose_principal(user("carol")), "alice");
  Principal wanted = world.principal("carol");
  wanted.display_name = "Carol C.";
  world.must(propose_change(world.principal("carol"), wanted), "alice");
  wanted = world.principal("carol");
  wanted.groups = {"auditors"};
  world.must(propose_change(world.principal("carol"), wanted), "alice");
  EXPECT_EQ(world.principal("carol").display_name, "Carol C.");
  wanted = world.principal("carol");
  wanted.display_name.reset();
  world.must(propose_change(world.principal("carol"), wanted), "alice");
  EXPECT_EQ(world.principal("carol").display_name, std::nullopt);
  EXPECT_EQ(world.principal("carol").groups, std::vector<std::string>{"auditors"});
  EXPECT_EQ(world.principal("carol").version, 4U);
}

TEST_F(Principals, AChangeOfAnOlderVersionIsAConflict) {
  world.must(propose_principal(user("carol")), "alice");
  const Principal seen = world.principal("carol");
  world.must(propose_enabled(seen, false), "alice");
  EXPECT_EQ(world.refusal(propose_enabled(seen, false), "alice"), Errc::kConflict);
}

TEST_F(Principals, AnIdIsUsedOnceForEver) {
  world.must(propose_principal(user("carol")), "alice");
  EXPECT_EQ(world.refusal(propose_principal(user("carol")), "alice"), Errc::kConflict);
  world.must(propose_deletion(world.principal("carol")), "alice");
  Principal again = user("carol");
  again.version = world.engine->version_of(principal_object("carol"));
  EXPECT_EQ(world.refusal(propose_principal(again), "alice", "take another id"), Errc::kAlreadyExists);
  // Those of the first fact have version 0, and are there all the same.
  EXPECT_EQ(world.refusal(propose_principal(user("app")), "alice", "already"), Errc::kAlreadyExists);
}

TEST_F(Principals, ThatAreDisabledAreNotLetInUntilTheyAreEnabled) {
  world.must(propose_enabled(world.principal("app"), false), "alice");
  EXPECT_EQ(world.find("app"), nullptr);
  EXPECT_EQ(world.refusal(propose_enabled(world.principal("app"), false), "alice", "already"), Errc::kInvalidArgument);
  world.must(propose_enabled(world.principal("app"), true), "alice");
  EXPECT_NE(world.find("app"), nullptr);
  EXPECT_EQ(world.refusal(propose_enabled(world.principal("app"), true), "alice", "already"), Errc::kInvalidArgument);
}

TEST_F(Principals, DeletingRevokesTheirKeys) {
  world.must(propose_deletion(world.principal("app")), "alice");
  EXPECT_EQ(world.find("app"), nullptr);
  EXPECT_EQ(world.now().principal("app"), nullptr);
  EXPECT_TRUE(world.key(world.keys["app"].id).revoked);
  EXPECT_TRUE(world.principal("app").deleted);
  EXPECT_EQ(world.refusal(propose_deletion(world.principal("app")), "alice"), Errc::kNotFound);
  world.expect_memory_is_as_loaded();
}

TEST_F(Principals, ThatOthersActForAreNotDeleted) {
  world.must(propose_principal(user("carol")), "alice");
  world.must(propose_principal(agent("robot", "carol")), "alice");
  EXPECT_EQ(world.refusal(propose_deletion(world.principal("carol")), "alice", "`robot` acts for `carol`"),
            Errc::kInvalidArgument);
  world.must(propose_deletion(world.principal("robot")), "alice");
  world.must(propose_deletion(world.principal("carol")), "alice");
}

TEST_F(Principals, ActForEnabledOwnersOnly) {
  world.must(propose_principal(user("carol")), "alice");
  world.must(propose_principal(agent("robot", "carol")), "alice");
  world.must(propose_key(world.new_key("robot")), "alice");
  EXPECT_NE(world.find("robot"), nullptr);
  world.must(propose_enabled(world.principal("carol"), false), "alice");
  EXPECT_EQ(world.find("robot"), nullptr);
  EXPECT_EQ(world.refusal(propose_group({.id = "g"}), "robot", "does not let"), Errc::kUnauthenticated);
}

TEST_F(Principals, OwnersAreUsersOrServiceAccountsOfTheSameTenant) {
  EXPECT_EQ(world.refusal(propose_principal(agent("robot", "nobody")), "alice"), Errc::kNotFound);
  EXPECT_EQ(world.refusal(propose_principal(agent("robot", "app")), "alice"), Errc::kInvalidArgument);
  Principal owned = user("carol");
  owned.owner = "alice";
  EXPECT_EQ(world.refusal(propose_principal(owned), "alice"), Errc::kInvalidArgument);
  Principal tenants = user("dave");
  tenants.tenant = "north";
  world.must(propose_principal(tenants), "alice");
  EXPECT_EQ(world.refusal(propose_principal(agent("robot", "dave")), "alice", "another tenant"),
            Errc::kInvalidArgument);
  Principal same = agent("robot", "dave");
  same.tenant = "north";
  world.must(propose_principal(same), "alice");
}

TEST_F(Principals, AreInGroupsThatAreThere) {
  EXPECT_EQ(world.refusal(propose_principal(user("carol", {"nowhere"})), "alice"), Errc::kNotFound);
}

TEST_F(Principals, OfOneTenantAreNotInAnothersGroups) {
  world.must(propose_group({.id = "north-team", .tenant = "north"}), "alice");
  EXPECT_EQ(world.refusal(propose_principal(user("carol", {"north-team"})), "alice", "another tenant's"),
            Errc::kInvalidArgument);
  Principal north = user("carol", {"north-team", "callers"});
  north.tenant = "north";
  world.must(propose_principal(north), "alice");
}

TEST_F(Principals, AdministratorsAreUsersOfNoTenant) {
  Principal application = user("carol", {"administrators"});
  application.type = PrincipalType::kServiceAccount;
  const std::string asked = world.request(propose_principal(application), "alice");
  world.must(propose_grant(world.approval(asked)), "bob");
  EXPECT_EQ(world.refusal(granted_change(world.approval(asked)), "alice", "users of no tenant"),
            Errc::kInvalidArgument);
}

TEST_F(Principals, TheLastEnabledAdministratorStays) {
  world.must(propose_enabled(world.principal("bob"), false), "alice");
  EXPECT_EQ(world.refusal(propose_enabled(world.principal("alice"), false), "alice", "last enabled administrator"),
            Errc::kInvalidArgument);
}

TEST_F(Principals, TheLastEnabledAdministratorIsNotDeletedOrRemoved) {
  world.make("carol", PrincipalType::kUser, {}, "bob");
  Principal plain = world.principal("alice");
  plain.groups.clear();
  const std::string removal = world.request(propose_change(world.principal("alice"), plain), "carol");
  const std::string deletion = world.request(propose_deletion(world.principal("alice")), "carol");
  world.must(propose_grant(world.approval(removal)), "alice");
  world.must(propose_grant(world.approval(deletion)), "alice");
  world.must(propose_enabled(world.principal("bob"), false), "alice");
  for (const std::string& id : {removal, deletion}) {
    EXPECT_EQ(world.refusal(granted_change(world.approval(id)), "carol", "last enabled administrator"),
              Errc::kInvalidArgument);
  }
}

TEST_F(Principals, ManyAreListedPageByPage) {
  for (int i = 0; i < 25; ++i) world.must(propose_principal(user("user-" + std::to_string(100 + i))), "alice");
  std::vector<std::string> seen;
  std::string after;
  for (;;) {
    const auto page = list_principals(world.engine->tables(), {.type = PrincipalType::kUser}, after, 10);
    ASSERT_TRUE(page);
    if (page->empty()) break;
    EXPECT_LE(page->size(), 10U);
    for (const Principal& one : *page) seen.push_back(one.id);
    after = seen.back();
  }
  EXPECT_EQ(seen.size(), 27U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(Principals, AreListedByWhatTheFilterSays) {
  world.must(propose_principal(user("carol", {"auditors"})), "alice");
  world.must(propose_principal(agent("robot", "carol")), "alice");
  world.must(propose_enabled(world.principal("app"), false), "alice");
  world.must(propose_principal(user("dave")), "alice");
  world.must(propose_deletion(world.principal("dave")), "alice");
  const auto ids = [&](const PrincipalFilter& filter) {
    std::vector<std::string> found;
    const auto page = list_principals(world.engine->tables(), filter, "", 100);
    EXPECT_TRUE(page);
    for (const Principal& one : *page) found.push_back(one.id);
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids({.group = "auditors"}), Ids{"carol"});
  EXPECT_EQ(ids({.owner = "carol"}), Ids{"robot"});
  EXPECT_EQ(ids({.enabled = false}), Ids{"app"});
  EXPECT_EQ(ids({.deleted = true}), Ids{"dave"});
  EXPECT_EQ(ids({.tenant = "north"}), Ids{});
  EXPECT_EQ(ids({}), (Ids{"alice", "app", "bob", "carol", "robot"}));
}

}  // namespace
}  // namespace redoubt::identity::test
