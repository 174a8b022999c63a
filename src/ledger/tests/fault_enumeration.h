// Every fault at every step of a script, and every way in which the disk may come out of it.
//
// A sweep runs a script once for each operation in it, lets that one go wrong, restarts, and holds the ledger to its
// promises. Sweeps are cut in shares so that they run side by side; share s of n takes the operations s, s + n, ….
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ledger/tests/life.h"

namespace redoubt::ledger::test {

using Effect = FaultFileSystem::Effect;
using Operation = FaultFileSystem::Operation;
using Fate = FaultFileSystem::Fate;

struct Share {
  std::uint64_t index = 0;
  std::uint64_t of = 1;
};

// How far a sweep goes where it cannot go everywhere.
struct Effort {
  std::size_t exhaustive_up_to = 8;  // so many unsynced things: every subset of them is kept; above, chosen ones
  std::uint64_t seeds = 3;           // random fates, torn pages among them, for each crash
};

// Two tenants' worth of admissions and outcomes, in one commit and across commits, checkpoints and segments; entries
// of no bytes and of pages; two rolls; a restart in between. Small, since it is lived thousands of times.
inline Script mixed_script() {
  using enum EntryKind;
  using enum Step::What;
  return {
      {kOpen},
      {kCommit, {{kAdmission, 300}, {kAdmission, 5000}, {kStandalone, 1}}},
      {kCommit, {{kOutcome, 400}, {kStandalone, 3000}, {kStandalone, 0}}},
      {kPublish},
      {kOpen},
      {kCommit, {{kAdmission, 20}, {kStandalone, 9000}, {kStandalone, 100}}},  // begins a segment
      {kPublish},
      {kCommit, {{kOutcome, 7}, {kStandalone, 2100}}},
      {kCommit, {{kAdmission, 8}, {kStandalone, 6000}}},  // begins another
      {kCommit, {{kOutcome, 9}}},
      {kPublish},
      {kCommit, {{kStandalone, 50}}},
  };
}

// Past the edge of a tile, so that hashes of two levels are written.
inline Script tile_script() {
  using enum Step::What;
  const auto many = [](std::size_t n) { return Batch(n, {EntryKind::kStandalone, 5}); };
  return {{kOpen}, {kCommit, many(150)}, {kPublish}, {kCommit, many(110)}, {kPublish}, {kCommit, many(3)}, {kPublish}};
}

inline std::uint64_t operations_in(const Script& script) {
  FaultFileSystem fs;
  Life life(fs);
  EXPECT_TRUE(life.live(script));
  return fs.operations();
}

inline std::uint64_t changes_in(const Script& script) {
  FaultFileSystem fs;
  Life life(fs);
  EXPECT_TRUE(life.live(script));
  return fs.changes();
}

// A disk, and what the ledger on it had promised when it came to this.
struct State {
  std::unique_ptr<FaultFileSystem> fs;
  Promises promises;
  bool lived_on = false;  // all steps worked in spite of the fault
};

// The script, with the nth operation of this kind going wrong. The program has ended, the disk is as it was then.
inline State state_after(const Script& script, Effect effect, Operation operation, std::uint64_t nth) {
  State state{.fs = std::make_unique<FaultFileSystem>(), .promises = {}};
  state.fs->inject({.effect = effect, .operation = operation, .path_part = "", .nth = nth});
  Life life(*state.fs);
  state.lived_on = life.live(script);
  EXPECT_TRUE(state.fs->struck());
  // Only the preparation of a segment that is not needed yet may fail and go on.
  const bool fails = effect == Effect::kFail || effect == Effect::kShortWrite || effect == Effect::kDiskFull;
  if (fails && state.lived_on) {
    EXPECT_EQ(state.fs->struck_path(), "/ledger/spare.seg");
  }
  if (fails && !state.lived_on) life.expect_refuses_everything();
  life.see_checkpoint();
  state.promises = life.promises();
  return state;
}

inline std::unique_ptr<FaultFileSystem> copy_of(const State& state) {
  return state.fs->clone();
}

// Calls `then` for every way in which the power's going may leave the disk: every subset of what was not synced where
// that is few; otherwise all, none, each thing alone kept, lost and torn, and what the seeds say.
inline void for_each_power_loss(const State& state, const Effort& effort,
                                const std::function<void(FaultFileSystem&, const std::string&)>& then) {
  const std::size_t n = state.fs->unsynced();
  const auto lose = [&](const std::vector<Fate>& fates, std::uint64_t seed) {
    const auto fs = copy_of(state);
    std::string said = "fates ";
    for (const Fate fate : fates) said += "-+~"[static_cast<std::size_t>(fate)];
    fs->lose_power(fates, seed);
    then(*fs, said + ", seed " + std::to_string(seed));
  };
  if (n <= effort.exhaustive_up_to) {
    for (std::uint64_t subset = 0; subset < std::uint64_t{1} << n; ++subset) {
      std::vector<Fate> fates(n);
      for (std::size_t i = 0; i < n; ++i) fates[i] = (subset >> i & 1) != 0 ? Fate::kKept : Fate::kLost;
      lose(fates, 0);
      if (::testing::Test::HasFatalFailure()) return;
    }
  } else {
    lose(std::vector<Fate>(n, Fate::kLost), 0);
    lose(std::vector<Fate>(n, Fate::kKept), 0);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (const Fate others : {Fate::kLost, Fate::kKept}) {
      std::vector<Fate> fates(n, others);
      fates[i] = Fate::kTorn;
      lose(fates, i + 1);
      if (n > effort.exhaustive_up_to) {
        fates[i] = others == Fate::kLost ? Fate::kKept : Fate::kLost;
        lose(fates, 0);
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  for (std::uint64_t seed = 1; n != 0 && seed <= effort.seeds; ++seed) {
    const auto fs = copy_of(state);
    fs->lose_power(seed);
    then(*fs, "seed " + std::to_string(seed));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

inline std::string told(std::string_view what, std::uint64_t nth) {
  return std::string(what) + " " + std::to_string(nth);
}

// --- the sweeps

// The power goes inside and after each change.
inline void sweep_power_losses(const Script& script, Share share, const Effort& effort) {
  const std::uint64_t changes = changes_in(script);
  for (std::uint64_t nth = 1 + share.index; nth <= changes; nth += share.of) {
    for (const Effect effect : {Effect::kCrash, Effect::kCrashInside}) {
      SCOPED_TRACE(told(effect == Effect::kCrash ? "power goes after change" : "power goes inside change", nth));
      const State state = state_after(script, effect, Operation::kAnyChange, nth);
      for_each_power_loss(state, effort, [&](FaultFileSystem& fs, const std::string& how) {
        SCOPED_TRACE(how);
        Life life(fs, state.promises);
        life.expect_recovers();
      });
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// The process ends inside and after each change, and the power goes later: at once, after the restart, or never.
inline void sweep_process_ends(const Script& script, Share share, const Effort& effort) {
  const std::uint64_t changes = changes_in(script);
  for (std::uint64_t nth = 1 + share.index; nth <= changes; nth += share.of) {
    for (const Effect effect : {Effect::kCrash, Effect::kCrashInside}) {
      SCOPED_TRACE(told(effect == Effect::kCrash ? "process ends after change" : "process ends inside change", nth));
      const State state = state_after(script, effect, Operation::kAnyChange, nth);
      for (std::uint64_t seed = 0; seed <= effort.seeds; ++seed) {
        SCOPED_TRACE(told("power goes after the restart, seed", seed));
        const auto fs = copy_of(state);
        Life life(*fs, state.promises);
        ASSERT_NO_FATAL_FAILURE(life.expect_opens());
        if (seed == 0) {
          ASSERT_NO_FATAL_FAILURE(life.expect_proves());
        }
        life.close();
        seed <= 1 ? fs->lose_power_and_all_unsynced() : fs->lose_power(seed);
        ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      }
    }
  }
}

// Each operation fails, reads included: the ledger ends, and what it opens with next holds whatever happens then.
inline void sweep_failures(const Script& script, Share share) {
  const std::uint64_t operations = operations_in(script);
  for (std::uint64_t nth = 1 + share.index; nth <= operations; nth += share.of) {
    for (const Effect effect : {Effect::kFail, Effect::kShortWrite, Effect::kDiskFull}) {
      SCOPED_TRACE(told(effect == Effect::kFail         ? "failure of operation"
                        : effect == Effect::kShortWrite ? "only half of operation"
                                                        : "disk full at operation",
                        nth));
      const State state = state_after(script, effect, Operation::kAny, nth);
      if (::testing::Test::HasFailure()) return;
      enum class Restart : std::uint8_t { kProcess, kProcessThenPower, kPower };
      for (const Restart restart : {Restart::kProcess, Restart::kProcessThenPower, Restart::kPower}) {
        SCOPED_TRACE(told("restart", static_cast<std::uint64_t>(restart)));
        const auto fs = copy_of(state);
        Life life(*fs, state.promises);
        if (restart == Restart::kProcessThenPower) {
          ASSERT_NO_FATAL_FAILURE(life.expect_opens());
          life.close();
        }
        if (restart != Restart::kProcess) fs->lose_power_and_all_unsynced();
        ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      }
    }
  }
}

// Each sync fails, the process starts again, and the pages that only seem to be written are dropped at each of its
// operations: while it recovers, or after.
inline void sweep_dropped_pages(const Script& script, Share share) {
  std::uint64_t syncs = 0;
  {
    FaultFileSystem fs;
    Life life(fs);
    ASSERT_TRUE(life.live(script));
    syncs = fs.count(Operation::kSync, "");
  }
  for (std::uint64_t nth = 1 + share.index; nth <= syncs; nth += share.of) {
    const State state = state_after(script, Effect::kFail, Operation::kSync, nth);
    for (std::uint64_t drop = 1;; ++drop) {
      SCOPED_TRACE(told("failure of sync", nth) + told(", pages dropped at operation", drop));
      const auto fs = copy_of(state);
      fs->inject({.effect = Effect::kDropCache, .operation = Operation::kAny, .path_part = "", .nth = drop});
      Life life(*fs, state.promises);
      // Bytes that change while they are read may look like damage; then the next start must see what there is.
      if (!life.open()) {
        ASSERT_TRUE(fs->struck()) << life.open_error();
        fs->kill_process();
        ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
        continue;
      }
      const bool struck = fs->struck();
      const std::uint64_t committed = life.ledger().committed().value;
      life.close();
      fs->lose_power_and_all_unsynced();
      ASSERT_NO_FATAL_FAILURE(life.expect_opens());
      ASSERT_EQ(life.ledger().committed().value, committed) << "what open() counted was not on the disk";
      ASSERT_NO_FATAL_FAILURE(life.expect_recovers());
      if (!struck) break;
    }
  }
}

// A crash at each change, and a second fault at each operation of the recovery from it.
inline void sweep_faults_in_recovery(const Script& script, Share share, const Effort& effort) {
  const std::uint64_t changes = changes_in(script);
  for (std::uint64_t nth = 1 + share.index; nth <= changes; nth += share.of) {
    const State crashed = state_after(script, Effect::kCrashInside, Operation::kAnyChange, nth);
    for (std::uint64_t first = 0; first <= effort.seeds; ++first) {
      const auto disk = copy_of(crashed);
      if (first == 1) disk->lose_power_and_all_unsynced();
      if (first > 1) disk->lose_power(first);
      const std::pair<Effect, Operation> faults[] = {{Effect::kCrash, Operation::kAnyChange},
                                                     {Effect::kCrashInside, Operation::kWrite},
                                                     {Effect::kFail, Operation::kAny},
                                                     {Effect::kDiskFull, Operation::kAnyChange}};
      for (const auto& [effect, operation] : faults) {
        const bool crash = effect == Effect::kCrash || effect == Effect::kCrashInside;
        bool struck = true;
        for (std::uint64_t second = 1; struck; ++second) {
          SCOPED_TRACE(told("crash inside change", nth) + told(", power", first) +
                       told(", effect", static_cast<std::uint64_t>(effect)) + told(" at operation", second));
          State state{.fs = disk->clone(), .promises = crashed.promises};
          state.fs->inject({.effect = effect, .operation = operation, .path_part = "", .nth = second});
          {
            Life life(*state.fs, state.promises);
            life.open();
            struck = state.fs->struck();
          }
          for (const bool all_lost : {true, false}) {
            const auto fs = copy_of(state);
            if (all_lost) {
              fs->lose_power_and_all_unsynced();
            } else if (crash) {
              fs->lose_power(second);
            } else {
              fs->kill_process();
            }
            Life life(*fs, state.promises);
            ASSERT_NO_FATAL_FAILURE(life.expect_holds());
          }
        }
      }
    }
  }
}

}  // namespace redoubt::ledger::test
