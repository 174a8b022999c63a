#include "attest/internal/pcr_values.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace redoubt::attest {
namespace {

using crypto::HashAlgorithm;

Bytes filled(std::size_t size, unsigned of) {
  return Bytes(size, static_cast<std::byte>(of));
}

TEST(PcrValues, HoldsEachIndexOnceAndNoneAbove23) {
  PcrValues pcrs;
  EXPECT_TRUE(pcrs.add(0, filled(32, 1)));
  EXPECT_TRUE(pcrs.add(23, filled(32, 2)));
  EXPECT_EQ(pcrs.add(0, filled(32, 1)).error().code(), Errc::kMalformed);
  EXPECT_EQ(pcrs.add(24, filled(32, 1)).error().code(), Errc::kMalformed);
  EXPECT_EQ(pcrs.add(std::uint64_t{1} << 32, filled(32, 1)).error().code(), Errc::kMalformed);
  EXPECT_EQ(pcrs.indices(), 1U | 1U << 23);
  EXPECT_EQ(pcrs.digest(HashAlgorithm::kSha256),
            crypto::digest(HashAlgorithm::kSha256, {filled(32, 1), filled(32, 2)}));
  EXPECT_TRUE(pcrs.has(23));
  EXPECT_FALSE(pcrs.has(1));
  EXPECT_FALSE(pcrs.has(24));
  EXPECT_EQ(to_bytes(pcrs.at(23)), filled(32, 2));
  EXPECT_TRUE(pcrs.at(1).empty());
}

TEST(PcrValues, AreDigestedInTheOrderOfTheirIndicesHoweverTheyCame) {
  Bytes all;
  for (const unsigned index : {0U, 2U, 7U, 11U}) append(all, filled(32, index));
  for (const auto& order : {std::array{0U, 2U, 7U, 11U}, std::array{7U, 0U, 11U, 2U}, std::array{0U, 2U, 11U, 7U}}) {
    PcrValues pcrs;
    for (const unsigned index : order) ASSERT_TRUE(pcrs.add(index, filled(32, index)));
    for (const auto algorithm : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha256}) {
      EXPECT_EQ(pcrs.digest(algorithm), crypto::digest(algorithm, all));
    }
  }
}

// What was made before is not told of what was added since.
TEST(PcrValues, AreDigestedAndClaimedAnewWhenOneIsAdded) {
  PcrValues pcrs;
  ASSERT_TRUE(pcrs.add(3, filled(20, 0xab)));
  EXPECT_EQ(pcrs.digest(HashAlgorithm::kSha1), crypto::digest(HashAlgorithm::kSha1, filled(20, 0xab)));
  EXPECT_EQ(Claim(pcrs.claims()), (ClaimObject{{"3", ByteView(filled(20, 0xab))}}));
  ASSERT_TRUE(pcrs.add(1, filled(20, 0xcd)));
  Bytes both = filled(20, 0xcd);
  append(both, filled(20, 0xab));
  EXPECT_EQ(pcrs.digest(HashAlgorithm::kSha1), crypto::digest(HashAlgorithm::kSha1, both));
  EXPECT_EQ(Claim(pcrs.claims()), (ClaimObject{{"1", ByteView(filled(20, 0xcd))}, {"3", ByteView(filled(20, 0xab))}}));
}

// Of two whose bytes are the same in a row, but divided otherwise, at most one has the bank's size.
TEST(PcrValues, HaveTheSizeOfTheirBankEachOrDoNot) {
  PcrValues pcrs;
  EXPECT_TRUE(pcrs.all_have(32));
  ASSERT_TRUE(pcrs.add(0, filled(31, 1)));
  ASSERT_TRUE(pcrs.add(1, filled(33, 1)));
  EXPECT_FALSE(pcrs.all_have(32));
  PcrValues none;
  ASSERT_TRUE(none.add(0, {}));
  EXPECT_TRUE(none.has(0));
  EXPECT_FALSE(none.all_have(32));
}

TEST(Claim, WithTheSameObjectEqualsOneWithAnotherOfTheSameMembers) {
  const auto shared = std::make_shared<const ClaimObject>(ClaimObject{{"0", "ab"}});
  EXPECT_EQ(Claim(shared), Claim(shared));
  EXPECT_EQ(Claim(shared), Claim(ClaimObject{{"0", "ab"}}));
  EXPECT_NE(Claim(shared), Claim(ClaimObject{{"0", "ac"}}));
  EXPECT_NE(Claim(shared), Claim(ClaimObject{}));
  EXPECT_NE(Claim(shared), Claim("ab"));
  EXPECT_NE(Claim("ab"), Claim(shared));
}

}  // namespace
}  // namespace redoubt::attest
