#include "tlog/log_verifier.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/temp_dir.h"
#include "tlog/proof.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::AlteringReader;
using test::MemoryLog;

class LogVerifierTest : public ::testing::Test {
 protected:
  void grow_to(std::uint64_t size) {
    while (log_.size().value < size) log_.append("entry " + std::to_string(log_.size().value));
    log_.publish(signer_);
  }
  std::string checkpoint() { return std::string(as_chars(log_.files.at("checkpoint"))); }
  const VerifierKey& key() { return signer_.verifier_key(); }

  NoteSigner signer_ = test::make_signer("example.com/log");
  MemoryLog log_;
};

TEST_F(LogVerifierTest, AcceptsALogAtEverySizeAroundTheEdgesOfTiles) {
  for (const std::uint64_t size : {0, 1, 2, 255, 256, 257, 511, 512, 513, 65'535, 65'536, 65'537, 66'100}) {
    grow_to(size);
    const auto report = verify_log(log_, key());
    ASSERT_TRUE(report) << size << ": " << report.error().message();
    EXPECT_EQ(report->checkpoint.size.value, size);
    EXPECT_EQ(report->bundles, (size + 255) / 256);
    EXPECT_TRUE(report->origin_is_key_name);
    EXPECT_EQ(report->fallbacks, 0U);
    std::vector<std::uint64_t> tiles;
    for (const TileId& id : tiles_for_size({size})) {
      tiles.resize(id.level + 1);
      ++tiles[id.level];
    }
    EXPECT_EQ(report->tiles, tiles) << size;
  }
}

TEST_F(LogVerifierTest, ReportsProgressUpToTheEnd) {
  grow_to(600);
  std::vector<std::uint64_t> seen;
  const auto report = verify_log(log_, key(), std::nullopt, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 600U);
    seen.push_back(done);
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{256, 512, 600}));
  EXPECT_EQ(report->entry_bytes, 10 * 7 + 90 * 8 + 500 * 9U);
}

TEST_F(LogVerifierTest, AcceptsAnEarlierCheckpointOfALogThatGrew) {
  grow_to(300);
  const std::string earlier = checkpoint();
  grow_to(900);
  const auto report = verify_log(log_, key(), earlier);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->checkpoint.size.value, 300U);
}

TEST_F(LogVerifierTest, TakesTheFullFileWhereThePartialOneIsGone) {
  grow_to(300);
  const std::string earlier = checkpoint();
  grow_to(900);
  ASSERT_EQ(log_.files.erase("tile/0/001.p/44"), 1U);
  ASSERT_EQ(log_.files.erase("tile/entries/001.p/44"), 1U);
  const auto report = verify_log(log_, key(), earlier);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->fallbacks, 2U);
  // Its beginning is compared.
  AlteringReader altered(log_, "tile/0/001", 43 * 32);
  const auto refused = verify_log(altered, key(), earlier);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(refused.error().message().starts_with("tile/0/001: ")) << refused.error().message();
  // What is beyond the checkpoint says nothing about it.
  AlteringReader beyond(log_, "tile/0/001", 44 * 32);
  EXPECT_TRUE(verify_log(beyond, key(), earlier));
}

TEST_F(LogVerifierTest, RefusesALogWithOneChangedBitInAnyFile) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  grow_to(1'300);
  for (const auto& [path, bytes] : log_.files) {
    for (const std::size_t position : {std::size_t{0}, bytes.size() - 1, random() % bytes.size()}) {
      AlteringReader reader(log_, path, position);
      const auto refused = verify_log(reader, key());
      ASSERT_FALSE(refused) << path << " at " << position;
      EXPECT_TRUE(refused.error().code() == Errc::kVerifyFailed) << refused.error().message();
      // The message names the file, or, where only a hash of an entry differs, the tile with the entry's bundle.
      EXPECT_NE(refused.error().message().find(path), std::string::npos) << path << ": " << refused.error().message();
    }
  }
}

TEST_F(LogVerifierTest, RefusesALogWithoutOneOfItsFiles) {
  grow_to(1'300);
  const auto files = log_.files;
  for (const auto& [path, bytes] : files) {
    log_.files = files;
    log_.files.erase(path);
    const auto refused = verify_log(log_, key());
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code(), Errc::kNotFound);
    EXPECT_TRUE(refused.error().message().starts_with(path + ": ")) << refused.error().message();
  }
}

TEST_F(LogVerifierTest, RefusesFilesThatAreLongerOrShorter) {
  grow_to(1'300);
  const auto files = log_.files;
  for (const auto& [path, bytes] : files) {
    for (const int change : {-1, 1}) {
      log_.files = files;
      log_.files[path].resize(bytes.size() + static_cast<std::size_t>(change));
      const auto refused = verify_log(log_, key());
      ASSERT_FALSE(refused) << path << " by " << change;
      EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed) << refused.error().message();
      EXPECT_TRUE(refused.error().message().starts_with(path + ": ")) << refused.error().message();
    }
  }
}

TEST_F(LogVerifierTest, RefusesABundleWithAnEntryMoreOrLess) {
  grow_to(300);
  const auto files = log_.files;
  ASSERT_TRUE(append_entry(log_.files["tile/entries/001.p/44"], as_bytes("one more")));
  EXPECT_EQ(verify_log(log_, key()).error().code(), Errc::kVerifyFailed);
  log_.files = files;
  log_.files["tile/entries/000"].resize(9 * 10);
  EXPECT_EQ(verify_log(log_, key()).error().code(), Errc::kVerifyFailed);
}

