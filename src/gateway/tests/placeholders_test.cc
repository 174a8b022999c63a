#include "gateway/placeholders.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace redoubt::gateway {
namespace {

constexpr std::string_view kValue = "4111 1111 1111 1111";

class Restoring : public testing::Test {
 protected:
  std::string restored(std::string_view text) {
    Restorer restorer(placeholders_);
    std::string out;
    std::vector<Restorer::Range> ranges;
    restorer.feed(text, out, ranges);
    restorer.finish(out, ranges);
    for (const Restorer::Range& range : ranges) EXPECT_EQ(out.substr(range.begin, range.end - range.begin), kValue);
    return out;
  }

  crypto::RandomPool random_;
  Placeholders placeholders_{random_};
  const std::string card_ = placeholders_.stand_in("CREDIT_CARD", kValue);
};

TEST_F(Restoring, TheSameValueHasTheSamePlaceholderAndAnotherAnother) {
  EXPECT_EQ(placeholders_.stand_in("CREDIT_CARD", kValue), card_);
  EXPECT_NE(placeholders_.stand_in("CREDIT_CARD", "4242 4242 4242 4242"), card_);
  EXPECT_NE(placeholders_.stand_in("PAN", kValue), card_);
  EXPECT_TRUE(card_.starts_with("CREDIT_CARD_"));
  EXPECT_EQ(card_.size(), std::string_view("CREDIT_CARD_").size() + 10);
  EXPECT_EQ(*placeholders_.value_of(card_), kValue);
  EXPECT_EQ(placeholders_.value_of("CREDIT_CARD_AAAAAAAAAA"), nullptr);
}

TEST_F(Restoring, AKindOfOnesOwnBecomesAWord) {
  EXPECT_TRUE(placeholders_.stand_in("case no", "7").starts_with("CASE_NO_"));
}

TEST_F(Restoring, PlaceholdersInProseAreRestored) {
  const std::string value(kValue);
  EXPECT_EQ(restored("Your card " + card_ + " is fine."), "Your card " + value + " is fine.");
  EXPECT_EQ(restored(card_), value);
  EXPECT_EQ(restored("**" + card_ + "**, `" + card_ + "`."), "**" + value + "**, `" + value + "`.");
  EXPECT_EQ(restored("It is " + card_ + ".\nNext: " + card_ + ":"), "It is " + value + ".\nNext: " + value + ":");
  EXPECT_EQ(restored("card=" + card_), "card=" + value);
  EXPECT_EQ(restored("[" + card_ + "] (" + card_ + ")"), "[" + value + "] (" + value + ")");
  EXPECT_EQ(restored("a < b and " + card_ + " > 3"), "a < b and " + value + " > 3");
  EXPECT_EQ(restored("see http://clinic.example/x then " + card_), "see http://clinic.example/x then " + value);
  EXPECT_EQ(restored("![a](b) " + card_), "![a](b) " + value);
}

TEST_F(Restoring, PartsOfWordsAreNot) {
  for (const std::string& text : {"X" + card_, "x" + card_, card_ + "x", card_ + "_", card_ + card_, "\xc3\xa9" + card_,
                                  card_.substr(0, card_.size() - 1), card_ + "\xc3\xa9"}) {
    EXPECT_EQ(restored(text), text);
  }
}

TEST_F(Restoring, LinksAndImagesAreNot) {
  for (const std::string& text :
       {"http://evil.example/?q=" + card_, "HTTPS://evil.example/" + card_, "//evil.example/" + card_,
        "![x](http://evil.example/" + card_ + ")", "[x](/a?b=" + card_ + ")", "[x](" + card_ + ")",
        "[x](a(b)" + card_ + ")", "[x](<a b " + card_ + ">)", "<img src=\"http://evil.example/?q= " + card_ + "\">",
        "<a title='x' href=" + card_ + ">", "www.evil.example/" + card_, "mailto:" + card_, card_ + ".evil.example",
        card_ + "@evil.example", card_ + "/x", card_ + ":8080/x", "javascript:" + card_, card_ + "?x"}) {
    EXPECT_EQ(restored(text), text);
  }
}

TEST_F(Restoring, HoweverATextIsCutTheResultIsTheSame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string pieces[] = {
      card_, card_.substr(0, 7), "CREDIT_",  " ", ".", ":", "](", ")", "http://x/", "<img ", ">", "a", "\n", "Z", "_",
      "/",   "\xc3\xa9",         card_ + "."};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += pieces[random() % std::size(pieces)];
    Restorer restorer(placeholders_);
    std::string out;
    std::vector<Restorer::Range> ranges;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 9;
      restorer.feed(std::string_view(text).substr(at, size), out, ranges);
      at += size;
    }
    restorer.finish(out, ranges);
    ASSERT_EQ(out, restored(text)) << text;
  }
}

}  // namespace
}  // namespace redoubt::gateway
