#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kFirst = "00000000000000a1";
constexpr const char* kSecond = "00000000000000a2";

std::string path_of(const std::string& noun, const std::string& id) {
  return "/admin/v1/" + noun + "/" + id;
}

class Incidents : public AdminTest {
 protected:
  Incidents() {
    world.raise(kFirst);
    world.ledger.clock.value += 1000;
    world.raise(kSecond);
  }

  Reply act(const std::string& id, const std::string& verb, const std::string& body, const std::string& tag = "*") {
    return world.act("alice", Method::kPost, path_of("incidents", id) + "/" + verb, tag, body);
  }
  const std::string first = path_of("incidents", kFirst);
};

using Alerts = Incidents;

TEST_F(Alerts, AreListedNewestFirstByPage) {
  const Reply page = world.get("carol", "/admin/v1/alerts?limit=1");
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(page.text("/items/0/id"), kSecond);
  const Reply rest = world.get("carol", "/admin/v1/alerts?limit=1&cursor=" + page.text("/next"));
  EXPECT_EQ(rest.text("/items/0/id"), kFirst) << rest.body;
  EXPECT_EQ(rest.at("/next"), "");
}

TEST_F(Alerts, AreListedByRuleKeyTenantIncidentAndSeverity) {
  for (const char* filter : {"rule=behaviour.spend", "key=principal%2Fapp", "tenant=acme", "severity=high"}) {
    EXPECT_NE(world.get("carol", std::string("/admin/v1/alerts?") + filter).at("/items/1"), "") << filter;
  }
  for (const char* filter : {"rule=other", "key=principal%2Fbob", "tenant=zeta", "severity=critical"}) {
    EXPECT_EQ(world.get("carol", std::string("/admin/v1/alerts?") + filter).at("/items"), "[]") << filter;
  }
  const Reply of_one = world.get("carol", std::string("/admin/v1/alerts?incident=") + kFirst);
  EXPECT_EQ(of_one.text("/items/0/id"), kFirst);
  EXPECT_EQ(of_one.at("/items/1"), "");
}

TEST_F(Alerts, AreShown) {
  const Reply alert = world.get("carol", path_of("alerts", kFirst));
  ASSERT_EQ(alert.status, 200) << alert.body;
  EXPECT_EQ(alert.text("/rule"), "behaviour.spend");
  EXPECT_EQ(alert.text("/incident"), kFirst);
  EXPECT_EQ(alert.at("/signals"), "1");
  EXPECT_EQ(alert.headers.at("ETag"), "\"1\"");
  EXPECT_EQ(world.get("carol", path_of("alerts", "00000000000000ff")).status, 404);
}

TEST_F(Incidents, AreListedByStatusOwnerAndTenant) {
  ASSERT_EQ(world.patch("alice", first, R"({"owner":"bob"})", "\"0\"").status, 200);
  ASSERT_EQ(act(kSecond, "close", R"({"cause":"benign"})").status, 200);
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents?owner=bob").text("/items/0/id"), kFirst);
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents?status=closed").text("/items/0/id"), kSecond);
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents?status=closed").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents?tenant=zeta").at("/items"), "[]");
  const Reply page = world.get("carol", "/admin/v1/incidents?limit=1&tenant=acme");
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents?tenant=acme&cursor=" + page.text("/next")).text("/items/0/id"),
            kFirst);
}

TEST_F(Incidents, AreShownAtTheirVersion) {
  const Reply shown = world.get("carol", first);
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(shown.text("/title"), "spending of app");
  EXPECT_EQ(shown.text("/status"), "open");
  EXPECT_EQ(shown.at("/version"), "0");
  ASSERT_EQ(act(kFirst, "notes", R"({"text":"we called them"})").status, 200);
  const Reply noted = world.get("carol", first);
  EXPECT_EQ(noted.headers.at("ETag"), "\"1\"");
  const auto when_not = [&](const char* tag) {
    return world.call("carol", {Method::kGet, first, {{"If-None-Match", tag}}, {}}).status;
  };
  EXPECT_EQ(when_not("\"1\""), 304);
  EXPECT_EQ(when_not("\"0\""), 200);
  EXPECT_EQ(world.get("carol", path_of("incidents", "00000000000000ff")).status, 404);
}

