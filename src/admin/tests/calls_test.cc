// What all calls have in common: who calls, what they accept and send, versions, repeated requests.
#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

using Calls = AdminTest;

constexpr const char* kModel = R"({"name":"m","upstream":"u"})";

TEST_F(Calls, OfNobodyAreRefusedWithAChallenge) {
  const Reply reply = world.get("", "/admin/v1/principals");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(reply.headers.at("WWW-Authenticate"), "Bearer realm=\"redoubt\"");
  EXPECT_EQ(reply.text("/type"), "urn:redoubt:problem:unauthenticated");
  EXPECT_EQ(world.recorder.refusals, std::vector<std::string>{"unauthenticated"});
}

TEST_F(Calls, WithAWrongKeyAreRefusedLikeThoseWithNone) {
  const std::string none = world.get("", "/admin/v1/principals").body;
  std::string wrong = world.secrets["alice"];
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (const std::string& field : {"Bearer " + wrong, std::string("Bearer rdk_"), "Basic " + world.secrets["alice"]}) {
    FakeExchange exchange({Method::kGet, "/admin/v1/principals", {{"Authorization", field}}, ""}, "192.0.2.8");
    const Reply reply = world.call("", {Method::kGet, "/admin/v1/principals", {{"Authorization", field}}, ""});
    EXPECT_EQ(reply.body, none);
    world.ledger.clock.value += 1;
  }
}

TEST_F(Calls, WithTwoCredentialsAreNobodys) {
  const std::string good = "Bearer " + world.secrets["alice"];
  const Reply reply =
      world.call("", {Method::kGet, "/admin/v1/keys", {{"Authorization", good}, {"Authorization", good}}, ""});
  EXPECT_EQ(reply.status, 401);
}

TEST_F(Calls, ThatNoPolicyPermitsAreDeniedAndRecorded) {
  EXPECT_EQ(world.get("app", "/admin/v1/principals").status, 403);
  EXPECT_EQ(world.post("carol", "/admin/v1/models", kModel).status, 403);
  EXPECT_EQ(world.recorder.denials, (std::vector<std::string>{"app listPrincipals", "carol createModel"}));
}

TEST_F(Calls, DoNotTellWhoMayNotKnowWhatThereIs) {
  const Reply there = world.get("app", "/admin/v1/groups/auditors");
  const Reply absent = world.get("app", "/admin/v1/groups/nothing");
  EXPECT_EQ(there.status, 403);
  EXPECT_EQ(absent.status, 403);
}

TEST_F(Calls, ReadAndActByTheScopesOfTheirKey) {
  const auto key_for = [&](const char* scopes) {
    const Reply issued =
        world.post("alice", "/admin/v1/keys", R"({"principal":"carol","scopes":)" + std::string(scopes) + "}");
    EXPECT_EQ(issued.status, 201) << issued.body;
    return issued.text("/secret");
  };
  world.secrets["reader"] = key_for(R"(["admin.read"])");
  world.secrets["writer"] = key_for(R"(["admin.write"])");
  world.secrets["other"] = key_for(R"(["models.invoke"])");
  EXPECT_EQ(world.get("reader", "/admin/v1/models").status, 200);
  EXPECT_EQ(world.get("writer", "/admin/v1/models").status, 403);
  EXPECT_EQ(world.get("other", "/admin/v1/models").status, 403);
}

TEST_F(Calls, OfPathsThatAreNotThereFindNothing) {
  EXPECT_EQ(world.get("alice", "/admin/v1/nothing").status, 404);
  EXPECT_EQ(world.get("", "/admin/v1/nothing").status, 401);
  EXPECT_EQ(world.get("alice", "/admin/v1/keys/%zz").status, 400);
}

TEST_F(Calls, WithAnotherMethodHearWhichThereAre) {
  const Reply reply = world.act("alice", Method::kDelete, "/admin/v1/models", "");
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.headers.at("Allow"), "GET, HEAD, POST");
}

