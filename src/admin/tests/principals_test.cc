#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
using Principals = AdminTest;

TEST_F(Principals, AreMadeKnown) {
  const Reply made = world.post("alice", "/admin/v1/principals",
                                R"({"id":"dora","type":"user","groups":["auditors"],"display_name":"Dora Ä."})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.at("Location"), "/admin/v1/principals/dora");
  EXPECT_EQ(made.text("/display_name"), "Dora Ä.");
  EXPECT_EQ(made.at("/groups"), R"(["auditors"])");
  EXPECT_EQ(made.text("/created_by"), "alice");
  EXPECT_EQ(made.at("/enabled"), "true");
  EXPECT_EQ(world.get("carol", "/admin/v1/principals/dora").body, made.body);
  // The name of a person is not in the record.
  EXPECT_EQ(world.ledger.record(*world.engine->applied()).find("Dora"), std::string::npos);
}

TEST_F(Principals, HaveEachNameOnceForEver) {
  constexpr const char* kBody = R"({"id":"job","type":"service_account"})";
  ASSERT_EQ(world.post("alice", "/admin/v1/principals", kBody).status, 201);
  EXPECT_EQ(world.post("alice", "/admin/v1/principals", kBody).status, 409);
  ASSERT_EQ(world.act("alice", Method::kDelete, "/admin/v1/principals/job", "*").status, 204);
  EXPECT_EQ(world.post("alice", "/admin/v1/principals", kBody).status, 409);
  EXPECT_EQ(world.get("carol", "/admin/v1/principals/job").at("/deleted"), "true");
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/principals/job", "*").status, 404);
}

TEST_F(Principals, AreChangedInPart) {
  ASSERT_EQ(world
                .post("alice", "/admin/v1/principals",
                      R"({"id":"bot","type":"agent","owner":"carol","groups":["callers"],"display_name":"B"})")
                .status,
            201);
  const Reply changed =
      world.patch("alice", "/admin/v1/principals/bot", R"({"groups":[],"display_name":null})", "\"1\"");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.at("/groups"), "[]");
  EXPECT_EQ(changed.at("/display_name"), "");
  EXPECT_EQ(changed.text("/owner"), "carol");
  EXPECT_EQ(changed.headers.at("ETag"), "\"2\"");
  EXPECT_EQ(world.patch("alice", "/admin/v1/principals/bot", "{}", "*").status, 422);
}

TEST_F(Principals, ThatAreDisabledAreNobody) {
  ASSERT_EQ(world.get("carol", "/admin/v1/models").status, 200);
  ASSERT_EQ(world.act("alice", Method::kPost, "/admin/v1/principals/carol/disable", "*").status, 200);
  EXPECT_EQ(world.get("carol", "/admin/v1/models").status, 401);
  ASSERT_EQ(world.act("alice", Method::kPost, "/admin/v1/principals/carol/enable", "*").status, 200);
  EXPECT_EQ(world.get("carol", "/admin/v1/models").status, 200);
}

TEST_F(Principals, AreFiltered) {
  ASSERT_EQ(world.post("alice", "/admin/v1/principals", R"({"id":"t1","type":"application","tenant":"acme"})").status,
            201);
  const auto first = [&](const char* query) {
    const Reply reply = world.get("alice", "/admin/v1/principals" + std::string(query));
    return reply.text("/items/0/id") + (reply.at("/items/1").empty() ? "" : "…");
  };
  EXPECT_EQ(first("?tenant=acme"), "t1");
  EXPECT_EQ(first("?group=auditors"), "carol");
  EXPECT_EQ(first("?type=application"), "app…");
  EXPECT_EQ(first("?enabled=false"), "");
  EXPECT_EQ(first("?deleted=true"), "");
}

TEST_F(Principals, AreAskedAboutByTheirTenant) {
  world.authorizer.also_permitted = {"app changeIdentities Tenant::acme", "app readIdentities Tenant::acme",
                                     "app readIdentities Application::t1"};
  EXPECT_EQ(world.post("app", "/admin/v1/principals", R"({"id":"t1","type":"application","tenant":"acme"})").status,
            201);
  EXPECT_EQ(world.post("app", "/admin/v1/principals", R"({"id":"t2","type":"application"})").status, 403);
  EXPECT_EQ(world.post("app", "/admin/v1/principals", R"({"id":"t3","type":"application","tenant":"zeta"})").status,
            403);
  EXPECT_EQ(world.get("app", "/admin/v1/principals?tenant=acme").status, 200);
  EXPECT_EQ(world.get("app", "/admin/v1/principals").status, 403);
  EXPECT_EQ(world.get("app", "/admin/v1/principals/t1").status, 200);
  EXPECT_EQ(world.recorder.denials.size(), 3U);
}

TEST_F(Principals, ComeIntoGroupsOnlyByWhoMayChangeThose) {
  world.authorizer.also_permitted = {"app changeIdentities Server::redoubt"};
  EXPECT_EQ(world.post("app", "/admin/v1/principals", R"({"id":"p","type":"user","groups":["auditors"]})").status, 403);
  world.authorizer.also_permitted.insert("app changeIdentities Group::auditors");
  EXPECT_EQ(world.post("app", "/admin/v1/principals", R"({"id":"p","type":"user","groups":["auditors"]})").status, 201);
  EXPECT_EQ(world.post("alice", "/admin/v1/principals", R"({"id":"q","type":"user","groups":["none"]})").status, 422);
}

TEST_F(Principals, ThatAreResetHaveOneNewKey) {
  const Reply reset = world.act("alice", Method::kPost, "/admin/v1/principals/app/reset", "*", "{}");
  ASSERT_EQ(reset.status, 200) << reset.body;
  const std::string secret = reset.text("/key/secret");
  EXPECT_EQ(secret.size(), 60U);
  EXPECT_EQ(world.get("app", "/admin/v1/health").status, 200);
  EXPECT_EQ(world.get("app", "/admin/v1/models").status, 401) << "the old key is good no more";
  world.secrets["app"] = secret;
  EXPECT_EQ(world.get("app", "/admin/v1/models").status, 403);
}

}  // namespace
}  // namespace redoubt::admin::test
