#include "sealing/activation_approval.h"

#include <gtest/gtest.h>

#include "base/scratch_folder.h"

namespace redoubt::sealing {
namespace {

crypto::Sha256Digest filled(std::uint8_t fill) {
  crypto::Sha256Digest out;
  out.fill(std::byte{fill});
  return out;
}

class ActivationApprovalTest : public ::testing::Test {
 protected:
  ActivationApprovalTest() { word_.sign(purpose_, approver_); }

  bool holds(const ActivationApproval& word) const { return word.is_signed_by(approver_.public_key(), purpose_); }

  const crypto::P256PrivateKey approver_ = crypto::P256PrivateKey::generate();
  const crypto::Sha256Digest purpose_ = filled(9);
  ActivationApproval word_{.replaces = filled(1), .fact = 17, .bundle = filled(2), .signature = {}};
};

TEST_F(ActivationApprovalTest, IsReadAsItWasWritten) {
  const auto read = ActivationApproval::parse(word_.format());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->format(), word_.format());
  EXPECT_EQ(read->replaces, filled(1));
  EXPECT_EQ(read->fact, 17u);
  EXPECT_EQ(read->bundle, filled(2));
  EXPECT_TRUE(holds(*read));
}

TEST_F(ActivationApprovalTest, HoldsForTheKeysAndTheApproverItWasSignedFor) {
  EXPECT_FALSE(word_.is_signed_by(crypto::P256PrivateKey::generate().public_key(), purpose_));
  EXPECT_FALSE(word_.is_signed_by(approver_.public_key(), filled(8)));
  crypto::P256PublicKey none{};
  EXPECT_FALSE(word_.is_signed_by(none, purpose_));
}

TEST_F(ActivationApprovalTest, HasNoWordThatIsNotSigned) {
  const std::string good = word_.format();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string altered = good;
    altered[at] = altered[at] == '1' ? '2' : '1';
    if (altered == good) continue;
    const auto read = ActivationApproval::parse(altered);
    EXPECT_FALSE(read && holds(*read)) << altered;
  }
}

TEST_F(ActivationApprovalTest, HasOneFormOnly) {
  const std::string good = word_.format();
  for (const std::string& other : {std::string(), good + "\n", good + "fact 17\n", good.substr(0, good.size() - 1),
                                   "\n" + good, std::string(good).replace(good.find("fact 17"), 7, "fact 017"),
                                   std::string(good).replace(good.find("fact 17"), 7, "fact 99999999999999999999"),
                                   std::string(good).replace(good.find("fact 17"), 7, "fact -1"),
                                   std::string(good).replace(good.find("replaces sha256:"), 16, "replaces sha512:"),
                                   std::string(good).replace(good.find("replaces sha256:"), 18, "replaces sha256:"),
                                   std::string(good).replace(0, 21, "redoubt-activation-v2")}) {
    const auto read = ActivationApproval::parse(other);
    ASSERT_FALSE(read) << other;
    EXPECT_EQ(read.error().code(), Errc::kMalformed) << other;
  }
  EXPECT_EQ(ActivationApproval::parse(std::string(513, 'x')).error().code(), Errc::kTooLarge);
}

TEST_F(ActivationApprovalTest, IsFoundInItsFolderOrNot) {
  const auto folder = *ScratchFolder::make();
  PosixFileSystem fs;
  EXPECT_FALSE(*read_activation_approval(fs, folder.path()));
  EXPECT_FALSE(*read_activation_approval(fs, folder.path() + "/none"));
  const std::string path = folder.path() + "/" + std::string(kActivationFile);
  const std::string good = word_.format();
  ASSERT_TRUE(write_file_atomically(fs, path, as_bytes(good)));
  const auto there = read_activation_approval(fs, folder.path());
  ASSERT_TRUE(there && *there);
  EXPECT_EQ((*there)->format(), good);
  ASSERT_TRUE(write_file_atomically(fs, path, as_bytes(std::string_view("nothing"))));
  const auto bad = read_activation_approval(fs, folder.path());
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message().find(path), std::string::npos);
}

}  // namespace
}  // namespace redoubt::sealing
