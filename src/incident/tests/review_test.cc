#include "incident/review.h"

#include <algorithm>

#include "incident/facts.h"
#include "incident/tests/incident_fixture.h"
#include "state/rebuild.h"

namespace redoubt::incident::test {
namespace {

constexpr std::string_view kSuspend =
    "playbook: stop\nmode: enforce\nwhen: {severity: high, signals: 2}\ndo: [{effect: suspend, for: 1h}]\n";

class ReviewTest : public IncidentTest {
 protected:
  void SetUp() override {
    IncidentTest::SetUp();
    auto read = read_regimes("regimes.yaml", shipped_regimes());
    ASSERT_TRUE(read) << read.error().message();
    laws = *std::move(read);
  }
  behaviour::Signal low(const std::string& rule, const std::string& key) {
    behaviour::Signal out = signal(rule, key);
    out.severity = behaviour::Severity::kLow;
    return out;
  }
  Incident the() { return **find_incident(engine->tables(), id); }
  Result<Review> review(TimelineOrder order = TimelineOrder::kEvent) {
    return make_review(engine->tables(), ledger, {.incident = id, .laws = laws, .now = now(), .order = order});
  }
  void later(std::int64_t ms) { ledger.clock.value += ms; }

  RegimeTable laws;
  std::string id;
};

TEST_F(ReviewTest, SaysWhatHappenedWhatWasDoneAndWhatIsDue) {
  use(std::string(kSuspend));
  give(signal("behaviour.exfiltration_volume", "principal/a"));
  id = incidents().front().id;
  later(2000);
  give(signal("behaviour.exfiltration_volume", "principal/a"));
  ASSERT_EQ(responses().size(), 1u);
  later(60'000);
  ASSERT_TRUE(change(propose_change(the(), {.owner = "alice"})));
  later(60'000);
  ASSERT_TRUE(change(propose_change(the(), {.status = IncidentStatus::kContained})));
  ASSERT_TRUE(change(propose_end(responses().front(), EndWhy::kUndone)));
  ASSERT_TRUE(change(propose_aware(id, {.time = {now().value - 1000}, .why = "the ward called"},
                                   engine->version_of(clock_object(id)))));
  ASSERT_TRUE(change(
      propose_decide(id, {.regime = "gdpr", .notifiable = true, .why = "patients are named", .table = laws.digest},
                     engine->version_of(clock_object(id)))));

  NoticeAttempt told{.notice = "00000000000000aa",
                     .endpoint = "pager",
                     .incident = id,
                     .kind = "incident_opened",
                     .severity = Severity::kHigh,
                     .number = 1,
                     .outcome = "delayed",
                     .why = "the endpoint answers 503"};
  ASSERT_TRUE(change(propose_notice(told, 0), "redoubt"));
  told.number = 2;
  told.outcome = "delivered";
  told.why.clear();
  ASSERT_TRUE(change(propose_notice(told, 1), "redoubt"));
  told.endpoint = "Pager";
  EXPECT_EQ(propose_notice(told, 0).error().code(), Errc::kInvalidArgument);

  const auto made = review();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->first->value, kNow + 1);
  EXPECT_EQ(made->detected->value, kNow + 1);
  EXPECT_EQ(made->stopped->value, kNow + 2001);
  EXPECT_EQ(made->answered, made->stopped);
  EXPECT_EQ(made->acknowledged->value, kNow + 62'001);
  EXPECT_EQ(made->contained->value, kNow + 122'001);
  ASSERT_EQ(made->timeline.size(), 11u);
  ASSERT_EQ(made->notices.size(), 1u);
  EXPECT_EQ(made->notices[0].last.number, 2u);
  EXPECT_EQ(made->notices[0].last.outcome, "delivered");
  EXPECT_EQ(made->timeline[0].item.what, Happening::kAlertRaised);
  const auto started = std::find_if(made->timeline.begin(), made->timeline.end(), [](const ReviewItem& each) {
    return each.item.what == Happening::kResponseStarted;
  });
  ASSERT_NE(started, made->timeline.end());
  EXPECT_NE(started->item.text.find("principal/a"), std::string::npos) << started->item.text;
  for (const ReviewItem& each : made->timeline) {
    EXPECT_EQ(each.leaf_hash.size(), 64u);
    const std::string_view object = each.item.object;
    EXPECT_NE(ledger.record(each.item.place.index).find(object.substr(object.find('/') + 1)), std::string::npos)
        << "the entry is about it";
  }

  const std::string text = to_markdown(document_of(*made));
  for (const char* const said :
       {"| First response that stopped somebody | 2026-05-28T20:26:42.001Z | 2 s |",
        "| suspend | principal/a | ended |", "undone", "patients are named", "| gdpr | authority |", "Nobody looked"}) {
    EXPECT_NE(text.find(said), std::string::npos) << said << "\n" << text;
  }
}

TEST_F(ReviewTest, OrdersTheTimelineByEitherTime) {
  give(signal("behaviour.prompt_flood", "principal/a"));
  id = incidents().front().id;
  later(10'000);
  ASSERT_TRUE(change(propose_change(the(), {.owner = "alice"})));
  later(10'000);
  // Said last, and first of all that happened.
  ASSERT_TRUE(change(propose_aware(id, {.time = {kNow - kDay}, .why = "a letter"}, 0)));
  const auto happened = review(TimelineOrder::kEvent);
  const auto known = review(TimelineOrder::kDiscovery);
  ASSERT_TRUE(happened && known);
  EXPECT_EQ(happened->timeline.front().item.what, Happening::kClockAware);
  EXPECT_EQ(known->timeline.back().item.what, Happening::kClockAware);
  EXPECT_EQ(known->timeline.back().item.event.value, kNow - kDay);
}

TEST_F(ReviewTest, NamesTheRulesThatHadSpokenBefore) {
  give(low("behaviour.new_tool", "principal/a"));
  give(low("behaviour.new_tool", "principal/b"));
  later(3'600'000);
  give(signal("behaviour.exfiltration_volume", "principal/a"));
  id = incidents().front().id;
  const auto made = review();
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_EQ(made->earlier.size(), 1u) << "what is about somebody else is no sign";
  EXPECT_EQ(made->earlier[0].alert.rule, "behaviour.new_tool");
  EXPECT_FALSE(made->earlier[0].of_incident);
  EXPECT_GE(made->earlier[0].lead_ms, 3'600'000 - 10);
  EXPECT_NE(to_markdown(document_of(*made)).find("| behaviour.new\\_tool | low |"), std::string::npos);
}

TEST_F(ReviewTest, OfWhatGrewIntoItSaysSo) {
  give(low("behaviour.exfiltration_volume", "principal/a"));
  later(600'000);
  give(signal("behaviour.exfiltration_volume", "principal/a"));
  id = incidents().front().id;
  const auto made = review();
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_EQ(made->earlier.size(), 1u);
  EXPECT_TRUE(made->earlier[0].of_incident);
  EXPECT_EQ(made->timeline.size(), 3u) << "what was on record before it belonged to the incident is in its timeline";
}

TEST_F(ReviewTest, HasWhatWasMergedAndIsNotMadeOfThat) {
  give(signal("behaviour.prompt_flood", "principal/a"));
  id = incidents().front().id;
  later(1000);
  give(signal("behaviour.prompt_flood", "principal/b"));
  const Incident second = incidents().front();
  ASSERT_TRUE(change(propose_note(second, "seen on the ward")));
  ASSERT_TRUE(change(propose_merge(**find_incident(engine->tables(), second.id), the())));
  const auto made = review();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->merged, std::vector<std::string>{second.id});
  EXPECT_EQ(made->alerts.size(), 2u);
  EXPECT_EQ(made->timeline.size(), 6u);
  id = second.id;
  EXPECT_EQ(review().error().code(), Errc::kConflict);
  id = "0123456789abcdef";
  EXPECT_EQ(review().error().code(), Errc::kNotFound);
  const auto rebuilt = state::rebuild(engine->path(), std::vector<state::Projection*>{projection.get()}, ledger);
  ASSERT_TRUE(rebuilt) << rebuilt.error().message();
  EXPECT_TRUE(rebuilt->equal());
}

// Titles, messages and reasons come from whoever is behind the incident, too.
TEST_F(ReviewTest, NothingOfAnAttackersTextIsMarkup) {
  behaviour::Signal evil = signal("behaviour.prompt_flood", "principal/a");
  evil.message = "</td><script>alert(1)</script> | ![x](http://evil.example/x) | ";
  give(evil);
  id = incidents().front().id;
  ASSERT_TRUE(change(propose_change(the(), {.title = "<h1>[click](javascript:x)</h1>"})));
  ASSERT_TRUE(change(propose_note(the(), "\n# All clear\n\n<iframe src=//evil.example>")));
  const auto made = review();
  ASSERT_TRUE(made) << made.error().message();
  const std::string html = to_html(document_of(*made));
  for (const char* const raw : {"<script>", "<h1>[", "<iframe", "src=x"}) {
    EXPECT_EQ(html.find(raw), std::string::npos) << raw;
  }
  EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
  const std::string markdown = to_markdown(document_of(*made));
  for (const char* const raw : {"<script>", "![x]", "[click](", "\n# All clear", "| ![", "http://"}) {
    EXPECT_EQ(markdown.find(raw), std::string::npos) << raw;
  }
}

TEST_F(ReviewTest, AnEntryThatIsAnotherFactIsNoticed) {
  give(signal("behaviour.prompt_flood", "principal/a"));
  id = incidents().front().id;
  state::test::FakeLedger other;
  EXPECT_FALSE(make_review(engine->tables(), other, {.incident = id, .laws = laws, .now = now()}));
}

}  // namespace
}  // namespace redoubt::incident::test