TEST_F(Incidents, AreReadOnRecord) {
  for (const std::string& path : {std::string("/admin/v1/alerts"), path_of("alerts", kFirst),
                                  std::string("/admin/v1/incidents"), first, first + "/notes", first + "/notices",
                                  std::string("/admin/v1/responses"), path_of("responses", "f0000000000000a1")}) {
    ASSERT_EQ(world.get("carol", path).status, 200) << path;
  }
  EXPECT_EQ(world.recorder.reads, (std::vector<std::string>{"carol listAlerts", "carol getAlert", "carol listIncidents",
                                                            "carol getIncident", "carol listNotes", "carol listNotices",
                                                            "carol listResponses", "carol getResponse"}));
}

TEST_F(Incidents, AreTakenNamedAndLeft) {
  const Reply taken = world.patch("alice", first, R"({"owner":"bob","title":"a bill"})", "\"0\"");
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(taken.text("/owner"), "bob");
  EXPECT_EQ(taken.text("/title"), "a bill");
  EXPECT_NE(taken.at("/acknowledged"), "");
  EXPECT_EQ(taken.headers.at("ETag"), "\"1\"");
  const Reply left = world.patch("alice", first, R"({"owner":null,"status":"contained"})", "\"1\"");
  EXPECT_EQ(left.at("/owner"), "");
  EXPECT_EQ(left.text("/status"), "contained");
}

