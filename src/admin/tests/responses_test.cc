#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kSuspend =
    R"({"effect":"suspend","target":"principal/app","for_s":3600,"reason":"it talks to nobody we know"})";

class Responses : public AdminTest {
 protected:
  Responses() { world.raise("00000000000000a1"); }

  Reply start(const std::string& body) { return world.post("alice", "/admin/v1/responses", body); }
  Reply act(const std::string& path, const std::string& verb, const std::string& body = {}) {
    return world.act("bob", Method::kPost, path + "/" + verb, "*", body);
  }
  bool suspended() {
    return world.incidents.restrictions().of({.now = world.ledger.now(), .principal = "app"}).stop.has_value();
  }
  const std::string proposed = "/admin/v1/responses/f0000000000000a1";
};

TEST_F(Responses, HoldUntilTheyAreUndone) {
  const Reply started = start(kSuspend);
  ASSERT_EQ(started.status, 201) << started.body;
  EXPECT_EQ(started.text("/status"), "active");
  EXPECT_EQ(started.at("/for_s"), "3600");
  EXPECT_EQ(started.text("/reason"), "it talks to nobody we know");
  EXPECT_EQ(started.headers.at("ETag"), "\"1\"");
  EXPECT_TRUE(suspended());
  const std::string path = started.headers.at("Location");
  const Reply undone = act(path, "end", R"({"end":"undone"})");
  ASSERT_EQ(undone.status, 200) << undone.body;
  EXPECT_EQ(undone.text("/status"), "ended");
  EXPECT_EQ(undone.text("/end"), "undone");
  EXPECT_EQ(undone.text("/ended_by"), "bob");
  EXPECT_FALSE(suspended());
  EXPECT_EQ(act(path, "end", R"({"end":"undone"})").status, 409);
}

