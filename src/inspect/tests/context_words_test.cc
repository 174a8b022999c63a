// Words nearby are the same whatever was looked for before.
#include "inspect/internal/context_words.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt::inspect::internal {
namespace {

class ContextWordsNearby : public testing::Test {
 protected:
  ContextWordsNearby() {
    for (const char* words : {"ssn|social security", "account number|konto", "kart*", "ab|abc|b",
                              "stra\xc3\x9f"
                              "e"}) {
      sets_.push_back(words_.add(words));
    }
  }

  std::string words_at(std::string_view text, std::size_t begin, std::size_t end, ContextWords::Nearby& nearby) {
    words_.look(text, begin, end, nearby);
    std::string out;
    for (const std::uint16_t set : sets_) out += std::string(nearby.word_of(set)) + "|";
    return out;
  }

  FoldTable table_;
  ContextWords words_{table_};
  std::vector<std::uint16_t> sets_;
};

TEST_F(ContextWordsNearby, AreWholeWordsAndPairsBeforeAndAfter) {
  const auto at = [&](std::string_view text) {
    ContextWords::Nearby nearby;
    const std::size_t place = text.find('7');
    return words_at(text, place, place + 1, nearby);
  };
  EXPECT_EQ(at("my SSN: 7"), "ssn|||||");
  EXPECT_EQ(at("social, Security 7"), "social security|||||");
  EXPECT_EQ(at("7 is the accountNumber"), "|account number||||");
  EXPECT_EQ(at("kartennummer 7"), "||kart*|||");
  EXPECT_EQ(at("assn 7 ssna"), "|||||");
  EXPECT_EQ(at("ssn" + std::string(93, ' ') + "7"), "ssn|||||");
  EXPECT_EQ(at("ssn" + std::string(94, ' ') + "7"), "|||||");
  EXPECT_EQ(at("7" + std::string(45, ' ') + "ssn"), "ssn|||||");
  EXPECT_EQ(at("7" + std::string(46, ' ') + "ssn"), "|||||");
  EXPECT_EQ(at("7" + std::string(45, ' ') + "ssnX"), "|||||");
}

TEST_F(ContextWordsNearby, DoNotDependOnWhatIsRemembered) {
  const unsigned seed = 20261122;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  constexpr std::string_view kPieces[] = {"ssn",
                                          "SSN",
                                          "social",
                                          "Security",
                                          "account",
                                          "Number",
                                          "konto",
                                          "ab",
                                          "b",
                                          "abc",
                                          "karte",
                                          " ",
                                          " ",
                                          "_",
                                          "7",
                                          "1234",
                                          "\xc3\x9f",
                                          ", ",
                                          "aVeryLongWordThatIsNoWordOfAny"};
  std::size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    while (text.size() < 600) text += kPieces[random() % std::size(kPieces)];
    ContextWords::Nearby remembering;
    std::size_t begin = 0;
    for (int i = 0; i < 40; ++i) {
      // Mostly forwards, in small and in large steps.
      begin = random() % 8 == 0 ? random() % text.size() : std::min(text.size(), begin + random() % 40);
      const std::size_t end = begin + random() % (text.size() - begin + 1) % 30;
      ContextWords::Nearby fresh;
      const std::string expected = words_at(text, begin, end, fresh);
      ASSERT_EQ(words_at(text, begin, end, remembering), expected) << text << " " << begin << " " << end;
      if (expected != "|||||") ++found;
    }
  }
  EXPECT_GT(found, 1000U);
}

}  // namespace
}  // namespace redoubt::inspect::internal
