#include "identity/tests/support/world.h"

namespace redoubt::identity::test {
namespace {

class Groups : public IdentityTest {
 protected:
  void make(std::string id, std::vector<std::string> parents = {}, std::string tenant = {}) {
    world.must(propose_group({.id = std::move(id), .tenant = std::move(tenant), .parents = std::move(parents)}),
               "alice");
  }
  Result<state::Proposal> move(std::string_view id, std::vector<std::string> parents) {
    Group wanted = world.group(id);
    wanted.parents = std::move(parents);
    return propose_group_change(world.group(id), wanted);
  }
  std::vector<std::string> groups_of(std::string_view id) {
    return world.now().groups_of(*world.now().principal(id), world.ledger.clock);
  }
};

using Ids = std::vector<std::string>;

TEST_F(Groups, MembersAreInAllThatIsAbove) {
  make("hospital");
  make("ward", {"hospital"});
  Principal wanted = world.principal("app");
  wanted.groups = {"ward"};
  world.must(propose_change(world.principal("app"), wanted), "alice");
  EXPECT_EQ(groups_of("app"), (Ids{"hospital", "ward"}));
  make("region");
  world.must(move("hospital", {"region"}), "alice");
  EXPECT_EQ(groups_of("app"), (Ids{"hospital", "region", "ward"}));
  world.must(move("ward", {}), "alice");
  EXPECT_EQ(groups_of("app"), (Ids{"ward"}));
  world.expect_memory_is_as_loaded();
}

TEST_F(Groups, FormNoCircle) {
  make("a");
  make("b", {"a"});
  make("c", {"b"});
  EXPECT_EQ(world.refusal(move("a", {"a"}), "alice", "in itself"), Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(move("a", {"b"}), "alice", "in itself"), Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(move("a", {"c"}), "alice", "in itself"), Errc::kInvalidArgument);
}

TEST_F(Groups, AreNotDeeperThanTheLimit) {
  make("g000");
  for (std::size_t i = 1; i <= kGroupsAboveMax; ++i) {
    make("g" + std::to_string(1000 + i).substr(1), {"g" + std::to_string(999 + i).substr(1)});
  }
  EXPECT_EQ(world.refusal(propose_group({.id = "one-more", .parents = {"g064"}}), "alice", "more than 64"),
            Errc::kInvalidArgument);
  // Nor by moving what is above.
  make("top");
  EXPECT_EQ(world.refusal(move("g000", {"top"}), "alice", "more than 64"), Errc::kInvalidArgument);
}

TEST_F(Groups, HaveParentsThatAreThere) {
  EXPECT_EQ(world.refusal(propose_group({.id = "g", .parents = {"nowhere"}}), "alice"), Errc::kNotFound);
}

TEST_F(Groups, AreNotInAdministrators) {
  EXPECT_EQ(world.refusal(propose_group({.id = "g", .parents = {"administrators"}}), "alice", "directly"),
            Errc::kInvalidArgument);
}

TEST_F(Groups, OfATenantTakeOnlyThatTenants) {
  make("north-all", {}, "north");
  EXPECT_EQ(world.refusal(propose_group({.id = "any", .parents = {"north-all"}}), "alice", "another tenant's"),
            Errc::kInvalidArgument);
  EXPECT_EQ(world.refusal(propose_group({.id = "s", .tenant = "south", .parents = {"north-all"}}), "alice"),
            Errc::kInvalidArgument);
  make("north-some", {"callers", "north-all"}, "north");
}

TEST_F(Groups, BuiltInOnesAreNeitherChangedNorDeletedNorMade) {
  make("g");
  for (const std::string_view id : kBuiltInGroups) {
    EXPECT_EQ(world.refusal(move(id, {"g"}), "alice", "built in"), Errc::kInvalidArgument);
    EXPECT_EQ(world.refusal(propose_group_deletion(world.group(id)), "alice", "built in"), Errc::kInvalidArgument);
    EXPECT_EQ(world.refusal(propose_group({.id = std::string(id)}), "alice"), Errc::kAlreadyExists);
  }
}

TEST_F(Groups, AreDeletedWhenNobodyIsInThem) {
  make("a");
  make("b", {"a"});
  EXPECT_EQ(world.refusal(propose_group_deletion(world.group("a")), "alice", "not empty"), Errc::kInvalidArgument);
  Principal wanted = world.principal("app");
  wanted.groups = {"b"};
  world.must(propose_change(world.principal("app"), wanted), "alice");
  EXPECT_EQ(world.refusal(propose_group_deletion(world.group("b")), "alice", "not empty"), Errc::kInvalidArgument);
  wanted.groups = {};
  world.must(propose_change(world.principal("app"), wanted), "alice");
  world.must(propose_group_deletion(world.group("b")), "alice");
  world.must(propose_group_deletion(world.group("a")), "alice");
  EXPECT_EQ(world.now().group("a"), nullptr);
  // And may come again.
  world.must(propose_group({.id = "a", .version = world.engine->version_of(group_object("a"))}), "alice");
  EXPECT_NE(world.now().group("a"), nullptr);
  world.expect_memory_is_as_loaded();
}

TEST_F(Groups, AreListedByTenantAndParent) {
  make("a");
  make("b", {"a"});
  make("n", {"a"}, "north");
  const auto ids = [&](const GroupFilter& filter) {
    Ids found;
    const auto page = list_groups(world.engine->tables(), filter, "", 100);
    EXPECT_TRUE(page);
    for (const Group& one : *page) found.push_back(one.id);
    return found;
  };
  EXPECT_EQ(ids({.parent = "a"}), (Ids{"b", "n"}));
  EXPECT_EQ(ids({.tenant = "north"}), (Ids{"n"}));
  EXPECT_EQ(ids({}), (Ids{"a", "administrators", "auditors", "b", "callers", "n"}));
}

}  // namespace
}  // namespace redoubt::identity::test
