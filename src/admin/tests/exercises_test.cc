#include "admin/tests/support/admin_world.h"
#include "incident/exercise.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kBundle =
    R"({"files":[{"name":"redoubt.toml","text":"# nothing\n"},{"name":"playbooks/stop.yaml","text":)"
    R"("playbook: stop\nwhen: {rules: [behaviour.exfiltration_*], severity: high}\ndo:\n  - {effect: suspend, for: 1h}\n"}]})";

class Exercises : public AdminTest {
 protected:
  Reply start(std::string_view who, std::string_view playbook, std::string_view name) {
    return world.post(who, "/admin/v1/exercises",
                      R"({"playbook":")" + std::string(playbook) + R"(","name":")" + std::string(name) + R"("})");
  }
  void activate() {
    const Reply done = world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", kBundle);
    ASSERT_EQ(done.status, 200) << done.body;
  }
};

TEST_F(Exercises, AreIncidentsThatEnforceNothing) {
  activate();
  const Reply begun = start("alice", "stop", "spring");
  ASSERT_EQ(begun.status, 201) << begun.body;
  EXPECT_EQ(begun.text("/title"), "Exercise: behaviour.exfiltration_exercise of principal/exercise:spring");
  EXPECT_EQ(begun.headers.at("Location"), "/admin/v1/incidents/" + begun.text("/id"));
  EXPECT_TRUE(incident::is_exercise(begun.text("/id"), world.engine->tables()));
  const Reply alert = world.get("carol", "/admin/v1/alerts/" + begun.text("/id"));
  EXPECT_EQ(alert.text("/tags/0"), incident::kExerciseTag) << alert.body;
  EXPECT_EQ(alert.at("/entries"), "[]") << "it rests on nothing that happened";
  const Reply responses = world.get("carol", "/admin/v1/responses?incident=" + begun.text("/id"));
  EXPECT_EQ(responses.text("/items/0/status"), "rehearsed") << responses.body;
  EXPECT_EQ(responses.at("/items/1"), "");
  // People do with it what they do with any other.
  const Reply closed = world.act("bob", Method::kPost, begun.headers.at("Location") + "/close",
                                 begun.headers.at("ETag"), R"({"cause":"exercise"})");
  EXPECT_EQ(closed.text("/cause"), "exercise") << closed.body;
}

TEST_F(Exercises, AreHeldOnceForEachNameAndOfPlaybooksThatAreInForce) {
  EXPECT_EQ(start("alice", "stop", "spring").status, 409) << "no bundle is in force";
  activate();
  EXPECT_EQ(start("alice", "stop", "spring").status, 201);
  EXPECT_EQ(start("alice", "stop", "spring").status, 409);
  EXPECT_EQ(start("alice", "stop", "autumn").status, 201);
  const Reply unknown = start("alice", "go", "spring");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_NE(unknown.body.find("the bundle in force has no playbook `go`"), std::string::npos) << unknown.body;
  EXPECT_EQ(start("alice", "stop", "S p").status, 422);
}

}  // namespace
}  // namespace redoubt::admin::test
