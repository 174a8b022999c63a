#include "tlog/witness_request.h"

#include <gtest/gtest.h>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

const std::string kHash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

std::string note() {
  return *sign_checkpoint({"example.com/log", {9}, test::leaf("x"), {}}, test::make_signer("example.com/log"));
}

TEST(WitnessRequest, IsTheOldSizeTheProofAndTheCheckpoint) {
  EXPECT_EQ(*format_witness_request({{5}, {empty_root()}, note()}), "old 5\n" + kHash + "\n\n" + note());
  EXPECT_EQ(*format_witness_request({{0}, {}, note()}), "old 0\n\n" + note());
}

TEST(WitnessRequest, ReadsBackWhatItWrites) {
  for (const std::uint64_t old_size : {std::uint64_t{0}, std::uint64_t{10}, kMaxTreeSize.value}) {
    for (const std::size_t hashes : {std::size_t{0}, std::size_t{1}, kMaxWitnessProofHashes}) {
      const WitnessRequest request{{old_size}, std::vector<Hash>(hashes, test::leaf("y")), note()};
      const auto parsed = parse_witness_request(*format_witness_request(request));
      ASSERT_TRUE(parsed) << parsed.error().message();
      EXPECT_EQ(*parsed, request);
    }
  }
}

TEST(WitnessRequest, ReadsTheStandardsExample) {
  const auto parsed = parse_witness_request(
      "old 20852014\n"
      "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
      "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
      "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
      "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
      "\n"
      "example.com/behind-the-sofa\n"
      "20852163\n"
      "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
      "\n"
      "— example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->old_size, TreeSize{20852014});
  EXPECT_EQ(parsed->proof.size(), 4U);
  EXPECT_TRUE(parsed->checkpoint.starts_with("example.com/behind-the-sofa\n20852163\n"));
}

TEST(WitnessRequest, RefusesEveryOtherForm) {
  ASSERT_TRUE(parse_witness_request("old 0\n" + kHash + "\n\n" + note()));
  for (const std::string& body :
       {std::string(), std::string("\n"), std::string("old 0"), std::string("old 0\n"), std::string("old 0\n\n"),
        "old 0\n" + kHash, "old 0\n" + kHash + "\n", "old 0\n" + kHash + "\n\n", note(), "\n" + note(),
        "old\n\n" + note(), "old \n\n" + note(), "old  0\n\n" + note(), " old 0\n\n" + note(), "old 0 \n\n" + note(),
        "Old 0\n\n" + note(), "old\t0\n\n" + note(), "old 00\n\n" + note(), "old 01\n\n" + note(),
        "old +1\n\n" + note(), "old -1\n\n" + note(), "old 0x1\n\n" + note(), "old 1e3\n\n" + note(),
        "old 9223372036854775808\n\n" + note(), "old 18446744073709551616\n\n" + note(), "old 0\r\n\r\n" + note(),
        "old 0\nold 0\n\n" + note(), "old 0\n" + kHash.substr(1) + "\n\n" + note(),
        "old 0\n" + kHash + "=\n\n" + note(), "old 0\n " + kHash + "\n\n" + note(), "old 0\nAAAA\n\n" + note(),
        // The last two of the unused bits are not zero.
        "old 0\n" + kHash.substr(0, 42) + "V=\n\n" + note(),
        // Another alphabet (RFC 4648 §5).
        "old 0\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" + note()}) {
    const auto parsed = parse_witness_request(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << body;
  }
}

TEST(WitnessRequest, HasLimits) {
  std::string lines;
  for (std::size_t i = 0; i < kMaxWitnessProofHashes; ++i) lines += kHash + "\n";
  EXPECT_TRUE(parse_witness_request("old 1\n" + lines + "\n" + note()));
  EXPECT_EQ(parse_witness_request("old 1\n" + lines + kHash + "\n\n" + note()).error().code(), Errc::kMalformed);
  const std::string longest = "old 1\n\n" + std::string(kMaxWitnessRequestSize - 7, 'x');
  EXPECT_TRUE(parse_witness_request(longest));
  EXPECT_EQ(parse_witness_request(longest + "x").error().code(), Errc::kTooLarge);

  const auto refused = [](const WitnessRequest& request) {
    return format_witness_request(request).error().code() == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused({{kMaxTreeSize.value + 1}, {}, note()}));
  EXPECT_TRUE(refused({{1}, std::vector<Hash>(kMaxWitnessProofHashes + 1), note()}));
  EXPECT_TRUE(refused({{1}, {}, "no note"}));
  const Checkpoint wordy{"example.com/log", {9}, {}, {std::string(kMaxWitnessRequestSize, 'x')}};
  EXPECT_TRUE(refused({{1}, {}, *sign_checkpoint(wordy, test::make_signer("example.com/log"))}));
}

TEST(WitnessSize, IsADecimalAndANewline) {
  EXPECT_EQ(format_witness_size({0}), "0\n");
  EXPECT_EQ(format_witness_size(kMaxTreeSize), "9223372036854775807\n");
  EXPECT_EQ(*parse_witness_size("0\n"), TreeSize{0});
  EXPECT_EQ(*parse_witness_size("9223372036854775807\n"), kMaxTreeSize);
  for (const char* body :
       {"", "\n", "5", "05\n", "5\n\n", "5\n6", "5 \n", " 5\n", "-5\n", "+5\n", "5\r\n", "9223372036854775808\n"}) {
    const auto parsed = parse_witness_size(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << body;
  }
}

}  // namespace
}  // namespace redoubt::tlog