TEST_F(Calls, AreAnsweredInJsonOrNotAtAll) {
  EXPECT_EQ(world.call("alice", {Method::kGet, "/admin/v1/models", {{"Accept", "text/html"}}, ""}).status, 406);
  EXPECT_EQ(world.call("alice", {Method::kPost, "/admin/v1/models", {{"Content-Type", "text/plain"}}, kModel}).status,
            415);
}

TEST_F(Calls, ReadQueriesStrictly) {
  for (const char* query : {"?limit=0", "?limit=201", "?limit=1&limit=2", "?unknown=1", "?enabled=yes", "?cursor=!",
                            "?cursor=AAAA", "?provider=%zz", "?why=x", "?limit"}) {
    EXPECT_EQ(world.get("alice", "/admin/v1/models" + std::string(query)).status, 400) << query;
  }
  EXPECT_EQ(world.get("alice", "/admin/v1/models?limit=1&enabled=true&provider=a%20b").status, 200);
}

TEST_F(Calls, ReadBodiesStrictly) {
  EXPECT_EQ(world.post("alice", "/admin/v1/models", "{").status, 400);
  EXPECT_EQ(world.post("alice", "/admin/v1/models", R"({"name":"m","name":"n","upstream":"u"})").status, 400);
  const Reply unknown = world.post("alice", "/admin/v1/models", R"({"name":"m","upstream":"u","x":1})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.at("/errors"), R"([{"pointer":"/x","detail":"is not a member that is known"}])");
  EXPECT_EQ(world.post("alice", "/admin/v1/models", "[]").status, 422);
  EXPECT_EQ(world.post("alice", "/admin/v1/models", "").status, 400);
}

TEST_F(Calls, BoundBodies) {
  std::string large = R"({"name":"m","upstream":"u","description":")";
  large += std::string(1024 * 1024, 'x') + "\"}";
  EXPECT_EQ(world.post("alice", "/admin/v1/models", large).status, 413);
  EXPECT_EQ(world
                .call("alice", {Method::kPost,
                                "/admin/v1/models",
                                {{"Content-Type", "application/json"}, {"Content-Length", "1048577"}},
                                kModel})
                .status,
            413);
}

TEST_F(Calls, TakeNoBodyWhereNoneIsAskedFor) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel).status, 201);
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/models/m", "*", "{}").status, 400);
}

TEST_F(Calls, AnswerOnceTheChangeIsDurableAndInForce) {
  const auto exchange =
      world.start("alice", {Method::kPost, "/admin/v1/models", {{"Content-Type", "application/json"}}, kModel});
  world.io.restart();
  world.io.poll();
  EXPECT_EQ(exchange->status, 0) << "not durable yet";
  world.publisher.hold = true;
  world.run();
  EXPECT_EQ(exchange->status, 0) << "not on every core yet";
  world.publisher.hold = false;
  world.publisher.release();
  world.run();
  EXPECT_EQ(exchange->status, 201);
}

TEST_F(Calls, NameTheFactThatTheyBecame) {
  const Reply reply = world.post("alice", "/admin/v1/models", kModel);
  ASSERT_EQ(reply.status, 201);
  EXPECT_EQ(reply.headers.at("Redoubt-Fact"), std::to_string(*world.engine->applied()));
  EXPECT_NE(world.ledger.record(*world.engine->applied()).find("models.model.create"), std::string::npos);
}

TEST_F(Calls, ChangeOnlyTheVersionThatWasSeen) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel).headers.at("ETag"), "\"1\"");
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/models/m", "").status, 428);
  const Reply stale = world.patch("alice", "/admin/v1/models/m", R"({"enabled":false})", "\"7\"");
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.text("/type"), "urn:redoubt:problem:version-conflict");
  EXPECT_EQ(world.patch("alice", "/admin/v1/models/m", R"({"enabled":false})", "\"1\"").headers.at("ETag"), "\"2\"");
  EXPECT_EQ(world.patch("alice", "/admin/v1/models/m", R"({"enabled":true})", "*").status, 200);
}

