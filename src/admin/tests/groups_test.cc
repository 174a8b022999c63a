#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
using Groups = AdminTest;

TEST_F(Groups, AreMadeChangedAndDeleted) {
  const Reply made = world.post("alice", "/admin/v1/groups", R"({"id":"night","parents":["auditors"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body, R"({"id":"night","parents":["auditors"],"version":1})");
  const Reply changed = world.patch("alice", "/admin/v1/groups/night", R"({"parents":[]})", "\"1\"");
  EXPECT_EQ(changed.body, R"({"id":"night","parents":[],"version":2})");
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/groups/night", "\"2\"").status, 204);
  EXPECT_EQ(world.get("carol", "/admin/v1/groups/night").status, 404);
}

TEST_F(Groups, ThatHaveMembersStay) {
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/groups/auditors", "*").status, 422);
  EXPECT_EQ(world.get("carol", "/admin/v1/groups/auditors").status, 200);
}

TEST_F(Groups, FormNoCircle) {
  ASSERT_EQ(world.post("alice", "/admin/v1/groups", R"({"id":"a"})").status, 201);
  ASSERT_EQ(world.post("alice", "/admin/v1/groups", R"({"id":"b","parents":["a"]})").status, 201);
  EXPECT_EQ(world.patch("alice", "/admin/v1/groups/a", R"({"parents":["b"]})", "*").status, 422);
}

TEST_F(Groups, ComeIntoOthersOnlyByWhoMayChangeThose) {
  world.authorizer.also_permitted = {"app changeIdentities Server::redoubt"};
  EXPECT_EQ(world.post("app", "/admin/v1/groups", R"({"id":"a","parents":["auditors"]})").status, 403);
  EXPECT_EQ(world.post("app", "/admin/v1/groups", R"({"id":"a"})").status, 201);
}

TEST_F(Groups, AreListedByParentAndTenant) {
  ASSERT_EQ(world.post("alice", "/admin/v1/groups", R"({"id":"a","tenant":"acme"})").status, 201);
  ASSERT_EQ(world.post("alice", "/admin/v1/groups", R"({"id":"b","parents":["callers"]})").status, 201);
  EXPECT_EQ(world.get("carol", "/admin/v1/groups?tenant=acme").text("/items/0/id"), "a");
  EXPECT_EQ(world.get("carol", "/admin/v1/groups?parent=callers").text("/items/0/id"), "b");
  EXPECT_EQ(world.get("carol", "/admin/v1/groups").at("/items/0/version"), "1");
}

}  // namespace
}  // namespace redoubt::admin::test
