#include "behaviour/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "behaviour/simulation/score.h"
#include "behaviour/simulation/simulation.h"

namespace redoubt::behaviour {
namespace {

using simulation::Collector;
using simulation::SimulatedRecord;
using simulation::Simulation;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kStart = 1'780'272'000'000;

std::string text_of(const std::vector<Signal>& signals) {
  std::string out;
  for (const Signal& signal : signals) {
    append_signal(out, signal);
    out += '\n';
  }
  return out;
}

// Keeps records of a simulation, so that they can be played from any place on.
class Tape {
 public:
  explicit Tape(const simulation::SimulationOptions& options) {
    Simulation month(options);
    month.run([&](const SimulatedRecord& record) { keep(record.activity, record.features); });
  }
  std::size_t size() const { return items_.size(); }
  void play(Engine& engine, std::size_t from, std::size_t to, SignalSink& sink) const {
    for (std::size_t i = from; i < to; ++i) {
      const Item& item = items_[i];
      ASSERT_TRUE(engine.apply(i, item.activity, item.has_features ? &item.features : nullptr, sink));
    }
  }

 private:
  struct Item {
    Activity activity;
    Features features;
    bool has_features = false;
    std::vector<MatchSeen> matches;
    std::vector<std::string_view> tools;
    std::vector<DataRead> data;
  };
  std::string_view own(std::string_view text) { return *names_.insert(std::string(text)).first; }
  void keep(const Activity& activity, const Features* features) {
    Item& item = items_.emplace_back();
    item.activity = activity;
    for (std::string_view* text : {&item.activity.exchange, &item.activity.tenant, &item.activity.principal,
                                   &item.activity.credential, &item.activity.operation, &item.activity.model,
                                   &item.activity.upstream, &item.activity.policy, &item.activity.subject}) {
      *text = own(*text);
    }
    for (const MatchSeen& match : activity.matches)
      item.matches.push_back({own(match.kind), match.count, own(match.action)});
    for (const std::string_view tool : activity.tools) item.tools.push_back(own(tool));
    for (const DataRead& read : activity.data) item.data.push_back({own(read.name), read.rows});
    item.activity.matches = item.matches;
    item.activity.tools = item.tools;
    item.activity.data = item.data;
    if (features != nullptr) {
      item.features = *features;
      item.has_features = true;
    }
  }
  std::set<std::string, std::less<>> names_;
  std::deque<Item> items_;
};

// The attacks that come early enough are few in a short month; all of them are in a whole one.
std::vector<std::string> all_attacks() {
  std::vector<std::string> out;
  for (const std::string_view name : simulation::attack_names()) out.emplace_back(name);
  return out;
}

Activity act(std::string_view principal, std::int64_t time, record::Stage stage = record::Stage::kAdmission) {
  Activity out;
  out.stage = stage;
  out.time = {time};
  out.principal = principal;
  out.credential = principal;
  out.tenant = "clinic";
  out.operation = "chat.completions";
  out.model = "m";
  return out;
}

Activity fact(Change change, std::string_view subject, std::int64_t time) {
  Activity out;
  out.stage = record::Stage::kFact;
  out.time = {time};
  out.principal = "root";
  out.change = change;
  out.subject = subject;
  return out;
}

class EngineTest : public ::testing::Test {
 protected:
  void take(const Activity& activity, const Features* features = nullptr) {
    ASSERT_TRUE(engine.apply(engine.next_index(), activity, features, told));
  }
  Collector told;
  Engine engine{EngineOptions{.principals_max = 100, .things_max = 100}};
};

TEST_F(EngineTest, WhatIsSavedAtAnyCutGoesOnAlike) {
  // Every cut of a stretch in which every attack happens would take hours: all cuts of a small month, and cuts across
  // a whole one below.
  const Tape tape({.seed = 11, .people = 8, .applications = 2, .agents = 2, .days = 4});
  const EngineOptions options{.principals_max = 10, .things_max = 6};  // so few that some are forgotten
  const std::size_t size = std::min<std::size_t>(tape.size(), 1500);
  Engine whole(options);
  Collector expected;
  tape.play(whole, 0, size, expected);
  EXPECT_GT(whole.stats().evicted, 0U);
  const Bytes end = whole.save();
  Engine step(options);
  Collector before;
  for (std::size_t cut = 0; cut < size; cut += 1) {
    const Bytes saved = step.save();
    if (cut % 16 == 0) {
      auto later = Engine::restore(saved, options);
      ASSERT_TRUE(later) << later.error().message();
      EXPECT_EQ(later->save(), saved);
      Collector after;
      tape.play(*later, cut, size, after);
      EXPECT_EQ(text_of(before.signals) + text_of(after.signals), text_of(expected.signals)) << "cut at " << cut;
      EXPECT_EQ(later->save(), end) << "cut at " << cut;
    } else {
      // Saved and restored at this very cut, and gone on with.
      auto later = Engine::restore(saved, options);
      ASSERT_TRUE(later) << later.error().message();
      step = *std::move(later);
    }
    tape.play(step, cut, cut + 1, before);
  }
  EXPECT_EQ(text_of(before.signals), text_of(expected.signals));
  EXPECT_EQ(step.save(), end);
}

TEST_F(EngineTest, WhatIsSavedAmongAttacksGoesOnAlike) {
  const Tape tape({.seed = 12, .people = 60, .applications = 12, .agents = 12, .days = 30, .attacks = all_attacks()});
  Engine whole(EngineOptions{});
  Collector expected;
  tape.play(whole, 0, tape.size(), expected);
  EXPECT_GT(expected.signals.size(), 15U);
  Engine step(EngineOptions{});
  Collector all;
  std::mt19937 random(12);
  for (std::size_t at = 0; at < tape.size();) {
    const std::size_t next = std::min(tape.size(), at + 1 + random() % (tape.size() / 12));
    tape.play(step, at, next, all);
    auto later = Engine::restore(step.save(), {});
    ASSERT_TRUE(later) << later.error().message();
    step = *std::move(later);
    at = next;
  }
  EXPECT_EQ(text_of(all.signals), text_of(expected.signals));
  EXPECT_EQ(step.save(), whole.save());
}

TEST_F(EngineTest, RefusesADamagedState) {
  const Tape tape({.seed = 13, .people = 5, .applications = 6, .agents = 1, .days = 2});
  const EngineOptions options{.principals_max = 20, .things_max = 20};
  Engine made(options);
  tape.play(made, 0, tape.size(), told);
  const Bytes good = made.save();
  ASSERT_TRUE(Engine::restore(good, options));
  EXPECT_EQ(Engine::restore(good, {}).error().code(), Errc::kInvalidArgument);
  for (std::size_t size = 0; size < good.size(); size += 1 + size / 50) {
    EXPECT_FALSE(Engine::restore(ByteView(good).first(size), options)) << size;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_EQ(Engine::restore(longer, options).error().code(), Errc::kCorrupt);
  Bytes version = good;
  version[4] = std::byte{9};
  EXPECT_EQ(Engine::restore(version, options).error().code(), Errc::kUnsupported);
  // A byte altered anywhere: it is refused, or it is a state that can be, and is gone on with.
  std::mt19937 random(13);
  for (int i = 0; i < 300; ++i) {
    Bytes altered = good;
    altered[random() % altered.size()] ^= static_cast<std::byte>(1U << (random() % 8));
    auto engine_of = Engine::restore(altered, options);
    if (!engine_of) continue;
    Collector sink;
    const std::uint64_t next = engine_of->next_index();
    (void)engine_of->apply(next, act("person-1", kStart + 40 * kDayMs), nullptr, sink).has_value();
  }
}

TEST_F(EngineTest, TakesIndicesInOrderOnly) {
  ASSERT_TRUE(engine.apply(5, act("a", kStart), nullptr, told));
  EXPECT_EQ(engine.apply(5, act("a", kStart), nullptr, told).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(engine.apply(4, act("a", kStart), nullptr, told).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(engine.stats().entries, 1U);
  EXPECT_EQ(engine.next_index(), 6U);
  EXPECT_TRUE(engine.apply(9, act("a", kStart), nullptr, told));
}

TEST_F(EngineTest, CountsWhatIsNoRecordAndGoesOn) {
  EXPECT_FALSE(engine.consume(0, as_bytes("not a record"), nullptr, told));
  EXPECT_EQ(engine.stats().unread, 1U);
  EXPECT_EQ(engine.next_index(), 1U);
}

TEST_F(EngineTest, NamesThatNobodyAuthenticatedForHaveNoProfile) {
  for (int i = 0; i < 5000; ++i) {
    Activity denial = act("", kStart + i, record::Stage::kDenial);
    denial.reason = Reason::kAuthentication;
    const std::string model = "made-up-" + std::to_string(i);
    denial.model = model;
    Features features;
    features.address_prefix = static_cast<std::uint64_t>(i) * 77;
    take(denial, &features);
  }
  EXPECT_EQ(engine.principals(), 0U);
  const std::size_t before = engine.memory_bytes();
  for (int i = 0; i < 50'000; ++i) {
    Activity denial = act("", kStart + 6000, record::Stage::kDenial);
    denial.reason = Reason::kAuthentication;
    Features features;
    features.address_prefix = static_cast<std::uint64_t>(i) * 1'000'003;
    take(denial, &features);
  }
  EXPECT_EQ(engine.memory_bytes(), before);
}

TEST_F(EngineTest, ModelsThatNothingAnsweredForHaveNoProfile) {
  for (int i = 0; i < 2000; ++i) {
    const std::string model = "made-up-" + std::to_string(i);
    Activity admission = act("a", kStart + i);
    admission.model = model;
    take(admission);
    admission.stage = record::Stage::kOutcome;
    admission.status = 404;
    take(admission);
  }
  EXPECT_LT(engine.memory_bytes(), 200'000U);
}

TEST_F(EngineTest, ForgetsWhoWasNotSeenForLongest) {
  for (int i = 0; i < 150; ++i) take(act("p" + std::to_string(i), kStart + i));
  EXPECT_EQ(engine.principals(), 100U);
  EXPECT_EQ(engine.stats().evicted, 50U);
}

TEST_F(EngineTest, NeverForgetsWhoIsSuspendedOrSuspicious) {
  for (int i = 0; i < 40; ++i) take(fact(Change::kSuspended, "s" + std::to_string(i), kStart + i));
  // Suspicious: denied again and again.
  for (int i = 0; i < 40; ++i) {
    const std::string name = "d" + std::to_string(i);
    for (int j = 0; j < 20; ++j) {
      Activity denial = act(name, kStart + 100, record::Stage::kDenial);
      denial.reason = Reason::kContent;
      take(denial);
    }
  }
  EXPECT_EQ(told.signals.size(), 40U);
  for (int i = 0; i < 1000; ++i) take(act("p" + std::to_string(i), kStart + 200 + i));
  EXPECT_EQ(engine.principals(), 100U);
  told.signals.clear();
  // They are still known: each was told of today already, and is not told of again.
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 20; ++j) {
      Activity denial = act("d" + std::to_string(i), kStart + 5000, record::Stage::kDenial);
      denial.reason = Reason::kContent;
      take(denial);
    }
  }
  EXPECT_TRUE(told.signals.empty());
}

TEST_F(EngineTest, NewcomersHaveNoProfileWhenAllAreKept) {
  for (int i = 0; i < 100; ++i) take(fact(Change::kSuspended, "s" + std::to_string(i), kStart + i));
  take(act("new", kStart + 200));
  EXPECT_EQ(engine.stats().unprofiled, 1U);
  EXPECT_EQ(engine.principals(), 100U);
  take(fact(Change::kResumed, "s7", kStart + 300));
  take(act("new", kStart + 400));
  EXPECT_EQ(engine.stats().unprofiled, 1U);
}

TEST_F(EngineTest, ForgetsWhoIsDeleted) {
  take(act("a", kStart));
  EXPECT_EQ(engine.principals(), 1U);
  take(fact(Change::kPrincipalGone, "a", kStart + 1));
  EXPECT_EQ(engine.principals(), 0U);
}

TEST_F(EngineTest, LateRecordsCountAtTheTimeReached) {
  take(act("a", kStart + 3 * kHourMs));
  take(act("a", kStart));
  EXPECT_EQ(engine.stats().late, 1U);
  EXPECT_EQ(engine.time().value, kStart + 3 * kHourMs);
  take(act("a", kStart + 3 * kHourMs - 1000));
  EXPECT_EQ(engine.stats().late, 1U);
}

TEST_F(EngineTest, AClockThatHadJumpedAheadIsSetBack) {
  take(act("a", kStart));
  take(act("a", kStart + 400 * kDayMs));
  for (int i = 0; i < 63; ++i) take(act("a", kStart + 1000 + i));
  EXPECT_EQ(engine.stats().set_back, 0U);
  take(act("a", kStart + 2000));
  EXPECT_EQ(engine.stats().set_back, 1U);
  EXPECT_EQ(engine.time().value, kStart + 2000);
}

TEST_F(EngineTest, AfterTheClockWasSetBackHoursAndCountsGoOn) {
  take(act("a", kStart));
  for (int i = 0; i < 40; ++i) take(act("a", kStart + 400 * kDayMs + i));  // a burst, but not that of a flood
  std::int64_t time = kStart + 1000;
  for (int i = 0; i < 64; ++i) take(act("a", time++));
  ASSERT_EQ(engine.stats().set_back, 1U);
  // Ten days of a request a minute: an hour that never ended, or a count that never faded, would be told of.
  for (int i = 0; i < 10 * 24 * 60; ++i) take(act("a", time += 60'000));
  EXPECT_TRUE(told.signals.empty());
}

// A day of 1,700 prompts after twenty of a dozen. How many of them differ is estimated by hashes of a key that each
// ledger has for itself: it must be told for (nearly) every key when all differ, and for (nearly) none when each is
// asked three times.
TEST(ExtractionTest, IsToldWhateverTheKeyOfTheHashes) {
  constexpr int kKeys = 300;
  const auto told_of = [](std::uint64_t key, int prompts, int of_each) {
    Engine engine({.hash_key = {key * 0x9e3779b97f4a7c15, key}, .principals_max = 8, .things_max = 8});
    Collector told;
    std::uint64_t index = 0;
    const auto ask = [&](std::int64_t time, std::uint64_t text) {
      const Features features{
          .sketch = text * 0xbf58476d1ce4e5b9, .fingerprint = text * 0x94d049bb133111eb, .words = 12};
      EXPECT_TRUE(engine.apply(index++, act("a", time), &features, told));
      EXPECT_TRUE(engine.apply(index++, act("a", time + 500, record::Stage::kOutcome), nullptr, told));
    };
    for (int day = 0; day < 20; ++day) {
      for (int i = 0; i < 12; ++i) ask(kStart + day * kDayMs + (9 + i % 8) * kHourMs + i * 60'000, index);
    }
    for (int i = 0; i < prompts; ++i) {
      ask(kStart + 20 * kDayMs + 9 * kHourMs + i * 3000, 1'000'000 + static_cast<std::uint64_t>(i / of_each));
    }
    return std::any_of(told.signals.begin(), told.signals.end(),
                       [](const Signal& signal) { return signal.rule == "behaviour.model_extraction"; });
  };
  int different = 0;
  int twice = 0;
  int few = 0;
  for (std::uint64_t key = 1; key <= kKeys; ++key) {
    different += told_of(key, 1700, 1) ? 1 : 0;
    twice += told_of(key, 1700, 3) ? 1 : 0;
    few += told_of(key, 1490, 1) ? 1 : 0;
  }
  EXPECT_GE(different, kKeys - 3);
  EXPECT_LE(twice, 1);
  EXPECT_EQ(few, 0);
}

TEST_F(EngineTest, AnyTimesAreTaken) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 3000; ++i) {
    const auto time = static_cast<std::int64_t>(random() >> (random() % 64));
    take(act("p" + std::to_string(random() % 7), random() % 2 == 0 ? time : -time,
             random() % 2 == 0 ? record::Stage::kAdmission : record::Stage::kOutcome));
  }
  EXPECT_TRUE(Engine::restore(engine.save(), {.principals_max = 100, .things_max = 100}));
}

TEST_F(EngineTest, ATickBringsTimeForward) {
  engine.tick({kStart});
  EXPECT_EQ(engine.time().value, 0);  // before the first entry there is no time
  take(act("a", kStart));
  engine.tick({kStart + kHourMs});
  EXPECT_EQ(engine.time().value, kStart + kHourMs);
  engine.tick({kStart});
  EXPECT_EQ(engine.time().value, kStart + kHourMs);
}

// A hundredth and a half a day: nothing from one day to the next, four times as much after three months.
TEST_F(EngineTest, TellsARampOfMonthsOnce) {
  double requests = 50;
  for (std::int64_t day = 0; day < 100; ++day, requests *= 1.015) {
    for (int i = 0; i < static_cast<int>(requests); ++i) {
      const std::int64_t time = kStart + day * kDayMs + 8 * kHourMs + i * kHourMs / 60;
      take(act("a", time));
      if (i < 50) take(act("b", time));
    }
  }
  const auto told_of = [&](std::string_view key) {
    return std::count_if(told.signals.begin(), told.signals.end(), [&](const Signal& signal) {
      return signal.rule == "behaviour.baseline_ramp" && signal.key == key;
    });
  };
  EXPECT_EQ(told_of("principal/a"), 1);
  EXPECT_EQ(told_of("principal/b"), 0);
}

TEST_F(EngineTest, ReadsWhoseRowsNobodyCountedTeachNoUsual) {
  std::int64_t now = kStart;
  const auto read = [&](std::uint64_t rows) {
    const DataRead data{"labs", rows};
    Activity outcome = act("reader", now, record::Stage::kOutcome);
    outcome.data = {&data, 1};
    take(outcome);
    now += 60'000;
  };
  for (int day = 0; day < 15; ++day) {
    for (int hour = 0; hour < 8; ++hour) {
      now = kStart + day * kDayMs + hour * kHourMs;
      read(3000);
      for (int i = 0; i < 3; ++i) read(0);
    }
  }
  now = kStart + 15 * kDayMs;
  const auto are_bulk = [&] {
    return std::ranges::any_of(told.signals, [](const Signal& each) { return each.rule == "behaviour.bulk_data"; });
  };
  for (int i = 0; i < 8; ++i) read(6000);
  EXPECT_FALSE(are_bulk()) << "twice the usual";
  for (int i = 0; i < 8; ++i) read(30'000);
  EXPECT_TRUE(are_bulk());
}

TEST_F(EngineTest, SaysWhichFeaturesAreMissing) {
  const Features features{.address_prefix = 1};
  take(act("a", kStart), &features);
  take(act("a", kStart));
  take(act("a", kStart));
  take(act("a", kStart, record::Stage::kOutcome));  // outcomes have none
  take(act("a", kStart), &features);
  take(act("a", kStart));
  const std::vector<IndexRange> missing(engine.missing_features().begin(), engine.missing_features().end());
  EXPECT_EQ(missing, (std::vector<IndexRange>{{1, 3}, {5, 6}}));
  EXPECT_EQ(engine.stats().missing, 3U);
}

TEST_F(EngineTest, TheSameRecordsGiveTheSameBytes) {
  const Tape tape({.seed = 21,
                   .people = 30,
                   .applications = 6,
                   .agents = 4,
                   .days = 30,
                   .attacks = {"prompt_flood", "denied_access"}});
  Collector one;
  Collector two;
  Engine a(EngineOptions{});
  Engine b(EngineOptions{});
  tape.play(a, 0, tape.size(), one);
  tape.play(b, 0, tape.size(), two);
  EXPECT_FALSE(one.signals.empty());
  EXPECT_EQ(text_of(one.signals), text_of(two.signals));
  EXPECT_EQ(a.save(), b.save());
}

}  // namespace
}  // namespace redoubt::behaviour
