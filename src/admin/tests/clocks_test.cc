#include "admin/tests/support/admin_world.h"
#include "incident/regimes.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kIncident = "00000000000000a1";

class IncidentClocks : public AdminTest {
 protected:
  IncidentClocks() { world.raise(kIncident); }

  Reply act(const std::string& what, const std::string& body, const std::string& tag = "*") {
    return world.act("alice", Method::kPost, clocks + "/" + what, tag, body);
  }
  std::string time(std::int64_t earlier_ms) { return incident::time_text({world.ledger.clock.value - earlier_ms}); }

  const std::string clocks = std::string("/admin/v1/incidents/") + kIncident + "/clocks";
};

TEST_F(IncidentClocks, RunFromWhatPeopleSay) {
  const Reply none = world.get("carol", clocks);
  ASSERT_EQ(none.status, 200) << none.body;
  EXPECT_EQ(none.at("/deadlines"), "[]");
  EXPECT_EQ(none.headers.at("ETag"), "\"0\"");

  const std::string aware = R"({"time":")" + time(3'600'000) + R"(","reason":"the ward called"})";
  EXPECT_EQ(act("awareness", aware, "\"7\"").status, 409);
  const Reply said = act("awareness", aware, "\"0\"");
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(said.text("/awareness/by"), "alice");
  EXPECT_EQ(said.text("/deadlines/0/regime"), "gdpr");
  EXPECT_EQ(said.text("/deadlines/0/state"), "undecided");

  EXPECT_EQ(act("told", R"({"regime":"gdpr","step":"authority","time":")" + time(0) + R"("})").status, 409)
      << "nobody has decided";
  EXPECT_EQ(act("decisions", R"({"regime":"solvency","notifiable":true,"reason":"x"})").status, 422);
  const Reply decided = act("decisions", R"({"regime":"gdpr","notifiable":true,"reason":"patients are named"})");
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(decided.text("/deadlines/0/state"), "due");
  EXPECT_EQ(decided.text("/decisions/0/laws"), decided.text("/laws"));
  const Reply told =
      act("told", R"({"regime":"gdpr","step":"authority","time":")" + time(0) + R"(","reference":"case 17"})");
  ASSERT_EQ(told.status, 200) << told.body;
  EXPECT_EQ(told.text("/deadlines/0/state"), "done");
  EXPECT_EQ(told.at("/version"), "3");
}

TEST_F(IncidentClocks, AreForWhoMayChangeIncidents) {
  const std::string aware = R"({"time":")" + time(1000) + R"(","reason":"x"})";
  EXPECT_EQ(world.act("carol", Method::kPost, clocks + "/awareness", "*", aware).status, 403);
  EXPECT_EQ(world.get("alice", "/admin/v1/incidents/00000000000000ff/clocks").status, 404);
  EXPECT_EQ(act("awareness", R"({"time":"2099-01-01T00:00:00Z","reason":"x"})").status, 422) << "it has not come";
  EXPECT_EQ(act("awareness", R"({"time":"yesterday","reason":"x"})").status, 422);
}

TEST_F(IncidentClocks, AreInTheReview) {
  ASSERT_EQ(act("awareness", R"({"time":")" + time(1000) + R"(","reason":"<script>x</script>"})").status, 200);
  const std::string path = std::string("/admin/v1/incidents/") + kIncident + "/review";
  const Reply markdown = world.get("carol", path);
  ASSERT_EQ(markdown.status, 200) << markdown.body;
  EXPECT_NE(markdown.text("/text").find("as alice said"), std::string::npos) << markdown.text("/text");
  const Reply html = world.get("carol", path + "?format=html&order=known");
  ASSERT_EQ(html.status, 200) << html.body;
  EXPECT_EQ(html.text("/text").find("<script>"), std::string::npos);
  EXPECT_EQ(world.get("carol", path + "?format=pdf").status, 400);
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents/00000000000000ff/review").status, 404);
}

}  // namespace
}  // namespace redoubt::admin::test
