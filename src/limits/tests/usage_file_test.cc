#include "limits/usage_file.h"

#include <gtest/gtest.h>

#include <random>

#include "limits/tests/support.h"
#include "tests/support/fault_file_system.h"

namespace redoubt::limits {
namespace {

using testing_support::FaultFileSystem;
using Fault = FaultFileSystem::Fault;
using Effect = FaultFileSystem::Effect;
using Operation = FaultFileSystem::Operation;

constexpr Meters::HashKey kOtherKey = {1, 2};

// A server's life: opens the file, restores, counts, keeps.
class UsageFileTest : public testing::Test {
 protected:
  void start(UnixMillis now = at()) {
    auto opened = UsageFile::open(fs, "/usage", kTestKey);
    ASSERT_TRUE(opened) << opened.error().message();
    file = std::make_unique<UsageFile>(*std::move(opened));
    meters = std::make_unique<Meters>(file->hash_key(), 200);
    restored = file->restore(*meters, now);
  }
  void use(const std::string& who, std::uint64_t tokens, UnixMillis now = at()) {
    Admission admission = meters->admit(limits, {.key = who, .principal = who}, {.requests = 1, .tokens = tokens}, now);
    ASSERT_TRUE(admission);
    admission.settle({.requests = 1, .tokens = tokens}, now);
  }
  Result<> keep(UnixMillis now = at()) { return file->keep(*meters, now); }
  std::uint64_t used(const std::string& who, UnixMillis now = at()) {
    return 1000 - meters->standing(window_limit, who, now).remaining;
  }
  std::uint64_t used_of_bucket(const std::string& who, UnixMillis now = at()) {
    return 1000 - meters->standing(bucket_limit, who, now).remaining;
  }
  Bytes content() { return *fs.content("/usage"); }

  FaultFileSystem fs;
  const Limit window_limit = window(SubjectType::kPrincipal, "*", Quantity::kTokens, Period::kDay, 1000);
  const Limit bucket_limit = bucket(SubjectType::kKey, "*", Quantity::kTokens, Period::kDay, 1000);
  const Limits limits = Limits::of(std::array{window_limit, bucket_limit});
  std::unique_ptr<UsageFile> file;
  std::unique_ptr<Meters> meters;
  UsageFile::Restored restored;
};

TEST_F(UsageFileTest, WhatWasKeptIsThereAfterTheProcessIsKilled) {
  start();
  EXPECT_EQ(restored.why_new, "there is none");
  use("alice", 30);
  ASSERT_TRUE(keep());
  use("alice", 12);
  use("bob", 5);
  ASSERT_TRUE(keep());
  use("bob", 900);  // since the last keep(): this may be lost
  fs.kill_process();
  start(at(2000));
  EXPECT_EQ(restored.why_new, "");
  EXPECT_EQ(restored.meters, 4u);
  EXPECT_EQ(used("alice"), 42u);
  EXPECT_EQ(used("bob"), 5u);
  EXPECT_EQ(used_of_bucket("alice"), 42u);
  // And it goes on from there.
  use("alice", 8, at(2000));
  ASSERT_TRUE(keep(at(2000)));
  fs.lose_power_and_all_unsynced();
  start(at(3000));
  EXPECT_EQ(used("alice"), 50u);
  EXPECT_EQ(used("bob"), 5u);
}

TEST_F(UsageFileTest, WhatIsPastIsNotTakenUp) {
  start();
  use("alice", 30);
  ASSERT_TRUE(keep());
  start(at(4 * 86'400'000LL));
  EXPECT_EQ(restored.meters, 0u);
  EXPECT_EQ(restored.past, 2u);
  EXPECT_EQ(meters->in_use(), 0u);
}

TEST_F(UsageFileTest, OnlyWhatChangedIsWritten) {
  start();
  for (int i = 0; i < 90; ++i) use("p" + std::to_string(i), 1);
  ASSERT_TRUE(keep());
  const Bytes before = content();
  const auto writes = fs.count(Operation::kWrite, "/usage");
  const auto syncs = fs.count(Operation::kSync, "/usage");
  ASSERT_TRUE(keep(at(1000)));
  EXPECT_EQ(fs.count(Operation::kWrite, "/usage"), writes);
  EXPECT_EQ(fs.count(Operation::kSync, "/usage"), syncs);
  use("p7", 1);
  ASSERT_TRUE(keep(at(2000)));
  const Bytes after = content();
  ASSERT_EQ(after.size(), before.size());
  std::size_t places = 0;
  for (std::size_t i = UsageFile::kHeadBytes; i < after.size(); i += UsageFile::kPlaceBytes) {
    places += std::equal(after.begin() + static_cast<std::ptrdiff_t>(i),
                         after.begin() + static_cast<std::ptrdiff_t>(i + UsageFile::kPlaceBytes),
                         before.begin() + static_cast<std::ptrdiff_t>(i))
                  ? 0
                  : 1;
  }
  EXPECT_EQ(places, 2u);
  EXPECT_EQ(fs.count(Operation::kSync, "/usage"), syncs + 1);
}

TEST_F(UsageFileTest, ADamagedPlaceIsLeftOutAndTheOthersAreRead) {
  start();
  use("alice", 30);
  use("bob", 40);
  ASSERT_TRUE(keep());
  const Bytes whole = content();
  for (std::size_t byte = UsageFile::kHeadBytes; byte < UsageFile::kHeadBytes + 4 * UsageFile::kPlaceBytes; ++byte) {
    Bytes damaged = whole;
    damaged[byte] ^= std::byte{0x10};
    fs.set_content("/usage", damaged);
    start();
    EXPECT_EQ(restored.damaged, 1u) << byte;
    EXPECT_EQ(restored.meters, 3u) << byte;
    EXPECT_EQ(used("alice") + used_of_bucket("alice") + used("bob") + used_of_bucket("bob") + 0u,
              140u - (byte < UsageFile::kHeadBytes + 2 * UsageFile::kPlaceBytes ? 30u : 40u));
  }
}

TEST_F(UsageFileTest, AFileThatIsGoneTruncatedOrAnothersIsSaidToBe) {
  start();
  use("alice", 30);
  use("bob", 40);
  ASSERT_TRUE(keep());
  const Bytes whole = content();

  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, UsageFile::kHeadBytes - 1}) {
    fs.set_content("/usage", ByteView(whole).first(size));
    start();
    EXPECT_EQ(restored.why_new, "its head is damaged") << size;
    EXPECT_EQ(used("alice"), 0u);
    use("alice", 1);
    ASSERT_TRUE(keep());
    start();
    EXPECT_EQ(used("alice"), 1u);
  }
  // Truncated within its places: those before are read.
  fs.set_content("/usage", ByteView(whole).first(UsageFile::kHeadBytes + 2 * UsageFile::kPlaceBytes + 5));
  start();
  EXPECT_EQ(restored.meters, 2u);
  EXPECT_EQ(restored.damaged, 1u);
  EXPECT_EQ(used("alice"), 30u);

