#include "ledger/receipt.h"

#include <gtest/gtest.h>

#include "encoding/base64.h"

namespace redoubt::ledger {
namespace {

Receipt example() {
  Receipt receipt{.origin = "example.org/log", .index = {17}, .leaf_hash = {}};
  receipt.leaf_hash.fill(std::byte{0x42});
  return receipt;
}

const std::string kLeaf = "leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=:";
const std::string kOrigin = "origin=\"example.org/log\"";

TEST(Receipt, IsAStructuredFieldDictionary) {
  EXPECT_EQ(format_receipt(example()), kOrigin + ", index=17, " + kLeaf);
}

TEST(Receipt, ReadsWhatItWrites) {
  for (const char* origin : {"a", "example.org/log", "with \"quotes\" and \\backslashes\\", " !~"}) {
    for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999'999'999'999'999}}) {
      Receipt receipt = example();
      receipt.origin = origin;
      receipt.index = {index};
      const auto parsed = parse_receipt(format_receipt(receipt));
      ASSERT_TRUE(parsed) << origin;
      EXPECT_EQ(*parsed, receipt);
    }
  }
}

TEST(Receipt, TakesItsMembersInAnyOrderAndWithOptionalSpace) {
  for (const std::string& text : {"index=17, " + kOrigin + ", " + kLeaf, kLeaf + ",index=17," + kOrigin,
                                  kLeaf + " \t ,\t index=17 , " + kOrigin}) {
    const auto parsed = parse_receipt(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, example());
  }
}

class MalformedReceipt : public ::testing::TestWithParam<std::string> {};

TEST_P(MalformedReceipt, IsRefused) {
  const auto parsed = parse_receipt(GetParam());
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), Errc::kMalformed);
}

INSTANTIATE_TEST_SUITE_P(MissingAndRepeatedMembers, MalformedReceipt,
                         ::testing::Values("", " ", ",", kOrigin, kOrigin + ", index=17", "index=17, " + kLeaf,
                                           kOrigin + ", " + kLeaf, kOrigin + ", index=17, index=17",
                                           kOrigin + ", " + kOrigin + ", " + kLeaf, kLeaf + ", " + kLeaf + ", index=17",
                                           kOrigin + ", index=17, " + kLeaf + ", index=17",
                                           kOrigin + ", index=17, " + kLeaf + ", more=1",
                                           kOrigin + ", number=17, " + kLeaf));
INSTANTIATE_TEST_SUITE_P(Syntax, MalformedReceipt,
                         ::testing::Values(kOrigin + " index=17, " + kLeaf, kOrigin + "; index=17, " + kLeaf,
                                           kOrigin + ",, index=17, " + kLeaf, kOrigin + ", index=17, " + kLeaf + ",",
                                           kOrigin + ", index=17, " + kLeaf + " ",
                                           " " + kOrigin + ", index=17, " + kLeaf,
                                           kOrigin + ", index=17, " + kLeaf + ";p=1",
                                           kOrigin + ", index=17, " + kLeaf + "\n", "Origin=\"a\", index=17, " + kLeaf,
                                           "origin=a, index=17, " + kLeaf, kOrigin + ", index = 17, " + kLeaf));
INSTANTIATE_TEST_SUITE_P(Origins, MalformedReceipt,
                         ::testing::Values("origin=\"\", index=17, " + kLeaf, "origin=\"a, index=17, " + kLeaf,
                                           "origin=\"a\\b\", index=17, " + kLeaf, "origin=\"a\n\", index=17, " + kLeaf,
                                           "origin=\"\xc3\xa9\", index=17, " + kLeaf,
                                           "origin=\"a\x7f\", index=17, " + kLeaf,
                                           "index=17, " + kLeaf + ", origin=\"a\\"));
INSTANTIATE_TEST_SUITE_P(Indices, MalformedReceipt,
                         ::testing::Values(kOrigin + ", index=, " + kLeaf, kOrigin + ", index=-1, " + kLeaf,
                                           kOrigin + ", index=+1, " + kLeaf, kOrigin + ", index=1.0, " + kLeaf,
                                           kOrigin + ", index=0x1, " + kLeaf,
                                           kOrigin + ", index=1000000000000000, " + kLeaf,
                                           kOrigin + ", index=0000000000000017, " + kLeaf,
                                           kOrigin + ", index=18446744073709551616, " + kLeaf,
                                           kOrigin + ", index=\"17\", " + kLeaf));
INSTANTIATE_TEST_SUITE_P(Leaves, MalformedReceipt,
                         ::testing::Values(kOrigin + ", index=17, leaf=::", kOrigin + ", index=17, leaf=:QkI=:",
                                           kOrigin + ", index=17, leaf=QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
                                           kOrigin + ", index=17, leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI:",
                                           kOrigin + ", index=17, leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC:",
                                           kOrigin + ", index=17, leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ=:",
                                           kOrigin + ", index=17, leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk*=:",
                                           kOrigin + ", index=17, leaf=:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="));

TEST(Receipt, EveryTruncationAndEveryExtensionIsRefused) {
  const std::string text = format_receipt(example());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_receipt(text.substr(0, size))) << size;
  for (int c = 0; c < 256; ++c) EXPECT_FALSE(parse_receipt(text + static_cast<char>(c))) << c;
}

TEST(Receipt, AboveItsLimitOfSizeIsRefused) {
  Receipt receipt = example();
  receipt.origin = std::string(2048 - (format_receipt(example()).size() - receipt.origin.size()), 'o');
  EXPECT_TRUE(parse_receipt(format_receipt(receipt)));
  receipt.origin += 'o';
  EXPECT_FALSE(parse_receipt(format_receipt(receipt)));
  EXPECT_FALSE(parse_receipt(std::string(10'000'000, ' ')));
}

}  // namespace
}  // namespace redoubt::ledger
