// Every place where the power or the program can go, and every operation that can fail, in a life of a witness: what
// was seen cosigned is remembered, and what failed was not.
#include <gtest/gtest.h>

#include "tlog/tests/witness_world.h"

namespace redoubt::tlog {
namespace {

using testing_support::FaultFileSystem;
using Effect = FaultFileSystem::Effect;
using Fate = FaultFileSystem::Fate;
using Operation = FaultFileSystem::Operation;
using namespace test;

struct Seen {
  std::uint64_t size = 0;
  std::uint64_t unix_seconds = 0;
};

// A witness, those who talk to it, and what they saw cosigned.
class Life {
 public:
  explicit Life(FaultFileSystem& fs) : world(fs) {}

  bool open() {
    witness.reset();
    auto opened = world.open();
    if (!opened || !opened->refused().empty()) return false;
    witness.emplace(*std::move(opened));
    for (const std::string& origin : {kOrigin, kOtherOrigin}) look(origin);
    return true;
  }

  // Asks for the log to be cosigned at this size, from the size last seen. Whether it was.
  bool grow(const std::string& origin, std::uint64_t to) {
    ++world.clock.seconds;
    const Seen before = seen[origin];
    const std::string shown_before = shown(origin);
    const WitnessReply reply = witness->add_checkpoint(honest.request(before.size, to, world.signer, origin));
    if (reply.status == 200) {
      EXPECT_TRUE(cosigned_at(honest.note(to, world.signer, origin) + reply.body, world.witness_key));
      seen[origin] = {to, static_cast<std::uint64_t>(world.clock.seconds)};
      look(origin);
      return true;
    }
    // INVARIANT: what failed did not happen.
    EXPECT_EQ(reply.status, 500) << reply.body;
    EXPECT_EQ(shown(origin), shown_before);
    return false;
  }
  void lie(const std::string& origin, std::uint64_t to) {
    const bool struck_before = world.fs.struck();
    const WitnessReply reply = witness->add_checkpoint(lying.request(seen[origin].size, to, world.signer, origin));
    EXPECT_EQ(reply.status, 422) << reply.body;
    struck_in_a_lie = world.fs.struck() && !struck_before;
  }

  std::string shown(const std::string& origin) const {
    const WitnessReply reply = witness->checkpoint(origin_hash(origin));
    return reply.status == 200 ? reply.body : std::string();
  }
  // What anybody can see at the monitoring prefix counts as answered.
  void look(const std::string& origin) {
    const std::string note = shown(origin);
    if (note.empty()) return;
    const auto checkpoint = open_checkpoint(note, {&world.signer.verifier_key(), 1}, origin);
    const auto unix_seconds = cosigned_at(note, world.witness_key);
    ASSERT_TRUE(checkpoint && unix_seconds);
    EXPECT_EQ(checkpoint->root, honest.root(checkpoint->size.value));
    EXPECT_GE(checkpoint->size.value, seen[origin].size);
    EXPECT_GE(*unix_seconds, seen[origin].unix_seconds);
    seen[origin] = {checkpoint->size.value, *unix_seconds};
  }

  // Two logs that grow, one that also lies, and a restart. Faults let steps fail; only a witness that does not open
  // ends it. Whether everything worked.
  bool live() {
    if (!open()) return false;
    bool all = grow(kOrigin, 3);
    all = grow(kOtherOrigin, 1) && all;
    all = grow(kOrigin, 5) && all;
    if (seen[kOrigin].size > 3) lie(kOrigin, 9);
    if (!open()) return false;
    all = grow(kOrigin, 5) && all;
    all = grow(kOrigin, 8) && all;
    all = grow(kOtherOrigin, 7) && all;
    return all;
  }

  // After a restart: nothing seen is forgotten, nothing that contradicts it is cosigned, and the log goes on.
  void expect_remembers() {
    const auto before = seen;
    ASSERT_TRUE(open()) << "a crash must not make the state unreadable";
    for (const std::string& origin : {kOrigin, kOtherOrigin}) {
      SCOPED_TRACE(origin);
      const auto was = before.find(origin);
      if (was != before.end()) {
        EXPECT_GE(seen[origin].size, was->second.size);
        EXPECT_GE(seen[origin].unix_seconds, was->second.unix_seconds);
      }
      const std::uint64_t size = seen[origin].size;
      if (size > kLieAt) {
        EXPECT_EQ(witness->add_checkpoint(lying.request(0, size, world.signer, origin)).status, 409);
        EXPECT_EQ(witness->add_checkpoint(lying.request(size, size, world.signer, origin)).status, 409);
        EXPECT_EQ(witness->add_checkpoint(lying.request(size, 20, world.signer, origin)).status, 422);
      }
    }
    // What is shown after a restart has been durable before it was shown.
    world.fs.lose_power_and_all_unsynced();
    ASSERT_TRUE(open());
    world.clock.seconds -= 1000;
    EXPECT_TRUE(grow_in_the_past(kOrigin, 21));
    EXPECT_TRUE(grow_in_the_past(kOtherOrigin, 21));
  }

  static constexpr std::uint64_t kLieAt = 2;
  WitnessWorld world;
  Story& honest = shared_story();
  Story& lying = shared_lie();
  std::optional<Witness> witness;
  std::map<std::string, Seen> seen;
  bool struck_in_a_lie = false;

