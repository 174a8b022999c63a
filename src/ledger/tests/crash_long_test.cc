// The sweeps of crash_test.cc with more ways to lose power, over longer scripts, and with a second fault anywhere in
// the life after the first.
#include <gtest/gtest.h>

#include "base/log.h"
#include "ledger/tests/fault_enumeration.h"

namespace redoubt::ledger::test {
namespace {

constexpr std::uint64_t kShares = 8;

class LongCrashSweep : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }
  Share share() const { return {.index = GetParam(), .of = kShares}; }
};
INSTANTIATE_TEST_SUITE_P(Share, LongCrashSweep, ::testing::Range<std::uint64_t>(0, kShares));

TEST_P(LongCrashSweep, PowerLosses) {
  sweep_power_losses(mixed_script(), share(), {.exhaustive_up_to = 10, .seeds = 50});
  sweep_power_losses(tile_script(), share(), {.exhaustive_up_to = 8, .seeds = 20});
}

TEST_P(LongCrashSweep, ProcessEnds) {
  sweep_process_ends(mixed_script(), share(), {.seeds = 30});
  sweep_process_ends(tile_script(), share(), {.seeds = 10});
}

TEST_P(LongCrashSweep, Failures) {
  sweep_failures(tile_script(), share());
  sweep_dropped_pages(tile_script(), share());
}

TEST_P(LongCrashSweep, FaultsInRecovery) {
  sweep_faults_in_recovery(mixed_script(), share(), {.seeds = 5});
  sweep_faults_in_recovery(tile_script(), share(), {.seeds = 2});
}

// A second life after the first crash, with every pair of places where the power can go.
TEST_P(LongCrashSweep, PairsOfCrashes) {
  using enum EntryKind;
  using enum Step::What;
  const Script second_life{{kOpen},
                           {kCommit, {{kAdmission, 700}, {kStandalone, 8000}}},
                           {kPublish},
                           {kCommit, {{kOutcome, 5000}, {kStandalone, 6}}},
                           {kPublish}};
  const Script script = mixed_script();
  const std::uint64_t changes = changes_in(script);
  for (std::uint64_t first = 1 + GetParam(); first <= changes; first += kShares) {
    const State crashed = state_after(script, Effect::kCrashInside, Operation::kAnyChange, first);
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      bool struck = true;
      for (std::uint64_t second = 1; struck; ++second) {
        SCOPED_TRACE(told("crash inside change", first) + told(", again after change", second) + told(", seed", seed));
        const auto fs = copy_of(crashed);
        seed == 0 ? fs->lose_power_and_all_unsynced() : fs->lose_power(seed);
        Life life(*fs, crashed.promises);
        ASSERT_NO_FATAL_FAILURE(life.expect_opens());
        fs->inject({.effect = Effect::kCrash, .operation = Operation::kAnyChange, .path_part = "", .nth = second});
        life.live(second_life);
        struck = fs->struck();
        life.see_checkpoint();
        life.close();
        seed == 0 ? fs->lose_power_and_all_unsynced() : fs->lose_power(second);
        ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::ledger::test
