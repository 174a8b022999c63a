#include "incident/playbook.h"

#include <gtest/gtest.h>

namespace redoubt::incident {
namespace {

constexpr const char* kWhole = R"(playbook: contain-exfiltration
description: Whoever takes out far more than ever.
mode: enforce
when:
  rules: [behaviour.exfiltration_*, sigma.a]
  severity: high
  confidence: 60
  score: 50
  signals: 3
  tags: [atlas:AML.T0024]
do:
  - effect: throttle
    per_minute: 10
    for: 4h
  - effect: suspend
    for: 30m
    approval: true
  - effect: inspect
    families: [attack, secret]
    for: 7d
  - effect: block
    target: model/clinic-llm
    for: 90s
notify: [ciso, on-call]
guard:
  stops_per_minute: 2
  traffic_percent: 1
)";

behaviour::Signal fitting() {
  return {.rule = "behaviour.exfiltration_drip",
          .severity = behaviour::Severity::kCritical,
          .score = 50,
          .confidence = 60,
          .tags = {"owasp-llm:LLM02:2026", "atlas:AML.T0024.002"}};
}

TEST(PlaybookTest, SaysWhatIsToBeDone) {
  const auto read = read_playbooks("p.yaml", kWhole);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 1u);
  const Playbook& playbook = read->front();
  EXPECT_EQ(playbook.name, "contain-exfiltration");
  EXPECT_FALSE(playbook.rehearse);
  ASSERT_EQ(playbook.steps.size(), 4u);
  const Target about = *parse_target("principal/a");
  EXPECT_EQ(playbook.steps[0].on(about),
            (Action{.effect = Effect::kThrottle, .target = about, .for_ms = 14'400'000, .per_minute = 10}));
  EXPECT_TRUE(playbook.steps[1].approval);
  EXPECT_EQ(playbook.steps[2].on(about).families, "attack,secret");
  EXPECT_EQ(playbook.steps[3].on(about).target.text(), "model/clinic-llm");
  EXPECT_EQ(playbook.notify, (std::vector<std::string>{"ciso", "on-call"}));
  EXPECT_EQ(playbook.guard.stops_per_minute, 2u);
  EXPECT_EQ(playbook.guard.traffic_percent, 1u);
}

TEST(PlaybookTest, NotifiesRoles) {
  const std::string begin = "playbook: p\ndo: [{effect: suspend, for: 1h}]\nnotify: ";
  EXPECT_TRUE(read_playbooks("p.yaml", begin + "[soc]\n"));
  for (const char* bad : {"soc", "[]", "[SOC]", "['']", "[a b]", "[soc, 7]", "[abcdefghijklmnopqrstuvwxyz0123456]"}) {
    const auto read = read_playbooks("p.yaml", begin + bad + "\n");
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().message().substr(0, 9), "p.yaml:3:") << read.error().message();
  }
}

TEST(PlaybookTest, EachConditionCounts) {
  const Playbook playbook = read_playbooks("p.yaml", kWhole)->front();
  EXPECT_TRUE(playbook.is_for(fitting(), 3));
  EXPECT_FALSE(playbook.is_for(fitting(), 2));
  const auto without = [&](auto&& change) {
    behaviour::Signal signal = fitting();
    change(signal);
    return playbook.is_for(signal, 3);
  };
  EXPECT_FALSE(without([](auto& s) { s.rule = "behaviour.denied_access"; }));
  EXPECT_TRUE(without([](auto& s) { s.rule = "sigma.a"; }));
  EXPECT_FALSE(without([](auto& s) { s.rule = "sigma.ab"; }));
  EXPECT_FALSE(without([](auto& s) { s.severity = behaviour::Severity::kMedium; }));
  EXPECT_FALSE(without([](auto& s) { s.confidence = 59; }));
  EXPECT_FALSE(without([](auto& s) { s.score = 49; }));
  EXPECT_FALSE(without([](auto& s) { s.tags = {"atlas:AML.T00241"}; }));
  EXPECT_FALSE(without([](auto& s) { s.tags.clear(); }));
}