TEST_F(Responses, AreStartedOnceForAnIdempotencyKey) {
  const Reply once = world.post("alice", "/admin/v1/responses", kSuspend, {{"Idempotency-Key", "a"}});
  const Reply again = world.post("alice", "/admin/v1/responses", kSuspend, {{"Idempotency-Key", "a"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text("/id"), once.text("/id"));
  EXPECT_EQ(again.headers.at("Redoubt-Fact"), once.headers.at("Redoubt-Fact"));
}

TEST_F(Responses, OfAPlaybookWaitToBeAcceptedOrRefused) {
  const Reply waits = world.get("carol", proposed);
  EXPECT_EQ(waits.text("/status"), "proposed");
  EXPECT_EQ(waits.at("/until"), "");
  EXPECT_EQ(act(proposed, "end", R"({"end":"undone"})").status, 409);
  const Reply accepted = act(proposed, "accept");
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_EQ(accepted.text("/status"), "active");
  EXPECT_TRUE(suspended());
  EXPECT_EQ(act(proposed, "accept").status, 409);
  EXPECT_EQ(act(proposed, "end", R"({"end":"refused"})").status, 409);

  world.raise("00000000000000a2");
  const Reply refused = act("/admin/v1/responses/f0000000000000a2", "end", R"({"end":"refused"})");
  EXPECT_EQ(refused.text("/end"), "refused") << refused.body;
}

TEST_F(Responses, AreAcceptedByTwoPersonsWhereThatIsMarked) {
  const Reply acts = world.get("carol", "/admin/v1/marked-acts");
  const Reply asked = world.act("alice", Method::kPut, "/admin/v1/marked-acts?why=nobody%20stops%20alone",
                                acts.headers.at("ETag"), R"({"acts":["incident.response.accept"]})");
  ASSERT_EQ(asked.status, 202) << asked.body;
  const auto grant_and_apply = [&](const std::string& path) {
    ASSERT_EQ(world.act("bob", Method::kPost, path + "/grant", "\"1\"").status, 200);
    ASSERT_EQ(world.act("bob", Method::kPost, path + "/apply", "").status, 200);
  };
  grant_and_apply(asked.headers.at("Location"));
  const Reply wanted = world.act("alice", Method::kPost, proposed + "/accept?why=it%20is%20real", "*");
  ASSERT_EQ(wanted.status, 202) << wanted.body;
  EXPECT_EQ(world.get("carol", proposed).text("/status"), "proposed") << "one is not enough";
  EXPECT_FALSE(suspended());
  grant_and_apply(wanted.headers.at("Location"));
  EXPECT_EQ(world.get("carol", proposed).text("/status"), "active");
  EXPECT_TRUE(suspended());
}

TEST_F(Responses, AreAcceptedOrRefusedWhenTwoDecideAtOnce) {
  const auto decide = [&](const char* who, const char* verb, const char* body) {
    Request request{Method::kPost, proposed + verb, {{"If-Match", "\"0\""}}, body};
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    return world.start(who, std::move(request));
  };
  const auto accepts = decide("alice", "/accept", "");
  const auto refuses = decide("bob", "/end", R"({"end":"refused"})");
  world.run();
  EXPECT_EQ(accepts->status, 200) << accepts->body;
  EXPECT_EQ(refuses->status, 409) << refuses->body;
  EXPECT_EQ(world.get("carol", proposed).text("/status"), "active");
}

TEST_F(Responses, OnOneTargetHoldEachForItselfAndTheStrictestDecides) {
  const auto throttle = [](int per_minute) {
    return R"({"effect":"throttle","target":"principal/app","for_s":60,"reason":"r","per_minute":)" +
           std::to_string(per_minute) + "}";
  };
  const auto held = [&] { return world.incidents.restrictions().of({.now = world.ledger.now(), .principal = "app"}); };
  ASSERT_EQ(start(throttle(10)).status, 201);
  ASSERT_EQ(start(throttle(5)).status, 201);
  const std::string first = start(kSuspend).headers.at("Location");
  const std::string second = start(kSuspend).headers.at("Location");
  EXPECT_EQ(held().per_minute, 5u);
  EXPECT_EQ(act(first, "end", R"({"end":"undone"})").status, 200);
  EXPECT_TRUE(held().stop.has_value()) << "the other one still holds";
  EXPECT_EQ(act(second, "end", R"({"end":"undone"})").status, 200);
  EXPECT_FALSE(held().stop.has_value());
  EXPECT_EQ(held().per_minute, 5u);
}

TEST_F(Responses, WhoseTargetHasGoneAreNotStartedOrAcceptedAndCanBeEnded) {
  const std::string active = start(kSuspend).headers.at("Location");
  const std::string key = world.post("alice", "/admin/v1/keys", R"({"principal":"app"})").text("/key/id");
  const std::string on_key = R"({"effect":"suspend","target":"key/)" + key + R"(","for_s":60,"reason":"r"})";
  ASSERT_EQ(start(on_key).status, 201);
  ASSERT_EQ(world.act("alice", Method::kPost, "/admin/v1/keys/" + key + "/revoke", "*").status, 200);
  EXPECT_EQ(start(on_key).status, 422);
  const Reply deleted = world.act("alice", Method::kDelete, "/admin/v1/principals/app", "*");
  ASSERT_LT(deleted.status, 300) << deleted.body;
  EXPECT_EQ(start(kSuspend).status, 422);
  const Reply accepted = act(proposed, "accept");
  EXPECT_EQ(accepted.status, 409);
  EXPECT_NE(accepted.body.find("refuse the response"), std::string::npos) << accepted.body;
  EXPECT_EQ(act(proposed, "end", R"({"end":"refused"})").status, 200);
  EXPECT_EQ(act(active, "end", R"({"end":"undone"})").status, 200);
}

TEST_F(Responses, TakeTwoPersonsWhereThatIsMarked) {
  const Reply acts = world.get("carol", "/admin/v1/marked-acts");
  const Reply marks = world.act("alice", Method::kPut, "/admin/v1/marked-acts?why=nobody%20alone",
                                acts.headers.at("ETag"), R"({"acts":["incident.response.start"]})");
  ASSERT_EQ(marks.status, 202) << marks.body;
  const auto approve = [&](const Reply& asked) {
    const std::string path = asked.headers.at("Location");
    EXPECT_EQ(world.act("bob", Method::kPost, path + "/grant", "*").status, 200);
    return world.act("bob", Method::kPost, path + "/apply", "");
  };
  ASSERT_EQ(approve(marks).status, 200);

  EXPECT_EQ(start(kSuspend).status, 422) << "without a reason for whoever approves";
  const Reply asked = world.post("alice", "/admin/v1/responses?why=it%20must%20stop", kSuspend);
  ASSERT_EQ(asked.status, 202) << asked.body;
  EXPECT_EQ(asked.text("/kind"), "incident.response.start");
  EXPECT_FALSE(suspended());
  EXPECT_EQ(world.act("alice", Method::kPost, asked.headers.at("Location") + "/grant", "*").status, 403) << "her own";
  const Reply applied = approve(asked);
  ASSERT_EQ(applied.status, 200) << applied.body;
  EXPECT_TRUE(suspended());
  // Its name is the one that was approved, and undoing it is not marked.
  const Reply undone =
      act("/admin/v1/" + asked.text("/object").replace(0, 8, "responses"), "end", R"({"end":"undone"})");
  EXPECT_EQ(undone.status, 200) << undone.body;
  EXPECT_FALSE(suspended());
}

TEST_F(Responses, AreListedByStatusIncidentAndTarget) {
  const Reply started = start(kSuspend);
  EXPECT_EQ(world.get("carol", "/admin/v1/responses?status=active").text("/items/0/id"), started.text("/id"));
  EXPECT_EQ(world.get("carol", "/admin/v1/responses?status=active").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/responses?incident=00000000000000a1").text("/items/0/id"),
            "f0000000000000a1");
  EXPECT_NE(world.get("carol", "/admin/v1/responses?target=principal%2Fapp").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/responses?target=principal%2Fbob").at("/items"), "[]");
  EXPECT_EQ(world.get("carol", "/admin/v1/responses?limit=1").at("/items/1"), "");
}

TEST_F(Responses, AreWhatThereIs) {
  const Reply throttle = start(
      R"({"effect":"throttle","target":"principal/app","for_s":60,"per_minute":5,"incident":"00000000000000a1","reason":"r"})");
  EXPECT_EQ(throttle.at("/per_minute"), "5") << throttle.body;
  EXPECT_EQ(throttle.text("/incident"), "00000000000000a1");
  const Reply inspect =
      start(R"({"effect":"inspect","target":"model/m","for_s":60,"families":["attack","secret"],"reason":"r"})");
  EXPECT_EQ(inspect.at("/families"), R"(["attack","secret"])") << inspect.body;
}

TEST_F(Responses, ThatCannotBeAreNotStarted) {
  for (const char* body : {
           R"({"effect":"suspend","target":"principal/app","for_s":3600})",
           R"({"effect":"suspend","target":"principal/app","for_s":59,"reason":"r"})",
           R"({"effect":"suspend","target":"principal/nobody","for_s":60,"reason":"r"})",
           R"({"effect":"suspend","target":"key/000000000000","for_s":60,"reason":"r"})",
           R"({"effect":"suspend","target":"tenant/acme","for_s":60,"reason":"r"})",
           R"({"effect":"block","target":"principal/app","for_s":60,"reason":"r"})",
           R"({"effect":"throttle","target":"principal/app","for_s":60,"reason":"r"})",
           R"({"effect":"suspend","target":"principal/app","for_s":60,"per_minute":5,"reason":"r"})",
           R"({"effect":"inspect","target":"principal/app","for_s":60,"reason":"r"})",
           R"({"effect":"suspend","target":"principal/app","for_s":60,"incident":"00000000000000ff","reason":"r"})",
       }) {
    EXPECT_EQ(start(body).status, 422) << body;
  }
  EXPECT_EQ(start("{").status, 400);
}

TEST_F(Responses, AreFoundByTheirNames) {
  const std::string none = "/admin/v1/responses/00000000000000ff";
  EXPECT_EQ(world.get("carol", none).status, 404);
  EXPECT_EQ(act(none, "accept").status, 404);
  EXPECT_EQ(act(none, "end", R"({"end":"undone"})").status, 404);
  EXPECT_EQ(world.act("bob", Method::kPost, proposed + "/accept", "\"9\"").status, 409);
  EXPECT_EQ(world.act("bob", Method::kPost, proposed + "/accept", "").status, 428);
}

TEST_F(Responses, AreForWhomPoliciesSay) {
  EXPECT_EQ(world.post("carol", "/admin/v1/responses", kSuspend).status, 403);
  EXPECT_EQ(world.act("carol", Method::kPost, proposed + "/accept", "*").status, 403);
  EXPECT_EQ(world.act("carol", Method::kPost, proposed + "/end", "*", R"({"end":"refused"})").status, 403);
  EXPECT_EQ(world.get("app", "/admin/v1/responses").status, 403);
  EXPECT_FALSE(suspended());
}

}  // namespace
}  // namespace redoubt::admin::test
