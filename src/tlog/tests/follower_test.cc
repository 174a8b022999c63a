#include "tlog/follower.h"

#include "tlog/tests/support.h"

namespace redoubt::tlog::test {
namespace {

constexpr const char* kOrigin = "example.org/log";

std::string entry_text(std::uint64_t index, const std::string& history = "entry ") {
  return history + std::to_string(index);
}

class Follower : public ::testing::Test {
 protected:
  void grow(MemoryLog& log, std::uint64_t size, const std::string& history = "entry ") {
    while (log.size().value < size) log.append(entry_text(log.size().value, history));
    log.publish(signer_);
  }
  LogFollower make() { return LogFollower({signer_.verifier_key()}, kOrigin); }

  // Reads to the end of the checkpoint; what was handed out is in seen_, each checked against its index.
  Result<> read_all(LogFollower& follower, ResourceReader& log) {
    while (true) {
      auto count = follower.read(log, [this](LeafIndex index, const Hash& hash, ByteView entry) {
        EXPECT_EQ(as_chars(entry), entry_text(index.value));
        EXPECT_EQ(hash, leaf_hash(entry));
        seen_.push_back(index.value);
      });
      if (!count) return count.error();
      if (*count == 0) return {};
    }
  }

  const NoteSigner signer_ = make_signer(kOrigin);
  MemoryLog log_;
  std::vector<std::uint64_t> seen_;
};

TEST_F(Follower, HandsOutEachEntryOnceWhileTheLogGrows) {
  LogFollower follower = make();
  std::uint64_t before = 0;
  for (const std::uint64_t size : {1U, 2U, 255U, 256U, 257U, 700U, 70'000U}) {
    grow(log_, size);
    auto grown = follower.advance(log_);
    ASSERT_TRUE(grown) << grown.error().message();
    EXPECT_TRUE(*grown);
    EXPECT_EQ(follower.size().value, size);
    const auto read = read_all(follower, log_);
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(seen_.size(), size);
    for (std::uint64_t i = before; i < size; ++i) ASSERT_EQ(seen_[i], i);
    before = size;
    grown = follower.advance(log_);
    ASSERT_TRUE(grown);
    EXPECT_FALSE(*grown);
  }
}

TEST_F(Follower, BeginsAtAnyEntry) {
  grow(log_, 700);
  for (const std::uint64_t from : {0U, 1U, 100U, 255U, 256U, 257U, 511U, 512U, 699U, 700U}) {
    LogFollower follower = make();
    ASSERT_TRUE(follower.advance(log_));
    const auto started = follower.start_at(log_, {from});
    ASSERT_TRUE(started) << from << ": " << started.error().message();
    seen_.clear();
    ASSERT_TRUE(read_all(follower, log_)) << from;
    ASSERT_EQ(seen_.size(), 700 - from);
    if (!seen_.empty()) {
      EXPECT_EQ(seen_.front(), from);
    }
    EXPECT_EQ(follower.next(), 700U);
  }
  LogFollower follower = make();
  ASSERT_TRUE(follower.advance(log_));
  EXPECT_EQ(follower.start_at(log_, {701}).error().code(), Errc::kInvalidArgument);
}

TEST_F(Follower, HasNothingToFollowBeforeTheFirstCheckpoint) {
  LogFollower follower = make();
  EXPECT_EQ(follower.advance(log_).error().code(), Errc::kNotFound);
  EXPECT_EQ(*follower.read(log_, {}), 0U);
}

TEST_F(Follower, HandsOutNothingOfABundleThatIsNotInTheLog) {
  grow(log_, 700);
  for (const std::string path : {"tile/entries/001", "tile/entries/002.p/188"}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{5}, log_.files[path].size() - 1}) {
      AlteringReader altering(log_, path, at);
      LogFollower follower = make();
      ASSERT_TRUE(follower.advance(altering));
      seen_.clear();
      const auto read = read_all(follower, altering);
      ASSERT_FALSE(read) << path << " " << at;
      EXPECT_EQ(read.error().code(), Errc::kVerifyFailed) << read.error().message();
      EXPECT_NE(read.error().message().find(path), std::string::npos) << read.error().message();
      EXPECT_EQ(seen_.size(), path == "tile/entries/001" ? 256U : 512U);
      // What is right goes on where it stopped.
      ASSERT_TRUE(read_all(follower, log_));
      EXPECT_EQ(seen_.size(), 700U);
    }
  }
}

TEST_F(Follower, RefusesABundleOfAnotherLength) {
  grow(log_, 300);
  Bytes& bundle = log_.files["tile/entries/001.p/44"];
  ASSERT_TRUE(append_entry(bundle, as_bytes("one more")));
  LogFollower follower = make();
  ASSERT_TRUE(follower.advance(log_));
  EXPECT_EQ(read_all(follower, log_).error().code(), Errc::kVerifyFailed);
  bundle.pop_back();
  EXPECT_EQ(read_all(follower, log_).error().code(), Errc::kVerifyFailed);
  bundle.clear();
  EXPECT_EQ(read_all(follower, log_).error().code(), Errc::kVerifyFailed);
}

TEST_F(Follower, DoesNotBeginOnTilesThatAreNotTheCheckpoints) {
  grow(log_, 700);
  for (const std::string path : {"tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"}) {
    AlteringReader altering(log_, path, 3);
    LogFollower follower = make();
    ASSERT_TRUE(follower.advance(altering));
    const auto started = follower.start_at(altering, {300});
    ASSERT_FALSE(started) << path;
    EXPECT_EQ(started.error().code(), Errc::kVerifyFailed);
  }
}

TEST_F(Follower, RefusesACheckpointThatTheLogDidNotSign) {
  grow(log_, 3);
  LogFollower stranger({make_signer(kOrigin, 8).verifier_key()}, kOrigin);
  EXPECT_EQ(stranger.advance(log_).error().code(), Errc::kVerifyFailed);
  LogFollower other({signer_.verifier_key()}, "example.org/other");
  EXPECT_EQ(other.advance(log_).error().code(), Errc::kVerifyFailed);
  log_.files["checkpoint"] = to_bytes(as_bytes("no note"));
  LogFollower follower = make();
  EXPECT_EQ(follower.advance(log_).error().code(), Errc::kVerifyFailed);
}

TEST_F(Follower, ProvesAFork) {
  for (const std::uint64_t size : {300U, 301U, 700U}) {
    MemoryLog first;
    grow(first, 300);
    MemoryLog second;
    grow(second, size, "another history ");
    LogFollower follower = make();
    ASSERT_TRUE(follower.advance(first));
    const auto refused = follower.advance(second);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
    EXPECT_EQ(follower.size().value, 300U);  // what was taken stays
    ASSERT_TRUE(follower.fork()) << size;
    const VerifierKey keys[] = {signer_.verifier_key()};
    const auto fork = verify_fork_proof(*follower.fork(), keys);
    ASSERT_TRUE(fork) << fork.error().message();
    EXPECT_EQ(fork->second.size.value, size);
  }
}

TEST_F(Follower, RefusesALogThatWentBack) {
  grow(log_, 300);
  const Bytes old = log_.files["checkpoint"];
  grow(log_, 700);
  LogFollower follower = make();
  ASSERT_TRUE(follower.advance(log_));
  log_.files["checkpoint"] = old;
  const auto refused = follower.advance(log_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_FALSE(follower.fork());  // the older checkpoint contradicts nothing

  // A smaller one that does contradict is proven to, while the larger tree's tiles are there.
  MemoryLog other;
  grow(other, 299, "another history ");
  log_.files["checkpoint"] = other.files["checkpoint"];
  EXPECT_FALSE(follower.advance(log_));
  EXPECT_TRUE(follower.fork());
}

TEST_F(Follower, RefusesGrowthThatItsTilesDoNotShow) {
  grow(log_, 300);
  LogFollower follower = make();
  ASSERT_TRUE(follower.advance(log_));
  grow(log_, 700);
  AlteringReader altering(log_, "tile/1/000.p/2", 3);
  EXPECT_EQ(follower.advance(altering).error().code(), Errc::kVerifyFailed);
  EXPECT_FALSE(follower.fork());
  EXPECT_TRUE(follower.advance(log_));
}

}  // namespace
}  // namespace redoubt::tlog::test
