#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using Signals = AdminTest;

behaviour::Signal signal(std::string rule, std::uint64_t index, behaviour::Severity severity) {
  return {.rule = std::move(rule),
          .key = "principal/mallory",
          .index = index,
          .time = {1'780'000'000'000},
          .severity = severity,
          .score = 80,
          .confidence = 70,
          .attribution = behaviour::Attribution::kClaimed,
          .tenant = "acme",
          .message = "twenty denials within minutes",
          .entries = {index - 1, index},
          .tags = {"atlas:AML.T0029"}};
}

TEST_F(Signals, AreListedTheNewestFirst) {
  world.signals.all = {{0, signal("behaviour.denied_access", 7, behaviour::Severity::kMedium)},
                       {1, signal("behaviour.prompt_flood", 9, behaviour::Severity::kHigh)}};
  const Reply list = world.get("carol", "/admin/v1/signals");
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_EQ(list.at("/items/0"),
            R"({"id":"behaviour.prompt_flood:principal/mallory:9","rule":"behaviour.prompt_flood",)"
            R"("key":"principal/mallory","index":9,"time":"2026-05-28T20:26:40.000Z","severity":"high","score":80,)"
            R"("confidence":70,"attribution":"claimed","tenant":"acme","message":"twenty denials within minutes",)"
            R"("entries":[8,9],"tags":["atlas:AML.T0029"]})");
  EXPECT_EQ(list.text("/items/1/rule"), "behaviour.denied_access");
  EXPECT_EQ(list.at("/next"), "");
}

TEST_F(Signals, AreListedPageByPage) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    world.signals.all.push_back({i, signal("r" + std::to_string(i), 10 + i, behaviour::Severity::kLow)});
  }
  std::string rules;
  std::string path = "/admin/v1/signals?limit=2";
  for (int page = 0; page < 3; ++page) {
    const Reply list = world.get("carol", path);
    ASSERT_EQ(list.status, 200) << list.body;
    rules += list.text("/items/0/rule") + list.text("/items/1/rule") + " ";
    path = "/admin/v1/signals?limit=2&cursor=" + list.text("/next");
  }
  EXPECT_EQ(rules, "r4r3 r2r1 r0 ");
}

TEST_F(Signals, AreListedByRuleKeyAndSeverity) {
  world.signals.all = {{0, signal("a", 7, behaviour::Severity::kMedium)},
                       {1, signal("b", 9, behaviour::Severity::kHigh)}};
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?rule=a").text("/items/0/rule"), "a");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?rule=a").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?severity=high").text("/items/0/rule"), "b");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?severity=high").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?key=principal%2Fmallory").text("/items/1/rule"), "a");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?key=principal%2Falice").at("/items"), "[]");
  EXPECT_EQ(world.get("carol", "/admin/v1/signals?severity=dreadful").status, 400);
}

TEST_F(Signals, AreReadOnRecordByThoseWhoMay) {
  ASSERT_EQ(world.get("carol", "/admin/v1/signals").status, 200);
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol listSignals"});
  EXPECT_EQ(world.get("app", "/admin/v1/signals").status, 403);
  EXPECT_EQ(world.get("app", "/admin/v1/behaviour").status, 403);
}

TEST_F(Signals, StandBesideHowFarBehaviourHasRead) {
  world.signals.now = {.running = false, .why = "the disk is full"};
  Reply now = world.get("carol", "/admin/v1/behaviour");
  ASSERT_EQ(now.status, 200) << now.body;
  EXPECT_EQ(now.body,
            R"({"running":false,"why":"the disk is full","entries":0,"unread":0,"signals":0,"profiles":0,)"
            R"("evicted":0,"memory_bytes":0,"lag_ms":0,"p99_ms":0,"rules":0,"rule_groups":0,"rule_evicted":0,)"
            R"("mesh_nodes":0,"mesh_edges":0})");
  world.signals.now = {.running = true, .entries = 12, .time_ms = 1'780'000'000'000};
  now = world.get("carol", "/admin/v1/behaviour");
  EXPECT_EQ(now.at("/running"), "true");
  EXPECT_EQ(now.at("/entries"), "12");
  EXPECT_EQ(now.text("/time"), "2026-05-28T20:26:40.000Z");
}

}  // namespace
}  // namespace redoubt::admin::test
