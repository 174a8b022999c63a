#include "sealing/sealing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace redoubt::sealing {
namespace {

Sealing sample() {
  Sealing out{.id = {}, .counter = 0x0180'5242, .boot = true, .approver = {}};
  out.id.fill(std::byte{7});
  out.approver = crypto::P256PrivateKey::generate().public_key();
  return out;
}

TEST(Sealing, IsReadAsItWasWritten) {
  const Sealing sealing = sample();
  const auto read = Sealing::parse(sealing.format(), "sealing.toml");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->format(), sealing.format());
  EXPECT_EQ(read->purpose(), sealing.purpose());
}

TEST(Sealing, IsPartOfWhatIsApproved) {
  const Sealing sealing = sample();
  Sealing other = sealing;
  other.boot = false;
  EXPECT_NE(other.purpose(), sealing.purpose()) << "approvals that look away from firmware are others";
  other = sealing;
  other.counter += 1;
  EXPECT_NE(other.purpose(), sealing.purpose());
  other = sealing;
  other.id[0] ^= std::byte{1};
  EXPECT_NE(other.purpose(), sealing.purpose());
  EXPECT_NE(sample().purpose(), sealing.purpose()) << "another approver";
}

TEST(Sealing, RefusesAnotherForm) {
  const std::string good = sample().format();
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string text = good;
    return Sealing::parse(text.replace(text.find(what), what.size(), by), "sealing.toml");
  };
  EXPECT_FALSE(replaced("version = 1", "version = 2"));
  EXPECT_FALSE(replaced("version = 1", ""));
  EXPECT_FALSE(replaced("01805242", "01405242")) << "no place of an owner's";
  EXPECT_FALSE(replaced("01805242", "0180524"));
  EXPECT_FALSE(replaced("boot = true", "boot = 1"));
  EXPECT_FALSE(replaced("boot = true", "boot = true\nother = 1"));
  EXPECT_FALSE(replaced("id = \"07", "id = \""));
  EXPECT_FALSE(replaced("approver = \"", "approver = \"AAAA"));
}

class Approvals : public ::testing::Test {
 protected:
  static std::string text() {
    tpm::ApprovalFile file{.counter = 0x0180'5242, .version = 1, .boot = {}, .measured = {}, .signature = {}};
    EXPECT_TRUE(file.measured.add({.pcr = 12, .name = "program", .value = Bytes(32)}));
    return file.format();
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  Result<std::vector<KeptApproval>> read() { return read_approvals(fs_, folder_.path()); }

  const testing_support::TempDir folder_;
  PosixFileSystem fs_;
};

TEST_F(Approvals, AreThoseOfAFolder) {
  EXPECT_TRUE(read_approvals(fs_, folder_ / "none")->empty());
  write("1.approval", text());
  write("README", "who signs");
  const auto approvals = read();
  ASSERT_TRUE(approvals) << approvals.error().message();
  ASSERT_EQ(approvals->size(), 1u);
  EXPECT_EQ(approvals->front().path, folder_ / "1.approval");
  write("2.approval", "none");
  EXPECT_EQ(read().error().code(), Errc::kMalformed);
  EXPECT_NE(read().error().message().find("2.approval"), std::string::npos);
}

TEST_F(Approvals, AreBounded) {
  for (std::size_t i = 0; i < kMaxApprovals; ++i) write(std::to_string(i) + ".approval", text());
  EXPECT_TRUE(read());
  write("more.approval", text());
  EXPECT_EQ(read().error().code(), Errc::kResourceExhausted);
}

}  // namespace
}  // namespace redoubt::sealing