TEST(PlaybookTest, WhatIsNotUnderstoodIsAnErrorWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"do: [{effect: suspend, for: 1h}]", "p.yaml:1: a playbook is named by `playbook`"},
      {"playbook: A\ndo: [{effect: suspend, for: 1h}]", "p.yaml:1: a playbook is named"},
      {"playbook: a", "p.yaml:1: a playbook says what to `do`"},
      {"playbook: a\ndo: [{effect: suspend, for: 1h}]\nwhenever: {}", "p.yaml:3: `whenever` is not known"},
      {"playbook: a\nwhen: {rule: x}\ndo: [{effect: suspend, for: 1h}]", "p.yaml:2: `rule` is not known"},
      {"playbook: a\nwhen: {rules: ['*x']}\ndo: [{effect: suspend, for: 1h}]", "p.yaml:2: a rule is named whole"},
      {"playbook: a\nwhen: {severity: worst}\ndo: [{effect: suspend, for: 1h}]", "p.yaml:2: `severity` is"},
      {"playbook: a\nwhen: {confidence: 101}\ndo: [{effect: suspend, for: 1h}]", "p.yaml:2: `confidence` is"},
      {"playbook: a\ndo: [{effect: delete, for: 1h}]", "p.yaml:2: `effect` is"},
      {"playbook: a\ndo: [{for: 1h}]", "p.yaml:2: a step has an `effect`"},
      {"playbook: a\ndo: [{effect: suspend}]", "p.yaml:2: a response lasts"},
      {"playbook: a\ndo: [{effect: suspend, for: 60d}]", "p.yaml:2: a response lasts"},
      {"playbook: a\ndo: [{effect: suspend, for: 1 hour}]", "p.yaml:2: `for` is a number"},
      {"playbook: a\ndo: [{effect: throttle, for: 1h}]", "p.yaml:2: a throttle lets"},
      {"playbook: a\ndo: [{effect: suspend, for: 1h, per_minute: 3}]", "p.yaml:2: only a throttle"},
      {"playbook: a\ndo: [{effect: inspect, for: 1h, families: [virus]}]", "p.yaml:2: `virus` is no family"},
      {"playbook: a\ndo: [{effect: suspend, target: model/m, for: 1h}]", "p.yaml:2: there is no `suspend` of a model"},
      {"playbook: a\ndo: [{effect: block, target: tenant/t, for: 1h}]", "p.yaml:2: `tenant/t` is nothing"},
      {"playbook: a\ndo: [{effect: suspend, for: 1h}]\nguard: {traffic_percent: 6}", "p.yaml:3: `traffic_percent`"},
      {"playbook: a\nmode: yes\ndo: [{effect: suspend, for: 1h}]", "p.yaml:2: `mode` is"},
      {"playbook: a\ndo: [{effect: suspend, for: 1h}]\n---\nplaybook: a\ndo: [{effect: suspend, for: 1h}]",
       "p.yaml:4: there is another playbook `a`"},
      {"playbook: &x a\ndo: *x", "p.yaml:1: anchors"},
      {"- 1", "p.yaml:1: a playbook is a map"},
      {"playbook: [", "p.yaml:"},
  };
  for (const auto& [yaml, message] : wrong) {
    const auto read = read_playbooks("p.yaml", yaml);
    ASSERT_FALSE(read) << yaml;
    EXPECT_EQ(read.error().message().rfind(message, 0), 0u) << yaml << "\n" << read.error().message();
  }
  EXPECT_EQ(read_playbooks("p.yaml", std::string(kPlaybookFileMax + 1, ' ')).error().code(), Errc::kTooLarge);
}

TEST(PlaybookTest, Durations) {
  EXPECT_EQ(parse_duration("90s"), 90'000);
  EXPECT_EQ(parse_duration("2d"), 172'800'000);
  for (const char* bad : {"", "s", "1", "-1s", "1.5h", "1h ", "99999999999s", "1w"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace redoubt::incident
