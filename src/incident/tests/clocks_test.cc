#include "incident/clocks.h"

#include "incident/facts.h"
#include "incident/tests/incident_fixture.h"
#include "state/rebuild.h"

namespace redoubt::incident::test {
namespace {

constexpr std::int64_t kHour = 3'600'000;

class ClocksTest : public IncidentTest {
 protected:
  void SetUp() override {
    IncidentTest::SetUp();
    auto read = read_regimes("regimes.yaml", shipped_regimes());
    ASSERT_TRUE(read) << read.error().message();
    table = *std::move(read);
    // A Wednesday, 14:13:20 UTC.
    ledger.clock = {1'798'640'000'000};
    give_at("principal/a");
    id = incidents().front().id;
  }
  void give_at(const std::string& key) {
    behaviour::Signal raised = signal("behaviour.prompt_flood", key);
    raised.time = now();
    give(raised);
  }

  std::uint64_t version(const std::string& incident) { return engine->version_of(clock_object(incident)); }
  Result<state::Applied> aware(UnixMillis time, const std::string& who = "alice") {
    return change(propose_aware(id, {.time = time, .why = "the ward called"}, version(id)), who);
  }
  Result<state::Applied> decide(const std::string& regime, bool yes, const std::string& who = "bob") {
    return change(
        propose_decide(id, {.regime = regime, .notifiable = yes, .why = "said so", .table = table.digest}, version(id)),
        who);
  }
  Result<state::Applied> tell(const std::string& regime, const std::string& step, UnixMillis time) {
    return change(
        propose_tell(id, {.regime = regime, .step = step, .time = time, .reference = "case 17"}, version(id)));
  }
  Clocks clocks() { return *find_clocks(engine->tables(), id); }
  Deadline due(const std::string& regime, const std::string& step, std::int64_t later_ms = 0) {
    for (const Deadline& each : deadlines(clocks(), table, {now().value + later_ms})) {
      if (each.regime == regime && each.step == step) return each;
    }
    ADD_FAILURE() << "no clock " << regime << " " << step;
    return {};
  }
  std::string due_text(const std::string& regime, const std::string& step) {
    const Deadline found = due(regime, step);
    return (found.due ? time_text(*found.due) : "none") + (found.provisional ? " provisional" : "");
  }

