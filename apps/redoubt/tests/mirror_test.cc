// A mirror that serves its log's real entries: the data of others has none, and `check_mirror` must say so of this one.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "tests/support/temp_dir.h"
#include "tlog/cosignature.h"
#include "tlog/tests/memory_log.h"

namespace redoubt::app::conform {
namespace {

class MirrorTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 300;

  void SetUp() override {
    const tlog::NoteSigner log_key = tlog::test::make_signer("log.example");
    const auto cosigner = tlog::Cosigner::create("mirror.example", crypto::Ed25519PrivateKey::generate());
    ASSERT_TRUE(cosigner);
    for (std::uint64_t i = 0; i < kSize; ++i) log_.append("entry " + std::to_string(i));
    log_.publish(log_key);
    const auto text = tlog::format_checkpoint({"log.example", {kSize}, log_.frontier().root(), {}});
    ASSERT_TRUE(text);
    const auto line = cosigner->signature_line(*text, 1);
    ASSERT_TRUE(line);
    log_.files["checkpoint"] = to_bytes(as_bytes(*text + "\n" + *line));
    write("mirror.v0.json",
          R"({"name":"mirror.example","verifier_keys":[")" + cosigner->verifier_key().format() + "\"]}");
    for (const auto& [path, bytes] : log_.files) write(folder() + path, as_chars(bytes));
  }

  static std::string folder() { return encoding::hex(crypto::sha256(as_bytes("log.example"))) + "/"; }

  void write(const std::string& path, std::string_view content) {
    const std::filesystem::path file = dir_.path() + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }

  DataSet checked() {
    auto set = DataSet::open(fs_, dir_.path(), "mirror");
    EXPECT_TRUE(set);
    check_mirror(*set);
    set->finish();
    return *std::move(set);
  }

  testing_support::TempDir dir_;
  PosixFileSystem fs_;
  tlog::test::MemoryLog log_;
};

TEST_F(MirrorTest, BundlesWithTheLogsEntriesAreAFailure) {
  const DataSet set = checked();
  EXPECT_EQ(set.passed(), 2U);  // the mirror's keys, the checkpoint with its tiles
  ASSERT_EQ(set.failed(), 2U);
  for (const std::string& failure : set.failures())
    EXPECT_TRUE(failure.ends_with("accepted, but must be refused")) << failure;
}

TEST_F(MirrorTest, BundlesWithOtherEntriesAreRefused) {
  for (const char* path : {"tile/entries/000", "tile/entries/001.p/44"}) {
    Bytes bundle = log_.files.at(path);
    bundle[5] ^= std::byte{1};
    write(folder() + path, as_chars(bundle));
  }
  const DataSet set = checked();
  EXPECT_EQ(set.passed(), 4U);
  EXPECT_EQ(set.failed(), 0U) << set.failures().front();
}

}  // namespace
}  // namespace redoubt::app::conform