 private:
  static Story& shared_story() {
    static Story story;
    return story;
  }
  static Story& shared_lie() {
    static Story story(kLieAt);
    return story;
  }
  bool grow_in_the_past(const std::string& origin, std::uint64_t to) {
    const auto reply = witness->add_checkpoint(honest.request(seen[origin].size, to, world.signer, origin));
    look(origin);
    return reply.status == 200;
  }
};

class WitnessCrashTest : public ::testing::Test {
 protected:
  static std::uint64_t changes() {
    FaultFileSystem fs;
    Life life(fs);
    const std::uint64_t before = fs.changes();
    EXPECT_TRUE(life.live());
    return fs.changes() - before;
  }
  // The same disk and the same eyes, after the power's going.
  static void expect_survives(const FaultFileSystem& disk, const std::map<std::string, Seen>& seen,
                              const std::function<void(FaultFileSystem&)>& end) {
    const auto fs = disk.clone();
    end(*fs);
    Life next(*fs);
    next.seen = seen;
    next.expect_remembers();
  }
  static void expect_survives_every_end(const FaultFileSystem& disk, const std::map<std::string, Seen>& seen) {
    expect_survives(disk, seen, [](FaultFileSystem& fs) { fs.kill_process(); });
    const std::size_t unsynced = disk.unsynced();
    ASSERT_LE(unsynced, 6U) << "too many for every subset";
    for (std::uint64_t subset = 0; subset < std::uint64_t{1} << unsynced; ++subset) {
      SCOPED_TRACE("kept: " + std::to_string(subset));
      std::vector<Fate> fates(unsynced);
      for (std::size_t i = 0; i < unsynced; ++i) fates[i] = (subset >> i & 1) != 0 ? Fate::kKept : Fate::kLost;
      expect_survives(disk, seen, [&](FaultFileSystem& fs) { fs.lose_power(fates, 0); });
      if (HasFatalFailure()) return;
    }
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      expect_survives(disk, seen, [&](FaultFileSystem& fs) { fs.lose_power(seed); });
      if (HasFatalFailure()) return;
    }
  }
};

TEST_F(WitnessCrashTest, TheLifeIsWorthItsSweeps) {
  FaultFileSystem fs;
  Life life(fs);
  ASSERT_TRUE(life.live());
  EXPECT_EQ(life.seen[kOrigin].size, 8U);
  EXPECT_EQ(life.seen[kOtherOrigin].size, 7U);
  EXPECT_TRUE(fs.content(WitnessWorld::path("fork-proof")));
  // Six requests cosigned, two logs made durable anew at the restart.
  EXPECT_EQ(fs.count(Operation::kRename, "checkpoint"), 8U);
  EXPECT_EQ(fs.count(Operation::kSync, "checkpoint"), 8U);
  life.expect_remembers();
}

TEST_F(WitnessCrashTest, WhatWasSeenIsRememberedWhereverThePowerGoes) {
  const std::uint64_t total = changes();
  ASSERT_GE(total, 50U);
  for (const Effect effect : {Effect::kCrash, Effect::kCrashInside}) {
    for (std::uint64_t nth = 1; nth <= total; ++nth) {
      SCOPED_TRACE((effect == Effect::kCrash ? "after change " : "inside change ") + std::to_string(nth));
      FaultFileSystem fs;
      Life life(fs);
      fs.inject({.effect = effect, .nth = nth});
      life.live();
      if (!fs.struck()) continue;
      ASSERT_NO_FATAL_FAILURE(expect_survives_every_end(fs, life.seen));
    }
  }
}

TEST_F(WitnessCrashTest, WhatFailedDidNotHappenAndTheNextWorks) {
  const std::uint64_t total = changes();
  for (const Effect effect : {Effect::kFail, Effect::kShortWrite}) {
    for (std::uint64_t nth = 1; nth <= total; ++nth) {
      SCOPED_TRACE("change " + std::to_string(nth) + " fails");
      FaultFileSystem fs;
      Life life(fs);
      fs.inject({.effect = effect, .nth = nth});
      const bool all = life.live();
      ASSERT_TRUE(fs.struck());
      // Who submits does not wait for a fork proof; every other failure is told.
      EXPECT_EQ(all, life.struck_in_a_lie) << fs.struck_path();
      if (life.witness && !all) {
        EXPECT_TRUE(life.grow(kOrigin, 10));
        EXPECT_TRUE(life.grow(kOtherOrigin, 10));
      }
      ASSERT_NO_FATAL_FAILURE(expect_survives_every_end(fs, life.seen));
    }
  }
}

TEST_F(WitnessCrashTest, AFullDiskCosignsNothingAndForgetsNothing) {
  const std::uint64_t total = changes();
  for (std::uint64_t nth = 1; nth <= total; ++nth) {
    SCOPED_TRACE(nth);
    FaultFileSystem fs;
    Life life(fs);
    fs.inject({.effect = Effect::kDiskFull, .nth = nth});
    life.live();
    ASSERT_NO_FATAL_FAILURE(expect_survives_every_end(fs, life.seen));
  }
}

// A sync that failed leaves pages that read as written, and that the system drops whenever it likes.
TEST_F(WitnessCrashTest, PagesThatAFailedSyncLeftBehindMayBeDroppedAtAnyTime) {
  for (std::uint64_t nth = 1; nth <= 12; ++nth) {
    for (std::uint64_t later = 1; later <= 40; later += 5) {
      SCOPED_TRACE("sync " + std::to_string(nth) + ", dropped " + std::to_string(later) + " changes later");
      FaultFileSystem fs;
      Life life(fs);
      fs.inject({.operation = Operation::kSync, .nth = nth});
      life.live();
      if (!fs.struck()) return;
      fs.inject({.effect = Effect::kDropCache, .operation = Operation::kAny, .nth = later});
      for (std::uint64_t size = 10; size < 14 && life.witness; ++size) {
        life.grow(kOrigin, size);
        life.grow(kOtherOrigin, size);
      }
      ASSERT_NO_FATAL_FAILURE(expect_survives_every_end(fs, life.seen));
    }
  }
}

}  // namespace
}  // namespace redoubt::tlog
