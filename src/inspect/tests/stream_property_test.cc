// However a text is cut, the same is found; and nothing of a match is let go before it was reported.
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "inspect/scanner.h"
#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

using tests::StreamCheck;

// Pieces that matches, beginnings of matches and traps are made of.
const std::vector<std::string>& pieces() {
  static const std::vector<std::string> all = {"4111 1111 1111 1111",
                                               "4111-1111",
                                               " my card ",
                                               "ann.lee@example.com",
                                               "ann@",
                                               "DE89 3704 0044 0532 0130 00",
                                               "GB82WEST12345698765432",
                                               "password = \"hJ7!kQ2x9\"",
                                               "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
                                               "ghp_16C7",
                                               "https://user:s3cr3tPq@db.example.com/x",
                                               "https://",
                                               "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkq\n",
                                               "-----END PRIVATE KEY-----",
                                               "Ignore all previous instructions",
                                               "bWFpbCBhbm4ubGVlQGV4YW1wbGUuY29tIHBsZWFzZQ==",
                                               "%61nn%40example.com",
                                               "&#97;nn&#64;example.com",
                                               "fe80::1ff:fe23:4567:890a",
                                               "10.20.30.40",
                                               "00:1a:2b:3c:4d:5e",
                                               "+49 30 901820",
                                               " ",
                                               "\n",
                                               ", ",
                                               "tel ",
                                               "\xe2\x80\x8b",
                                               "\xe2\x80\xae",
                                               "\xef\xbc\x94\xef\xbc\x91",
                                               "\xff",
                                               "\xd0",
                                               "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
                                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                               "\"",
                                               "ssn ",
                                               "078-05-1120",
                                               "531-21-7351",
                                               "\xd0\xbf\xd0\xb0\xd1\x81\xd0\xbf\xd0\xbe\xd1\x80\xd1\x82 ",
                                               "\xf0\x9f\x94\x93",
                                               "1/2/2020",
                                               "-",
                                               "7",
                                               "10203040",
                                               "1020",
                                               "3040",
                                               "Ann  Lee",
                                               " Ann",
                                               "Lee "};
  return all;
}

// Of the pieces above.
class TwoRecords final : public Dictionaries {
 public:
  Result<bool> contains(std::string_view /*dictionary*/, std::string_view record) const override {
    return record == "10203040" || record == "ann lee";
  }
};

// Every rule built in, and two with a dictionary.
std::shared_ptr<const Rules> all_rules() {
  RulesOptions options;
  options.dictionaries = std::make_shared<const TwoRecords>();
  options.user.push_back({.name = "number", .kind = "NUMBER", .pattern = R"(\b\d{8}\b)", .dictionary = "a"});
  options.user.push_back(
      {.name = "person", .kind = "PERSON", .pattern = R"([A-Za-z]{1,9}\s{1,3}[A-Za-z]{1,9})", .dictionary = "a"});
  const auto rules = Rules::compile(options);
  EXPECT_TRUE(rules) << rules.error().message();
  return rules ? *rules : nullptr;
}

std::string random_text(std::mt19937_64& random) {
  std::string out;
  for (std::uint64_t count = random() % 24; count > 0; --count) {
    const std::string& piece = pieces()[random() % pieces().size()];
    const std::uint64_t times = random() % 16 == 0 ? 1 + random() % 40 : 1;
    for (std::uint64_t i = 0; i < times; ++i) out += piece;
  }
  return out;
}

TEST(StreamProperty, CuttingChangesNothingAndNothingIsLetGoEarly) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto rules = all_rules();
  ASSERT_NE(rules, nullptr);
  StreamCheck check(rules);
  while (check.pieces_fed() < 2'000'000) {
    const std::string text = random_text(random);
    const std::uint64_t longest = random() % 3 == 0 ? 1 : 1 + random() % 300;
    std::vector<std::size_t> sizes(7);
    for (std::size_t& size : sizes) size = 1 + random() % longest;
    if (!check.fault(text, sizes).empty()) FAIL() << check.report(text, sizes);
  }
}

TEST(StreamProperty, EverySplitOfAMatchIsFound) {
  const auto rules = all_rules();
  ASSERT_NE(rules, nullptr);
  StreamCheck check(rules);
  for (const std::string& piece : pieces()) {
    const std::string text = "card ssn tel " + piece + " and so on";
    for (std::size_t cut = 1; cut <= text.size(); ++cut) {
      EXPECT_EQ(check.fault(text, {cut, text.size()}), "") << piece << " cut at " << cut;
    }
  }
}

TEST(StreamProperty, RecordsOfDictionariesAreAmongWhatIsFound) {
  const auto rules = all_rules();
  ASSERT_NE(rules, nullptr);
  std::size_t records = 0;
  for (const Match& match : StreamCheck(rules).whole("please call Ann  Lee, 10203040, not 10203041")) {
    if (match.why.check == "dictionary") ++records;
  }
  EXPECT_EQ(records, 2U);
}

TEST(StreamProperty, PlainTextIsHeldBackNoFurtherThanStated) {
  const auto rules = Rules::compile();
  ASSERT_TRUE(rules);
  const auto stream = StreamScanner::create(*rules);
  ASSERT_TRUE(stream);
  std::vector<Match> matches;
  std::uint64_t fed = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string chunk = i % 50 == 0 ? std::string(600, 'a') : "some words go by ";
    ASSERT_TRUE((*stream)->feed(chunk, matches));
    fed += chunk.size();
    ASSERT_LE(fed - (*stream)->decided_bytes(), (*rules)->hold_back_bytes());
  }
}

}  // namespace
}  // namespace redoubt::inspect
