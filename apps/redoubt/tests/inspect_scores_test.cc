#include "redoubt/inspect/scores.h"

#include <gtest/gtest.h>

namespace redoubt::app::inspect_verbs {
namespace {

inspect::Match match(std::string_view kind, std::uint64_t begin, std::uint64_t end,
                     inspect::Family family = inspect::Family::kPersonal) {
  return {.kind = kind, .family = family, .span = {begin, end, begin, end}};
}

TEST(InspectScores, CountsFoundFalseAndMissed) {
  Scores scores;
  scores.add({{"US_SSN", 0, 10}, {"URL", 20, 30}}, {match("US_SSN", 0, 10), match("IP_ADDRESS", 40, 50)});
  const Score all = scores.overall();
  EXPECT_EQ(all.found, 1U);
  EXPECT_EQ(all.false_ones, 1U);
  EXPECT_EQ(all.missed, 1U);
  EXPECT_DOUBLE_EQ(all.precision(), 0.5);
  EXPECT_DOUBLE_EQ(all.recall(), 0.5);
  EXPECT_DOUBLE_EQ(all.f(2), 0.5);
}

TEST(InspectScores, ALessThanHalfSharedSpanDoesNotCount) {
  Scores scores;
  scores.add({{"US_SSN", 0, 10}}, {match("US_SSN", 0, 4)});
  EXPECT_EQ(scores.overall().found, 0U);
  EXPECT_EQ(scores.overall().false_ones, 1U);
}

TEST(InspectScores, AnotherKindAtThePlaceIsConfusion) {
  Scores scores;
  scores.add({{"US_SSN", 0, 10}}, {match("PHONE_NUMBER", 0, 10)});
  EXPECT_EQ(scores.confusion().at("US_SSN as PHONE_NUMBER"), 1U);
}

TEST(InspectScores, LabelsOfAFamilyAgreeWithItsKinds) {
  Scores scores;
  scores.add({{"SECRET", 0, 10}}, {match("GITHUB_TOKEN", 0, 10, inspect::Family::kSecret)});
  EXPECT_EQ(scores.overall().found, 1U);
  EXPECT_EQ(scores.overall().false_ones, 0U);
}

TEST(InspectScores, KnowsOtherNamesOfKinds) {
  Scores scores;
  scores.add({{"EMAIL", 0, 10}, {"DOMAIN_NAME", 20, 30}}, {match("EMAIL_ADDRESS", 0, 10), match("URL", 20, 30)});
  EXPECT_EQ(scores.overall().found, 2U);
  EXPECT_EQ(scores.kinds().at("EMAIL_ADDRESS").found, 1U);
}

TEST(InspectScores, NamesAreNotStructured) {
  Scores scores;
  scores.add({{"PERSON", 0, 10}, {"URL", 20, 30}}, {match("URL", 20, 30)});
  EXPECT_DOUBLE_EQ(scores.structured().recall(), 1);
  EXPECT_DOUBLE_EQ(scores.overall().recall(), 0.5);
}

TEST(InspectScores, NothingClaimedIsPrecise) {
  Scores scores;
  scores.add_text(true, false);
  EXPECT_DOUBLE_EQ(scores.overall().precision(), 1);
  EXPECT_DOUBLE_EQ(scores.overall().recall(), 0);
}

}  // namespace
}  // namespace redoubt::app::inspect_verbs