TEST_F(LogVerifierTest, RefusesARootThatIsNotTheEntriesThoughItIsSigned) {
  grow_to(300);
  const std::string note = *sign_checkpoint({"example.com/log", {300}, test::leaf("other"), {}}, signer_);
  const auto refused = verify_log(log_, key(), note);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_TRUE(refused.error().message().starts_with("checkpoint: ")) << refused.error().message();
  const std::string empty = *sign_checkpoint({"example.com/log", {0}, test::leaf("other"), {}}, signer_);
  EXPECT_FALSE(verify_log(log_, key(), empty));
}

TEST_F(LogVerifierTest, RefusesACheckpointOfAnotherKey) {
  grow_to(3);
  const NoteSigner other = test::make_signer("example.com/log", 8);
  const auto refused = verify_log(log_, other.verifier_key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
}

TEST_F(LogVerifierTest, ReportsAnOriginThatIsNotTheKeysName) {
  grow_to(3);
  const std::string note = *sign_checkpoint({"elsewhere", {3}, log_.frontier().root(), {}}, signer_);
  const auto report = verify_log(log_, key(), note);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->origin_is_key_name);
  EXPECT_EQ(report->checkpoint.origin, "elsewhere");
}

TEST_F(LogVerifierTest, ReadsALogFromAFolder) {
  grow_to(600);
  const testing_support::TempDir temp;
  const std::filesystem::path folder = temp.path();
  for (const auto& [path, bytes] : log_.files) {
    std::filesystem::create_directories((folder / path).parent_path());
    std::ofstream(folder / path, std::ios::binary) << as_chars(bytes);
  }
  PosixFileSystem fs;
  DirectoryReader reader(fs, folder);
  EXPECT_TRUE(verify_log(reader, key()));
  // One byte of one file, on the disk.
  std::fstream file(folder / "tile/entries/001", std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(5).put('!');
  file.close();
  const auto refused = verify_log(reader, key());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  std::filesystem::remove(folder / "tile/entries/001");
  EXPECT_EQ(verify_log(reader, key()).error().code(), Errc::kNotFound);
  EXPECT_EQ(reader.fetch("checkpoint", 10).error().code(), Errc::kTooLarge);
  std::filesystem::remove(folder / "checkpoint");
  const auto empty = verify_log(reader, key());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), Errc::kNotFound);
  EXPECT_TRUE(empty.error().message().starts_with("checkpoint: no checkpoint yet: ")) << empty.error().message();
}

TEST_F(LogVerifierTest, TilesAloneGiveTheRootAtEverySizeAroundTheEdgesOfTiles) {
  for (const std::uint64_t size : {0, 1, 255, 256, 257, 513, 65'536, 65'537, 66'100}) {
    grow_to(size);
    std::erase_if(log_.files, [](const auto& file) { return file.first.starts_with("tile/entries/"); });
    const Checkpoint checkpoint{"example.com/log", {size}, log_.frontier().root(), {}};
    const auto report = verify_tiles(log_, checkpoint);
    ASSERT_TRUE(report) << size << ": " << report.error().message();
    EXPECT_EQ(report->checkpoint, checkpoint);
    std::uint64_t tiles = 0;
    for (const std::uint64_t count : report->tiles) tiles += count;
    EXPECT_EQ(tiles, tiles_for_size({size}).size()) << size;
  }
}

TEST_F(LogVerifierTest, TilesAloneAreRefusedAfterAnyChangeOfOne) {
  grow_to(66'100);
  const Checkpoint checkpoint{"example.com/log", log_.size(), log_.frontier().root(), {}};
  std::mt19937_64 random(66'100);
  for (const TileId& id : tiles_for_size(log_.size())) {
    if (id.level == 0 && id.index % 50 != 0 && !id.is_partial()) continue;  // not all of the many
    AlteringReader altered(log_, tile_path(id), random() % id.size_bytes());
    const auto refused = verify_tiles(altered, checkpoint);
    ASSERT_FALSE(refused) << tile_path(id);
    EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  }
  log_.files.erase("tile/1/000");
  EXPECT_EQ(verify_tiles(log_, checkpoint).error().code(), Errc::kNotFound);
}

TEST_F(LogVerifierTest, PublishedTilesGiveTheBeginningOfTheFullFile) {
  grow_to(100);
  grow_to(300);
  PublishedTiles tiles(log_);
  EXPECT_EQ(*tiles.read_tile({0, 0, 100}), log_.files.at("tile/0/000.p/100"));
  log_.files.erase("tile/0/000.p/100");
  EXPECT_EQ(*tree_root(tiles, {100}), *tree_root(log_, {100}));
  EXPECT_EQ(tiles.read_tile({0, 1, 45}).error().code(), Errc::kNotFound);
  log_.files.at("tile/0/000").pop_back();
  EXPECT_EQ(tiles.read_tile({0, 0, 100}).error().code(), Errc::kCorrupt);
  EXPECT_EQ(tiles.read_tile({0, 0, 256}).error().code(), Errc::kCorrupt);
}

}  // namespace
}  // namespace redoubt::tlog
