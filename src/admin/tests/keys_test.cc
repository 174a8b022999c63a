#include "admin/tests/support/admin_world.h"
#include "base/timestamp.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

class Keys : public AdminTest {
 protected:
  std::string in(std::int64_t ms) const { return format_timestamp({world.ledger.clock.value + ms}); }
  Reply issue(const std::string& more = "", std::vector<std::pair<std::string, std::string>> headers = {}) {
    return world.post("alice", "/admin/v1/keys", R"({"principal":"carol")" + more + "}", std::move(headers));
  }
};

TEST_F(Keys, AreGoodWhenTheyWereIssued) {
  const Reply issued = issue();
  ASSERT_EQ(issued.status, 201) << issued.body;
  const std::string secret = issued.text("/secret");
  EXPECT_TRUE(secret.starts_with("rdk_" + issued.text("/key/id") + "_"));
  EXPECT_EQ(issued.headers.at("Location"), "/admin/v1/keys/" + issued.text("/key/id"));
  world.secrets["second"] = secret;
  EXPECT_EQ(world.get("second", "/admin/v1/models").status, 200);
}

TEST_F(Keys, ShowTheirSecretOnce) {
  const Reply issued = issue("", {{"Idempotency-Key", "once"}});
  const std::string secret = issued.text("/secret");
  ASSERT_FALSE(secret.empty());
  const Reply again = issue("", {{"Idempotency-Key", "once"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text("/key/id"), issued.text("/key/id"));
  EXPECT_EQ(again.at("/secret"), "");
  EXPECT_EQ(world.get("alice", "/admin/v1/keys/" + issued.text("/key/id")).body.find(secret.substr(17)),
            std::string::npos);
  // Nor is it in what the ledger has.
  EXPECT_EQ(world.ledger.record(*world.engine->applied()).find(secret.substr(17)), std::string::npos);
}

TEST_F(Keys, EndWhenTheyAreToEnd) {
  const Reply issued = issue(R"(,"expires":")" + in(60'000) + '"');
  ASSERT_EQ(issued.status, 201) << issued.body;
  world.secrets["short"] = issued.text("/secret");
  EXPECT_EQ(world.get("short", "/admin/v1/models").status, 200);
  world.ledger.clock.value += 60'000;
  EXPECT_EQ(world.get("short", "/admin/v1/models").status, 401);
  EXPECT_EQ(issue(R"(,"expires":")" + in(0) + '"').status, 422) << "it would have ended already";
}

TEST_F(Keys, AreReplacedWithATimeInWhichBothAreGood) {
  const Reply first = issue();
  world.secrets["old"] = first.text("/secret");
  const std::string path = first.headers.at("Location");
  const Reply second =
      world.act("alice", Method::kPost, path + "/rotate", first.headers.at("ETag"), R"({"overlap_s":60})");
  ASSERT_EQ(second.status, 201) << second.body;
  world.secrets["new"] = second.text("/secret");
  EXPECT_EQ(world.get("old", "/admin/v1/models").status, 200);
  EXPECT_EQ(world.get("new", "/admin/v1/models").status, 200);
  EXPECT_EQ(world.get("alice", path).text("/replaced_by"), second.text("/key/id"));
  world.ledger.clock.value += 60'000;
  EXPECT_EQ(world.get("old", "/admin/v1/models").status, 401);
  EXPECT_EQ(world.get("new", "/admin/v1/models").status, 200);
}

TEST_F(Keys, AreReplacedOnceByARepeatedRequest) {
  const Reply first = issue();
  const std::string path = first.headers.at("Location") + "/rotate";
  const auto rotate = [&] {
    return world.act("alice", Method::kPost, path, first.headers.at("ETag"), R"({"overlap_s":0})",
                     {{"Idempotency-Key", "r"}});
  };
  const Reply once = rotate();
  const Reply twice = rotate();
  ASSERT_EQ(once.status, 201) << once.body;
  EXPECT_EQ(twice.status, 201) << twice.body;
  EXPECT_EQ(twice.text("/key/id"), once.text("/key/id"));
  EXPECT_EQ(twice.at("/secret"), "");
}

TEST_F(Keys, ThatAreRevokedAreNobodysAtOnce) {
  const Reply issued = issue();
  world.secrets["gone"] = issued.text("/secret");
  const std::string path = issued.headers.at("Location");
  const Reply revoked = world.act("alice", Method::kPost, path + "/revoke", "*");
  EXPECT_EQ(revoked.at("/revoked"), "true");
  EXPECT_EQ(world.get("gone", "/admin/v1/models").status, 401);
  EXPECT_EQ(world.get("alice", path).at("/revoked"), "true");
  EXPECT_NE(world.act("alice", Method::kPost, path + "/revoke", "*").status, 200);
}

TEST_F(Keys, AreTheirHoldersToReplace) {
  // A policy may let everybody replace their own key, and nobody else's.
  world.authorizer.also_permitted = {"carol issueKeys User::carol"};
  const Reply list = world.get("carol", "/admin/v1/keys?principal=carol");
  ASSERT_EQ(list.status, 200);
  const std::string own = "/admin/v1/keys/" + list.text("/items/0/id") + "/rotate";
  EXPECT_EQ(world.act("carol", Method::kPost, own, "*", R"({"overlap_s":60})").status, 201);
  const std::string other =
      "/admin/v1/keys/" + world.get("carol", "/admin/v1/keys?principal=app").text("/items/0/id") + "/rotate";
  EXPECT_EQ(world.act("carol", Method::kPost, other, "*", R"({"overlap_s":60})").status, 403);
}

TEST_F(Keys, OfNobodyAreNotIssued) {
  EXPECT_EQ(world.post("alice", "/admin/v1/keys", R"({"principal":"nobody"})").status, 422);
  EXPECT_EQ(world.post("carol", "/admin/v1/keys", R"({"principal":"nobody"})").status, 403);
}

TEST_F(Keys, AreListedByHolderAndWhetherTheyWereRevoked) {
  const std::string path = issue().headers.at("Location");
  ASSERT_EQ(world.act("alice", Method::kPost, path + "/revoke", "*").status, 200);
  EXPECT_EQ("/admin/v1/keys/" + world.get("alice", "/admin/v1/keys?principal=carol&revoked=true").text("/items/0/id"),
            path);
  EXPECT_EQ(world.get("alice", "/admin/v1/keys?principal=carol&revoked=false").at("/items/1"), "");
}

}  // namespace
}  // namespace redoubt::admin::test