TEST_F(Calls, ThatRaceChangeOnce) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel).status, 201);
  std::vector<std::shared_ptr<FakeExchange>> exchanges;
  for (int i = 0; i < 20; ++i) {
    exchanges.push_back(world.start("alice", {Method::kPatch,
                                              "/admin/v1/models/m",
                                              {{"Content-Type", "application/merge-patch+json"}, {"If-Match", "\"1\""}},
                                              R"({"description":")" + std::to_string(i) + "\"}"}));
  }
  world.run();
  int done = 0;
  for (const auto& exchange : exchanges) {
    done += exchange->status == 200 ? 1 : 0;
    EXPECT_TRUE(exchange->status == 200 || exchange->status == 409) << exchange->status;
  }
  EXPECT_EQ(done, 1);
}

TEST_F(Calls, SentAgainAreAnsweredAndNotDoneAgain) {
  const Reply first = world.post("alice", "/admin/v1/models", kModel, {{"Idempotency-Key", "k"}});
  const auto applied = world.engine->applied();
  const Reply second = world.post("alice", "/admin/v1/models", kModel, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.headers.at("Idempotent-Replayed"), "true");
  EXPECT_EQ(second.headers.at("Redoubt-Fact"), first.headers.at("Redoubt-Fact"));
  EXPECT_FALSE(first.headers.contains("Idempotent-Replayed"));
  EXPECT_EQ(world.engine->applied(), applied);
}

TEST_F(Calls, ThatTakeAnIdempotencyKeyForSomethingElseAreRefused) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel, {{"Idempotency-Key", "k"}}).status, 201);
  const Reply other =
      world.post("alice", "/admin/v1/models", R"({"name":"n","upstream":"u"})", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.text("/type"), "urn:redoubt:problem:idempotency-key-reused");
  // Another's key of the same text is another key.
  EXPECT_EQ(world.post("bob", "/admin/v1/models", R"({"name":"n","upstream":"u"})", {{"Idempotency-Key", "k"}}).status,
            201);
}

TEST_F(Calls, MayReuseAnIdempotencyKeyAfterADay) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel, {{"Idempotency-Key", "k"}}).status, 201);
  world.ledger.clock.value += state::Engine::kIdempotencyMs;
  EXPECT_EQ(
      world.post("alice", "/admin/v1/models", R"({"name":"n","upstream":"u"})", {{"Idempotency-Key", "k"}}).status,
      201);
}

TEST_F(Calls, ThatDeletedAreAnsweredAgainAsDone) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel).status, 201);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/models/m", "\"1\"", "", {{"Idempotency-Key", "k"}}).status,
              204);
  }
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/models/m", "\"1\"").status, 404);
}

TEST_F(Calls, SayThatAVersionIsStillThePresentOne) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kModel).status, 201);
  const Reply same = world.call("alice", {Method::kGet, "/admin/v1/models/m", {{"If-None-Match", "\"1\""}}, ""});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(world.call("alice", {Method::kGet, "/admin/v1/models/m", {{"If-None-Match", "\"2\""}}, ""}).status, 200);
}

TEST_F(Calls, AreRefusedWhileTheStateIsBehindTheLedger) {
  world.ledger.fail_next = {.error = Error(Errc::kUnavailable, "stopped"), .kept = true};
  const Reply open = world.post("alice", "/admin/v1/models", kModel);
  EXPECT_EQ(open.status, 503);
  EXPECT_EQ(world.get("alice", "/admin/v1/models").status, 503);
  EXPECT_EQ(world.get("", "/admin/v1/health").status, 503);
  ASSERT_TRUE(world.engine->retry());
  EXPECT_EQ(world.get("alice", "/admin/v1/models/m").status, 200) << "it had been made";
  EXPECT_EQ(world.get("", "/admin/v1/health").body, R"({"status":"ok"})");
}

TEST_F(Calls, ThatTheLedgerHasNoRoomForChangeNothing) {
  world.ledger.fail_next = {.error = Error(Errc::kResourceExhausted, "full"), .kept = false};
  const Reply full = world.post("alice", "/admin/v1/models", kModel);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.at("Retry-After"), "1");
  EXPECT_EQ(world.get("alice", "/admin/v1/models/m").status, 404);
}

