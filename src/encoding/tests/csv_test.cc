#include "encoding/csv.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt::encoding {
namespace {

using Records = std::vector<CsvReader::Record>;

Result<Records> read(std::string_view text, CsvLimits limits = {}, std::size_t piece = 1 << 20) {
  CsvReader reader(limits);
  Records out;
  const CsvReader::Take take = [&](CsvReader::Record& record) -> Result<> {
    out.push_back(std::move(record));
    return {};
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (const auto fed = reader.feed(text.substr(at, piece), take); !fed) return fed.error();
  }
  if (const auto finished = reader.finish(take); !finished) return finished.error();
  return out;
}

Errc code_of(std::string_view text, CsvLimits limits = {}) {
  const auto records = read(text, limits);
  EXPECT_FALSE(records) << text;
  return records ? Errc::kUnsupported : records.error().code();
}

TEST(Csv, ReadsTheExamplesOfRfc4180) {
  const Records plain{{"aaa", "bbb", "ccc"}, {"zzz", "yyy", "xxx"}};
  EXPECT_EQ(*read("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), plain);
  EXPECT_EQ(*read("aaa,bbb,ccc\r\nzzz,yyy,xxx"), plain);
  EXPECT_EQ(*read("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx"), plain);
  EXPECT_EQ(*read("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx"),
            (Records{{"aaa", "b\r\nbb", "ccc"}, {"zzz", "yyy", "xxx"}}));
  EXPECT_EQ(*read("\"aaa\",\"b\"\"bb\",\"ccc\""), (Records{{"aaa", "b\"bb", "ccc"}}));
}

TEST(Csv, ReadsLineFeedsEmptyFieldsAndAByteOrderMark) {
  EXPECT_EQ(*read("\xEF\xBB\xBF"
                  "a,b\n,\n\"\",x\n"),
            (Records{{"a", "b"}, {"", ""}, {"", "x"}}));
  EXPECT_EQ(*read("\xEF"
                  "a\n"),
            (Records{{"\xEF"
                      "a"}}));
  EXPECT_EQ(*read("\xEF\xBB"), (Records{{"\xEF\xBB"}}));
  EXPECT_EQ(*read("\n"), (Records{{""}}));
  EXPECT_TRUE(read("")->empty());
}

TEST(Csv, RefusesWhatTwoReadersWouldReadInTwoWays) {
  EXPECT_EQ(code_of("a\"b\n"), Errc::kMalformed);
  EXPECT_EQ(code_of("\"a\"b\n"), Errc::kMalformed);
  EXPECT_EQ(code_of("\"a"), Errc::kMalformed);
  EXPECT_EQ(code_of("a\rb\n"), Errc::kMalformed);
  EXPECT_EQ(code_of("a\r"), Errc::kMalformed);
  EXPECT_EQ(code_of("a,b\nc\n"), Errc::kMalformed);
  EXPECT_EQ(code_of(std::string_view("a\0b\n", 4)), Errc::kMalformed);
}

TEST(Csv, HoldsItsLimitsAndNamesTheLine) {
  EXPECT_EQ(code_of("a,b,c\n", {.fields_max = 2}), Errc::kTooLarge);
  EXPECT_EQ(code_of("abcdef\n", {.record_size_max = 5}), Errc::kTooLarge);
  const auto records = read("a,b\n\"x\ny\",1\n2\n");
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().message().substr(0, 7), "line 4:");
}

TEST(Csv, AnErrorOfTheTakerEndsTheReading) {
  CsvReader reader;
  int seen = 0;
  const auto fed = reader.feed("a\nb\nc\n", [&](CsvReader::Record&) -> Result<> {
    if (++seen == 2) return Error(Errc::kCancelled, "enough");
    return {};
  });
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code(), Errc::kCancelled);
  EXPECT_EQ(seen, 2);
}

TEST(Csv, ReadsTheSameInPiecesOfAnySize) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "ab,,\"\"\n\r\xEF\xBB"[random() % 11];
    const auto whole = read(text);
    for (const std::size_t piece : {1U, 2U, 7U}) {
      const auto pieces = read(text, {}, piece);
      ASSERT_EQ(whole.has_value(), pieces.has_value()) << text;
      if (whole) {
        ASSERT_EQ(*whole, *pieces) << text;
      }
    }
  }
}

}  // namespace
}  // namespace redoubt::encoding