TEST_F(Incidents, AreTakenByOneOfTwoAnalystsAtOnce) {
  const auto take = [&](const char* who) {
    return world.start(who, {Method::kPatch,
                             first,
                             {{"Content-Type", "application/merge-patch+json"}, {"If-Match", "\"0\""}},
                             std::string(R"({"owner":")") + who + R"("})"});
  };
  const auto alice = take("alice");
  const auto bob = take("bob");
  world.run();
  EXPECT_EQ(alice->status, 200) << alice->body;
  EXPECT_EQ(bob->status, 409) << bob->body;
  EXPECT_EQ(world.get("carol", first).text("/owner"), "alice");
  EXPECT_EQ(take("bob")->status, 0);
  world.run();
  EXPECT_EQ(world.get("carol", first).text("/owner"), "alice") << "nor later, by what he saw before";
}

TEST_F(Incidents, AreNotChangedWhenTheChangeIsNone) {
  EXPECT_EQ(world.patch("alice", first, "{}", "*").status, 422);
  EXPECT_EQ(world.patch("alice", first, R"({"status":"closed"})", "*").status, 422);
  EXPECT_EQ(world.patch("alice", first, R"({"owner":"nobody"})", "*").status, 422);
  EXPECT_EQ(world.patch("alice", first, R"({"owner":"bob"})", "\"7\"").status, 409);
  EXPECT_EQ(world.patch("alice", path_of("incidents", "00000000000000ff"), R"({"owner":"bob"})", "*").status, 404);
  EXPECT_EQ(world.act("alice", Method::kPost, first + "/close", "", R"({"cause":"benign"})").status, 428);
  EXPECT_EQ(world.patch("alice", first, R"({"owner":)", "*").status, 400);
}

// Whoever changes an incident need not be one who may read what was written about it.
TEST_F(Incidents, HaveNotesByPageForReadersAlone) {
  const Reply written = act(kFirst, "notes", R"({"text":"one, which is secret"})");
  ASSERT_EQ(written.status, 200) << written.body;
  EXPECT_EQ(written.body.find("secret"), std::string::npos);
  ASSERT_EQ(act(kFirst, "notes", R"({"text":"two\nlines"})").status, 200);
  const Reply page = world.get("carol", first + "/notes?limit=1");
  EXPECT_EQ(page.at("/items/0/text"), R"("two\nlines")");
  EXPECT_EQ(page.text("/items/0/author"), "alice");
  const Reply rest = world.get("carol", first + "/notes?cursor=" + page.text("/next"));
  EXPECT_EQ(rest.text("/items/0/text"), "one, which is secret");
  EXPECT_EQ(rest.at("/items/1"), "");
  EXPECT_EQ(rest.at("/next"), "");
  // `listNotes`, a line end, `1x` and a number that is none of ours.
  for (const char* foreign : {"bGlzdE5vdGVzCjF4", "bGlzdE5vdGVzCjE4NDQ2NzQ0MDczNzA5NTUxNjE1"}) {
    EXPECT_EQ(world.get("carol", first + "/notes?cursor=" + foreign).status, 400) << foreign;
  }
  EXPECT_EQ(act(kFirst, "notes", R"({"text":""})").status, 422);
  EXPECT_EQ(act("00000000000000ff", "notes", R"({"text":"x"})").status, 404);
  EXPECT_EQ(world.get("carol", path_of("incidents", "00000000000000ff") + "/notes").status, 404);
}

TEST_F(Incidents, AreMergedIntoOneThatIsOpen) {
  const std::string into_second = std::string(R"({"into":")") + kSecond + R"("})";
  const Reply merged = act(kFirst, "merge", into_second, "\"0\"");
  ASSERT_EQ(merged.status, 200) << merged.body;
  EXPECT_EQ(merged.text("/status"), "merged");
  EXPECT_EQ(merged.text("/merged_into"), kSecond);
  EXPECT_NE(world.get("carol", std::string("/admin/v1/alerts?incident=") + kSecond).at("/items/1"), "");
  EXPECT_EQ(act(kFirst, "merge", into_second).status, 409);
  EXPECT_EQ(act(kSecond, "merge", into_second).status, 422);
  EXPECT_EQ(act(kSecond, "merge", std::string(R"({"into":")") + kFirst + R"("})").status, 409);
  EXPECT_EQ(act(kSecond, "merge", R"({"into":"00000000000000ff"})").status, 422);
  EXPECT_EQ(act("00000000000000ff", "merge", into_second).status, 404);
}

TEST_F(Incidents, AreClosedOnceWithACause) {
  EXPECT_EQ(act(kFirst, "close", R"({"cause":"none"})").status, 422);
  const Reply closed = act(kFirst, "close", R"({"cause":"false_positive"})");
  ASSERT_EQ(closed.status, 200) << closed.body;
  EXPECT_EQ(closed.text("/status"), "closed");
  EXPECT_EQ(closed.text("/cause"), "false_positive");
  EXPECT_EQ(act(kFirst, "close", R"({"cause":"benign"})").status, 409);
  EXPECT_EQ(act(kFirst, "notes", R"({"text":"too late"})").status, 409);
  EXPECT_EQ(act("00000000000000ff", "close", R"({"cause":"benign"})").status, 404);
}

TEST_F(Incidents, AreForWhomPoliciesSay) {
  for (const char* noun : {"alerts", "incidents", "responses"}) {
    EXPECT_EQ(world.get("app", std::string("/admin/v1/") + noun).status, 403) << noun;
    EXPECT_EQ(world.get("app", path_of(noun, kFirst)).status, 403) << noun;
  }
  EXPECT_EQ(world.patch("carol", first, R"({"owner":"carol"})", "*").status, 403);
  for (const auto& [verb, body] : {std::pair("notes", R"({"text":"x"})"), std::pair("close", R"({"cause":"benign"})"),
                                   std::pair("merge", R"({"into":"00000000000000a2"})")}) {
    EXPECT_EQ(world.act("carol", Method::kPost, first + "/" + verb, "*", body).status, 403) << verb;
  }
  EXPECT_EQ(world.get("carol", first).text("/status"), "open");
}

}  // namespace
}  // namespace redoubt::admin::test