TEST_F(Calls, ThatShowMuchAreRecordedFirst) {
  EXPECT_EQ(world.get("carol", "/admin/v1/principals").status, 200);
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol listPrincipals"});
  world.recorder.fails = true;
  EXPECT_EQ(world.get("carol", "/admin/v1/principals").status, 503);
  EXPECT_EQ(world.get("carol", "/admin/v1/models").status, 200) << "which shows nothing personal";
}

TEST_F(Calls, FindPagesOneAfterTheOther) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(
        world.post("alice", "/admin/v1/models", R"({"name":"m)" + std::to_string(i) + R"(","upstream":"u"})").status,
        201);
  }
  std::vector<std::string> names;
  std::string target = "/admin/v1/models?limit=3";
  for (int page = 0; page < 3; ++page) {
    const Reply reply = world.get("carol", target);
    ASSERT_EQ(reply.status, 200);
    for (int i = 0; i < 3; ++i) {
      if (const std::string name = reply.text("/items/" + std::to_string(i) + "/name"); !name.empty())
        names.push_back(name);
    }
    const std::string next = reply.text("/next");
    EXPECT_EQ(next.empty(), page == 2);
    target = "/admin/v1/models?limit=3&cursor=" + next;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"m0", "m1", "m2", "m3", "m4", "m5", "m6"}));
  // A cursor is of its list alone.
  const std::string cursor = world.get("carol", "/admin/v1/models?limit=3").text("/next");
  EXPECT_EQ(world.get("carol", "/admin/v1/keys?cursor=" + cursor).status, 400);
}

TEST_F(Calls, RefusedByTheServerAreToldInTheSameForm) {
  const auto reply = world.api->refused("192.0.2.1", "/x", {400, "bad_request", "the request is malformed"});
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(reply.body,
            R"({"type":"urn:redoubt:problem:malformed-request","title":"The request cannot be read","status":400,)"
            R"("detail":"the request is malformed"})");
  EXPECT_EQ(world.recorder.refusals, std::vector<std::string>{"malformed-request"});
}

TEST_F(Calls, OfHealthAndTheDocumentAreAnyones) {
  EXPECT_EQ(world.get("", "/admin/v1/health").status, 200);
  EXPECT_EQ(world.get("", "/admin/v1/openapi.json").body, world.api->document());
  EXPECT_TRUE(world.recorder.refusals.empty());
}

TEST_F(Calls, ShowHowTheStateStands) {
  const Reply reply = world.get("carol", "/admin/v1/state");
  EXPECT_EQ(reply.at("/applied"), std::to_string(*world.engine->applied()));
  EXPECT_EQ(reply.at("/principals"), "4");
  EXPECT_EQ(reply.at("/keys"), "4");
}

TEST_F(Calls, PutABackupOnRecordBeforeItIsTaken) {
  const std::string body = R"({"recipient":")" + std::string(64, 'a') + R"("})";
  const Reply denied = world.post("carol", "/admin/v1/state/backups", body);
  EXPECT_EQ(denied.status, 403) << denied.body;
  for (const char* number : {"1", "2"}) {
    const Reply begun = world.post("alice", "/admin/v1/state/backups", body);
    ASSERT_EQ(begun.status, 200) << begun.body;
    EXPECT_EQ(begun.at("/number"), number);
    EXPECT_EQ(begun.at("/applied"), std::to_string(*world.engine->applied()));
  }
  EXPECT_EQ(world.post("alice", "/admin/v1/state/backups", R"({"recipient":"abc"})").status, 422);
}

TEST_F(Calls, ListTenantsOfTheConfiguration) {
  EXPECT_EQ(world.get("carol", "/admin/v1/tenants").body,
            R"({"items":[{"id":"acme","log":"redoubt.example/acme"},{"id":"zeta","log":"redoubt.example/z"}]})");
  EXPECT_EQ(world.get("carol", "/admin/v1/tenants/zeta").status, 200);
  EXPECT_EQ(world.get("carol", "/admin/v1/tenants/none").status, 404);
}

}  // namespace
}  // namespace redoubt::admin::test
