#include "incident/timeline.h"

#include <algorithm>

#include "incident/facts.h"
#include "incident/tests/incident_fixture.h"

namespace redoubt::incident::test {
namespace {

class Timelines : public IncidentTest {
 protected:
  void SetUp() override {
    playbooks_text = R"(
playbook: ask
mode: enforce
when: {rules: [behaviour.exfiltration_*]}
do:
  - {effect: suspend, for: 1h}
  - {effect: step_up, for: 2h}
)";
    IncidentTest::SetUp();
  }
  Incident raise(const std::string& rule, const std::string& key) {
    give(signal(rule, key));
    return incidents().front();
  }
  std::vector<TimelineItem> all(const Incident& of, TimelineOrder order = TimelineOrder::kEvent) {
    return *list_timeline(engine->tables(), of.id, order, {}, 1000);
  }
  static std::vector<std::string> told(const std::vector<TimelineItem>& items) {
    std::vector<std::string> out;
    for (const TimelineItem& item : items) out.emplace_back(to_string(item.what));
    return out;
  }
};

TEST_F(Timelines, TellWhatOneFactMadeHappenPartByPart) {
  const Incident incident = raise("behaviour.exfiltration_volume", "principal/a");
  const auto items = all(incident, TimelineOrder::kDiscovery);
  ASSERT_EQ(told(items),
            (std::vector<std::string>{"alert.raised", "incident.opened", "response.started", "response.started"}));
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].place, (ItemPlace{.index = items[0].place.index, .part = i}));
    EXPECT_EQ(items[i].incident, incident.id);
    EXPECT_EQ(items[i].actor, "redoubt");
    EXPECT_EQ(items[i].discovered, now());
  }
  EXPECT_EQ(items[0].object, "alert/" + incident.id);
  EXPECT_EQ(items[0].event, (UnixMillis{kNow + 1}));
  EXPECT_EQ(items[0].text, "high, behaviour.exfiltration_volume about principal/a: much more than ever");
  EXPECT_EQ(items[1].text, incident.title);
  EXPECT_EQ(items[2].text, "suspend principal/a for 3600 s");
}

TEST_F(Timelines, TellWhatPeopleDid) {
  const Incident incident = raise("behaviour.prompt_flood", "principal/a");
  ASSERT_TRUE(change(propose_change(incident, {.status = IncidentStatus::kContained, .owner = "alice", .title = "T"})));
  const Incident taken = **find_incident(engine->tables(), incident.id);
  ASSERT_TRUE(change(propose_note(taken, "it was Eve")));
  const std::string id = "00112233445566aa";
  const Action throttle{
      .effect = Effect::kThrottle, .target = *parse_target("principal/a"), .for_ms = 60'000, .per_minute = 5};
  ASSERT_TRUE(change(propose_response(id, throttle, incident.id, "clinic", "too much")));
  ASSERT_TRUE(change(propose_end(**find_response(engine->tables(), id), EndWhy::kUndone), "bob"));
  const Incident noted = **find_incident(engine->tables(), incident.id);
  ASSERT_TRUE(change(propose_close(noted, Cause::kBenign)));
  const auto items = all(incident);
  EXPECT_EQ(told(items),
            (std::vector<std::string>{"alert.raised", "incident.opened", "incident.changed", "incident.noted",
                                      "response.started", "response.undone", "incident.closed"}));
  EXPECT_EQ(items[2].text, "contained, taken by alice, named T");
  EXPECT_EQ(items[3].text, "") << "what a note says is sealed";
  EXPECT_EQ(items[4].text, "throttle principal/a for 60 s: too much");
  EXPECT_EQ(items[5].actor, "bob");
  EXPECT_EQ(items[6].text, "benign");
}

// What happened early may become known late.
TEST_F(Timelines, AreInTheOrderOfEventsOrOfDiscovery) {
  const Incident incident = raise("behaviour.prompt_flood", "principal/a");
  ledger.clock.value += 5 * kMinute;
  auto late = signal("behaviour.tool_misuse", "principal/a");
  late.time = {kNow - kMinute};
  give(late);
  ASSERT_EQ(incidents().size(), 1u);
  EXPECT_EQ(all(incident, TimelineOrder::kDiscovery).back().event, (UnixMillis{kNow - kMinute}));
  EXPECT_EQ(all(incident, TimelineOrder::kEvent).front().event, (UnixMillis{kNow - kMinute}));
}

TEST_F(Timelines, MoveWithWhatIsMerged) {
  const Incident first = raise("behaviour.prompt_flood", "principal/a");
  const Incident second = raise("behaviour.prompt_flood", "principal/b");
  ASSERT_TRUE(change(propose_merge(second, first)));
  EXPECT_TRUE(all(second).empty());
  const auto items = all(first, TimelineOrder::kDiscovery);
  EXPECT_EQ(told(items), (std::vector<std::string>{"alert.raised", "incident.opened", "alert.raised", "incident.opened",
                                                   "incident.merged"}));
  EXPECT_EQ(items.back().object, "incident/" + second.id);
  EXPECT_EQ(items.back().text, "into " + first.id);
}

// Pages of any size, in both orders, give every item once and in order; and so does what is read from the ledger's
// order.
TEST_F(Timelines, HaveEveryItemOnceOverPages) {
  const Incident incident = raise("behaviour.exfiltration_volume", "principal/a");
  for (int i = 0; i < 20; ++i) {
    auto next = signal("behaviour.rule_" + std::to_string(i), "principal/a");
    next.time.value -= (i * 7919) % 13;  // not in the order of discovery
    give(next);
  }
  for (const TimelineOrder order : {TimelineOrder::kEvent, TimelineOrder::kDiscovery}) {
    const auto whole = all(incident, order);
    ASSERT_GT(whole.size(), 20u);
    for (const std::size_t limit : {1u, 2u, 7u}) {
      std::vector<ItemPlace> places;
      std::optional<TimelineAfter> after;
      while (true) {
        const auto page = *list_timeline(engine->tables(), incident.id, order, after, limit);
        if (page.empty()) break;
        for (const TimelineItem& item : page) places.push_back(item.place);
        after = TimelineAfter{.event = page.back().event, .place = page.back().place};
      }
      std::vector<ItemPlace> expected;
      for (const TimelineItem& item : whole) expected.push_back(item.place);
      EXPECT_EQ(places, expected) << limit;
    }
  }
  const auto everything = *items_after(engine->tables(), {}, 1000);
  EXPECT_TRUE(std::is_sorted(everything.begin(), everything.end(),
                             [](const auto& a, const auto& b) { return a.place < b.place; }));
  const auto rest = *items_after(engine->tables(), everything[2].place, 1000);
  ASSERT_EQ(rest.size(), everything.size() - 3);
  EXPECT_EQ(rest.front().place, everything[3].place);
}

}  // namespace
}  // namespace redoubt::incident::test
