// write_file_atomically() on a disk that may fail: every operation, every crash, every part of what was not synced.
// API keys, openers, configuration and checkpoints are written by it.
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/fault_file_system.h"

namespace redoubt {
namespace {

using testing_support::FaultFileSystem;
using Effect = FaultFileSystem::Effect;
using Fate = FaultFileSystem::Fate;
using Operation = FaultFileSystem::Operation;

constexpr const char* kPath = "/etc/keys.json";

// Contents of several pages: a mixture would show.
Bytes content(char letter, std::size_t size) {
  return Bytes(size, static_cast<std::byte>(letter));
}
const Bytes kOld = content('o', 9000);
const Bytes kNew = content('n', 13'000);

// A disk on which the file is there, or not yet.
std::unique_ptr<FaultFileSystem> disk(bool there) {
  auto fs = std::make_unique<FaultFileSystem>();
  EXPECT_TRUE(fs->make_directory("/etc"));
  EXPECT_TRUE(fs->sync_directory("/"));
  if (there) {
    EXPECT_TRUE(write_file_atomically(*fs, kPath, kOld));
  }
  return fs;
}

// What a reader finds: the old content as a whole, or the new. Afterwards the file can be written.
void expect_whole(FaultFileSystem& fs, bool was_there, bool must_be_new) {
  const auto found = read_file(fs, kPath, 1 << 20);
  if (!found) {
    ASSERT_EQ(found.error().code(), Errc::kNotFound) << found.error().message();
    ASSERT_FALSE(was_there) << "the old content is lost";
    ASSERT_FALSE(must_be_new) << "the new content is lost";
  } else {
    ASSERT_TRUE(*found == kNew || (was_there && *found == kOld)) << "a mixture";
    ASSERT_TRUE(*found == kNew || !must_be_new) << "the new content is lost";
  }
  ASSERT_TRUE(write_file_atomically(fs, kPath, kNew));
  fs.lose_power_and_all_unsynced();
  ASSERT_EQ(*read_file(fs, kPath, 1 << 20), kNew);
}

class AtomicFile : public ::testing::TestWithParam<bool> {
 protected:
  const bool there_ = GetParam();
};
INSTANTIATE_TEST_SUITE_P(OldContent, AtomicFile, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "IsThere" : "IsNot"; });

TEST_P(AtomicFile, IsWholeAfterAnyCrashAndAnyLossOfWhatWasNotSynced) {
  std::size_t disks = 0;
  bool struck = true;
  for (std::uint64_t nth = 1; struck; ++nth) {
    for (const Effect effect : {Effect::kCrash, Effect::kCrashInside}) {
      const auto crashed = disk(there_);
      crashed->inject({.effect = effect, .operation = Operation::kAnyChange, .path_part = "", .nth = nth});
      const bool done = write_file_atomically(*crashed, kPath, kNew).has_value();
      struck = crashed->struck();
      const std::size_t n = crashed->unsynced();
      ASSERT_LE(n, 10U);
      std::size_t all = 1;
      for (std::size_t i = 0; i < n; ++i) all *= 3;
      for (std::size_t which = 0; which < all; ++which) {
        SCOPED_TRACE("change " + std::to_string(nth) + ", fates " + std::to_string(which));
        std::vector<Fate> fates(n);
        std::size_t rest = which;
        for (Fate& fate : fates) fate = static_cast<Fate>(std::exchange(rest, rest / 3) % 3);
        const auto fs = crashed->clone();
        fs->lose_power(fates, which);
        ASSERT_NO_FATAL_FAILURE(expect_whole(*fs, there_, done));
        ++disks;
      }
      const auto fs = crashed->clone();
      ASSERT_NO_FATAL_FAILURE(expect_whole(*fs, there_, done)) << "process killed at change " << nth;
    }
  }
  EXPECT_GE(disks, 100U);
}

TEST_P(AtomicFile, IsWholeAfterAnyFailedOperation) {
  bool struck = true;
  for (std::uint64_t nth = 1; struck; ++nth) {
    for (const Effect effect : {Effect::kFail, Effect::kShortWrite, Effect::kDiskFull}) {
      for (const bool power : {false, true}) {
        SCOPED_TRACE("operation " + std::to_string(nth) + ", effect " + std::to_string(static_cast<int>(effect)));
        const auto failed = disk(there_);
        failed->inject({.effect = effect, .operation = Operation::kAny, .path_part = "", .nth = nth});
        const bool done = write_file_atomically(*failed, kPath, kNew).has_value();
        struck = failed->struck();
        ASSERT_NE(done, struck) << "a failure was not reported";
        power ? failed->lose_power_and_all_unsynced() : failed->kill_process();
        ASSERT_NO_FATAL_FAILURE(expect_whole(*failed, there_, done));
      }
    }
  }
}

}  // namespace
}  // namespace redoubt