  RegimeTable table;
  std::string id;
};

TEST_F(ClocksTest, BeginWithOneAwarenessTimeThatAPersonSaid) {
  EXPECT_TRUE(deadlines(clocks(), table, now()).empty());
  EXPECT_EQ(aware({now().value - kHour}, "redoubt").error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(aware({now().value + 1}).error().code(), Errc::kInvalidArgument) << "nobody knows what is to come";
  ASSERT_TRUE(aware({now().value - kHour}));
  ASSERT_TRUE(clocks().awareness);
  EXPECT_EQ(clocks().awareness->by, "alice");
  EXPECT_EQ(due("gdpr", "authority").state, ClockState::kUndecided);
  EXPECT_EQ(due("gdpr", "authority").due, (UnixMillis{1'798'639'200'000 + 72 * kHour}));

  ASSERT_TRUE(aware({now().value - 2 * kHour}, "bob"));
  const Awareness said = *clocks().awareness;
  EXPECT_EQ(said.corrections, 1u);
  EXPECT_EQ(said.first.value, now().value - kHour);
  EXPECT_EQ(said.time.value, now().value - 2 * kHour);
  EXPECT_EQ(said.by, "bob");
}

TEST_F(ClocksTest, AreDueOrOverdueByWhatAPersonDecidedAndTheTime) {
  ASSERT_TRUE(aware(now()));
  EXPECT_EQ(decide("gdpr", true, "redoubt").error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(tell("gdpr", "authority", now()).error().code(), Errc::kConflict) << "nobody has decided";
  ASSERT_TRUE(decide("gdpr", true));
  ASSERT_TRUE(decide("hipaa", false));
  EXPECT_EQ(due("hipaa", "individuals").state, ClockState::kNotNotifiable);
  const std::int64_t left = due("gdpr", "authority").due->value - now().value;
  EXPECT_EQ(due("gdpr", "authority", left - 1).state, ClockState::kDue);
  EXPECT_EQ(due("gdpr", "authority", left).state, ClockState::kOverdue);
  EXPECT_EQ(due("gdpr", "persons", 100 * left).state, ClockState::kDue) << "without undue delay has no figure";

  ledger.clock.value += left;
  ASSERT_TRUE(tell("gdpr", "authority", {now().value - 1}));
  EXPECT_EQ(due("gdpr", "authority").state, ClockState::kDone);
  ASSERT_TRUE(tell("gdpr", "persons", now()));
  EXPECT_EQ(due("gdpr", "persons").state, ClockState::kDone);
  EXPECT_EQ(tell("gdpr", "persons", {now().value - 5}).error().code(), Errc::kInvalidArgument);
  ASSERT_EQ(clocks().decisions.size(), 2u);
  EXPECT_EQ(clocks().decisions[0].by, "bob");
  EXPECT_EQ(clocks().decisions[0].table, table.digest);
  EXPECT_EQ(clocks().told[0].reference, "case 17");
}

TEST_F(ClocksTest, WhatIsToldTooLateStaysLate) {
  ASSERT_TRUE(aware(now()));
  ASSERT_TRUE(decide("nis2", true));
  ledger.clock.value += 26 * kHour;
  ASSERT_TRUE(tell("nis2", "early_warning", now()));
  EXPECT_EQ(due("nis2", "early_warning").state, ClockState::kDoneLate);
  EXPECT_EQ(due("nis2", "notification").state, ClockState::kDue);
}

TEST_F(ClocksTest, ALaterTermRunsFromWhenTheEarlierStepWasDone) {
  // Aware on Wednesday, 30 December 2026, in the hour of 14.
  ASSERT_TRUE(aware(now()));
  EXPECT_EQ(time_text(now()), "2026-12-30T14:13:20Z");
  ASSERT_TRUE(decide("nis2", true));
  EXPECT_EQ(due_text("nis2", "early_warning"), "2026-12-31T15:00:00Z");
  EXPECT_EQ(due_text("nis2", "notification"), "2027-01-02T15:00:00Z");
  EXPECT_EQ(due_text("nis2", "final_report"), "2027-02-03T00:00:00Z provisional");
  ledger.clock.value += 10 * kHour;
  ASSERT_TRUE(tell("nis2", "notification", now()));
  // From Thursday, 31 December: the 31st of January is a Sunday.
  EXPECT_EQ(due_text("nis2", "final_report"), "2027-02-02T00:00:00Z");
}

// Delegated Regulation (EU) 2025/301, Art. 5.
TEST_F(ClocksTest, OfDoraRunFromTheClassificationWithinADayOfAwareness) {
  ASSERT_TRUE(aware(now()));  // 14:13:20
  EXPECT_EQ(due_text("dora", "initial"), "2026-12-30T19:00:00Z provisional");
  ledger.clock.value += 2 * kHour;
  ASSERT_TRUE(decide("dora", true));
  EXPECT_EQ(due_text("dora", "initial"), "2026-12-30T21:00:00Z") << "four hours after it was classified";
  ASSERT_TRUE(decide("dora", false));
  ledger.clock.value += 20 * kHour;
  ASSERT_TRUE(decide("dora", true));
  EXPECT_EQ(due_text("dora", "initial"), "2026-12-31T15:00:00Z") << "not later than a day after awareness";
  ASSERT_TRUE(decide("dora", false));
  ledger.clock.value += 20 * kHour;
  ASSERT_TRUE(decide("dora", true));
  EXPECT_EQ(due_text("dora", "initial"), "2027-01-01T13:00:00Z") << "classified when that day had passed";
  ASSERT_TRUE(decide("dora", true, "carol"));
  EXPECT_EQ(due_text("dora", "initial"), "2027-01-01T13:00:00Z") << "said again, it does not begin again";
}

TEST_F(ClocksTest, RunOnWhenAnIncidentIsClosedAndMoveWhenItIsMerged) {
  ASSERT_TRUE(aware(now()));
  ASSERT_TRUE(decide("gdpr", true));
  ASSERT_TRUE(decide("nis2", false));
  const UnixMillis earlier = clocks().awareness->time;
  const std::string first = id;
  ledger.clock.value += kHour;
  give_at("principal/b");
  for (const Incident& each : incidents()) {
    if (each.id != first) id = each.id;
  }
  ASSERT_NE(id, first);
  ASSERT_TRUE(aware(now()));
  ASSERT_TRUE(decide("gdpr", false));
  ASSERT_TRUE(change(propose_merge(**find_incident(engine->tables(), first), **find_incident(engine->tables(), id))));
  EXPECT_EQ(clocks().awareness->time, earlier) << "whoever knew of either knew";
  ASSERT_EQ(clocks().decisions.size(), 2u);
  EXPECT_TRUE(clocks().decisions[0].notifiable) << "the one that tells";
  EXPECT_FALSE(find_clocks(engine->tables(), first)->awareness);
  EXPECT_EQ(change(propose_aware(first, {.time = now(), .why = "x"}, version(first))).error().code(), Errc::kConflict);

  ASSERT_TRUE(change(propose_close(**find_incident(engine->tables(), id), Cause::kTruePositive)));
  EXPECT_TRUE(tell("gdpr", "authority", now())) << "reports come later";

  const auto rebuilt = state::rebuild(engine->path(), std::vector<state::Projection*>{projection.get()}, ledger);
  ASSERT_TRUE(rebuilt) << rebuilt.error().message();
  EXPECT_TRUE(rebuilt->equal());
}

TEST_F(ClocksTest, BodiesOfAnotherFormAreRefused) {
  EXPECT_EQ(propose_aware("nothing", {.time = now(), .why = "x"}, 0).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(propose_aware(id, {.time = now()}, 0).error().code(), Errc::kInvalidArgument) << "it says why";
  EXPECT_EQ(propose_aware(id, {.time = now(), .why = "two\nlines"}, 0).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(propose_aware(id, {.time = {0}, .why = "x"}, 0).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(propose_decide(id, {.regime = "GDPR", .why = "x", .table = table.digest}, 0).error().code(),
            Errc::kInvalidArgument);
  EXPECT_EQ(propose_decide(id, {.regime = "gdpr", .why = "x", .table = "none"}, 0).error().code(),
            Errc::kInvalidArgument);
  EXPECT_EQ(propose_tell(id, {.regime = "gdpr", .step = "a b", .time = now()}, 0).error().code(),
            Errc::kInvalidArgument);
  auto more = propose_aware(id, {.time = now(), .why = "x"}, 0);
  ASSERT_TRUE(more);
  more->body.insert(1, "\"colour\":1,");
  EXPECT_EQ(change(*more, "alice").error().code(), Errc::kInvalidArgument);
  auto unknown = propose_aware("0123456789abcdef", {.time = now(), .why = "x"}, 0);
  EXPECT_EQ(change(std::move(unknown)).error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::incident::test