  for (std::size_t byte = 0; byte < 32; ++byte) {
    Bytes damaged = whole;
    damaged[byte] ^= std::byte{1};
    fs.set_content("/usage", damaged);
    start();
    EXPECT_EQ(restored.why_new, "its head is damaged") << byte;
  }

  ASSERT_TRUE(fs.remove("/usage"));
  start();
  EXPECT_EQ(restored.why_new, "there is none");
}

TEST_F(UsageFileTest, AFileThatCannotBeReadIsAnError) {
  start();
  use("alice", 30);
  ASSERT_TRUE(keep());
  fs.inject({.effect = Effect::kFail, .operation = Operation::kRead, .path_part = "/usage"});
  EXPECT_FALSE(UsageFile::open(fs, "/usage", kOtherKey));
}

TEST_F(UsageFileTest, ADiskThatFillsUpLaterDoesNoHarm) {
  start();
  use("alice", 30);
  ASSERT_TRUE(keep());
  fs.set_free_bytes(0);
  for (int i = 0; i < 90; ++i) use("p" + std::to_string(i), 3);
  ASSERT_TRUE(keep());
  fs.kill_process();
  start();
  EXPECT_EQ(used("p89"), 3u);
}

TEST_F(UsageFileTest, AfterAnyFailureCountingGoesOnAndTheFileIsMadeAnew) {
  for (const Effect effect : {Effect::kFail, Effect::kShortWrite, Effect::kDiskFull}) {
    for (std::uint64_t nth = 1; nth < 12; ++nth) {
      fs.inject({.effect = effect, .operation = Operation::kAnyChange, .nth = nth});
      start();
      const std::string who = "p" + std::to_string(nth) + std::to_string(static_cast<int>(effect));
      int failed = 0;
      for (int i = 0; i < 3; ++i) {
        use(who, 10);
        failed += keep() ? 0 : 1;
      }
      EXPECT_EQ(failed > 0, fs.struck()) << nth;
      EXPECT_EQ(used(who), 30u);
      // The disk is well again; a file that was open is of no use any more, which the next keep() finds.
      fs.kill_process();
      fs.inject({.operation = Operation::kMakeDirectory, .path_part = "nothing"});
      use(who, 1);
      (void)keep();
      ASSERT_TRUE(keep());
      fs.lose_power_and_all_unsynced();
      start();
      EXPECT_EQ(restored.damaged, 0u);
      EXPECT_EQ(used(who), 31u) << nth;
    }
  }
}

TEST_F(UsageFileTest, WhateverAPowerCutLeavesIsReadAsFarAsItGoes) {
  const std::uint64_t first_seed = std::random_device{}();
  for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    fs.inject({.effect = seed % 2 == 0 ? Effect::kCrash : Effect::kCrashInside,
               .operation = Operation::kAnyChange,
               .nth = 1 + seed % 9});
    start();
    std::uint64_t durable = 0;
    const std::string who = "p" + std::to_string(seed);
    for (int i = 1; i <= 5; ++i) {
      use(who, 10);
      if (keep()) durable = static_cast<std::uint64_t>(i) * 10;
    }
    fs.lose_power(seed);
    start();
    EXPECT_GE(used(who), durable);
    EXPECT_LE(used(who), 50u);
    EXPECT_EQ(restored.damaged, 0u);
    ASSERT_TRUE(keep());
  }
}

TEST_F(UsageFileTest, AMeterThatMovedIsTakenUpOnce) {
  start();
  for (int i = 0; i < 50; ++i) use("p" + std::to_string(i), 1 + static_cast<std::uint64_t>(i));
  ASSERT_TRUE(keep());
  // Two days later all are forgotten, and others take their places, in another order.
  const UnixMillis later = at(2 * 86'400'000LL);
  for (std::size_t i = 0; i < 3 * Meters::kSweepCalls; ++i) meters->sweep(later);
  for (int i = 49; i >= 0; --i) use("p" + std::to_string(i), 2, later);
  ASSERT_TRUE(keep(later));
  start(later);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(used("p" + std::to_string(i), later), 2u) << i;
  EXPECT_EQ(restored.meters, 100u);
}

}  // namespace
}  // namespace redoubt::limits
