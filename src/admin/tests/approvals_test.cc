// Acts that need two persons, through the interface.
#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

class Approvals : public AdminTest {
 protected:
  // `dora`, a user; to make her an administrator takes two persons.
  Approvals() { EXPECT_EQ(world.post("alice", "/admin/v1/principals", R"({"id":"dora","type":"user"})").status, 201); }
  Reply ask() {
    return world.call("alice", {Method::kPatch,
                                "/admin/v1/principals/dora?why=she%20joins%20us",
                                {{"Content-Type", "application/merge-patch+json"}, {"If-Match", "\"1\""}},
                                R"({"groups":["administrators"]})"});
  }
  Reply decide(std::string_view who, const std::string& path, const char* what) {
    return world.act(who, Method::kPost, path + what, "*");
  }
  std::string groups_of_dora() { return world.get("carol", "/admin/v1/principals/dora").at("/groups"); }
};

TEST_F(Approvals, AreAskedForInPlaceOfTheAct) {
  const Reply asked = ask();
  ASSERT_EQ(asked.status, 202) << asked.body;
  EXPECT_EQ(asked.text("/status"), "pending");
  EXPECT_EQ(asked.text("/kind"), "identity.principal.update");
  EXPECT_EQ(asked.text("/object"), "principal/dora");
  EXPECT_EQ(asked.text("/why"), "she joins us");
  EXPECT_EQ(asked.text("/requester"), "alice");
  EXPECT_EQ(asked.headers.at("Location"), "/admin/v1/approvals/" + asked.text("/id"));
  EXPECT_EQ(groups_of_dora(), "[]");
}

TEST_F(Approvals, NeedAReason) {
  const Reply reply = world.patch("alice", "/admin/v1/principals/dora", R"({"groups":["administrators"]})", "*");
  EXPECT_EQ(reply.status, 422);
  EXPECT_NE(reply.body.find("two persons"), std::string::npos);
}

TEST_F(Approvals, OfAnotherPersonLetTheActBeDone) {
  const std::string path = ask().headers.at("Location");
  const Reply granted = decide("bob", path, "/grant");
  ASSERT_EQ(granted.status, 200) << granted.body;
  EXPECT_EQ(granted.text("/status"), "granted");
  EXPECT_EQ(granted.text("/decided_by"), "bob");
  EXPECT_EQ(groups_of_dora(), "[]") << "not yet";
  const Reply applied = world.act("alice", Method::kPost, path + "/apply", "");
  ASSERT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(applied.text("/status"), "used");
  EXPECT_EQ(groups_of_dora(), R"(["administrators"])");
  EXPECT_EQ(world.act("alice", Method::kPost, path + "/apply", "").status, 409) << "once";
}

TEST_F(Approvals, AreNobodysOwn) {
  const std::string path = ask().headers.at("Location");
  EXPECT_EQ(decide("alice", path, "/grant").status, 403);
  EXPECT_EQ(decide("carol", path, "/grant").status, 403);
  EXPECT_EQ(world.act("alice", Method::kPost, path + "/apply", "").status, 409) << "it is pending";
}

TEST_F(Approvals, ThatAreRefusedOrWithdrawnChangeNothing) {
  const std::string refused = ask().headers.at("Location");
  EXPECT_EQ(decide("bob", refused, "/refuse").text("/status"), "refused");
  EXPECT_EQ(world.act("alice", Method::kPost, refused + "/apply", "").status, 409);
  const std::string withdrawn = ask().headers.at("Location");
  EXPECT_EQ(decide("bob", withdrawn, "/withdraw").status, 403) << "it is alice's";
  EXPECT_EQ(decide("alice", withdrawn, "/withdraw").text("/status"), "withdrawn");
  EXPECT_EQ(decide("bob", withdrawn, "/grant").status, 409);
  EXPECT_EQ(groups_of_dora(), "[]");
}

TEST_F(Approvals, AreForTheVersionThatWasSeen) {
  const std::string path = ask().headers.at("Location");
  ASSERT_EQ(decide("bob", path, "/grant").status, 200);
  ASSERT_EQ(world.patch("alice", "/admin/v1/principals/dora", R"({"groups":["callers"]})", "*").status, 200);
  EXPECT_EQ(world.act("alice", Method::kPost, path + "/apply", "").status, 409);
}

TEST_F(Approvals, EndAfterADay) {
  const std::string path = ask().headers.at("Location");
  world.ledger.clock.value += identity::kApprovalLifeMs;
  EXPECT_NE(decide("bob", path, "/grant").status, 200);
}

TEST_F(Approvals, ThatAreAskedForAgainAreOne) {
  const auto ask_with_key = [&] {
    return world.call(
        "alice", {Method::kPatch,
                  "/admin/v1/principals/dora?why=x",
                  {{"Content-Type", "application/merge-patch+json"}, {"If-Match", "\"1\""}, {"Idempotency-Key", "k"}},
                  R"({"groups":["administrators"]})"});
  };
  const Reply first = ask_with_key();
  const Reply second = ask_with_key();
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(world.get("carol", "/admin/v1/approvals").at("/items/1"), "");
}

TEST_F(Approvals, OfAKeyShowItsSecretWhenItIsAskedFor) {
  const Reply asked = world.post("alice", "/admin/v1/keys?why=lost%20it", R"({"principal":"bob"})");
  ASSERT_EQ(asked.status, 202) << asked.body;
  world.secrets["bob2"] = asked.text("/secret");
  EXPECT_EQ(world.get("bob2", "/admin/v1/models").status, 401) << "not good yet";
  EXPECT_EQ(world.get("carol", asked.headers.at("Location")).at("/secret"), "");
  const std::string path = asked.headers.at("Location");
  // Whose key it is may not approve: alice could be bob with it. So bob, who has another key, cannot either.
  EXPECT_EQ(world.get("carol", path).text("/status"), "pending");
}

TEST_F(Approvals, AreListedByStatusAndRequester) {
  const std::string path = ask().headers.at("Location");
  EXPECT_EQ("/admin/v1/approvals/" + world.get("carol", "/admin/v1/approvals?status=pending").text("/items/0/id"),
            path);
  EXPECT_EQ(world.get("carol", "/admin/v1/approvals?status=granted").at("/items"), "[]");
  EXPECT_EQ(world.get("carol", "/admin/v1/approvals?requester=bob").at("/items"), "[]");
}

TEST_F(Approvals, AreNeededForActsOfAListThatNeedsThemItself) {
  const Reply acts = world.get("carol", "/admin/v1/marked-acts");
  ASSERT_EQ(acts.status, 200);
  EXPECT_NE(acts.body.find("identity.marked_acts.set"), std::string::npos);
  const Reply asked = world.act("alice", Method::kPut, "/admin/v1/marked-acts?why=models%20matter",
                                acts.headers.at("ETag"), R"({"acts":["models.model.create","models.model.delete"]})");
  ASSERT_EQ(asked.status, 202) << asked.body;
  const std::string path = asked.headers.at("Location");
  ASSERT_EQ(decide("bob", path, "/grant").status, 200);
  ASSERT_EQ(world.act("bob", Method::kPost, path + "/apply", "").status, 200);
  EXPECT_EQ(world.post("alice", "/admin/v1/models?why=new", R"({"name":"m","upstream":"u"})").status, 202);
}

}  // namespace
}  // namespace redoubt::admin::test
