#include "attest/reference_values.h"

#include <gtest/gtest.h>

namespace redoubt::attest {
namespace {

ReferenceValues read(std::string_view text) {
  auto values = parse_reference_values(text);
  EXPECT_TRUE(values) << values.error().message();
  return *std::move(values);
}

constexpr std::string_view kTwo =
    R"({"references":[{"name":"server 1","kind":"sev-snp","claims":{"measurement":"aa11","vmpl":0}},)"
    R"({"name":"boot 7","kind":"tpm","claims":{"bank":"sha256","pcrs":{"0":"0102030405","4":"0607"}}},)"
    R"({"name":"build 9","kind":"statement","claims":{"build":"ffee"}}]})";

TEST(ReferenceValues, FindsWhatIsCovered) {
  const ReferenceValues values = read(kTwo);
  ASSERT_EQ(values.all().size(), 3U);
  ClaimObject claims{{"version", std::uint64_t{3}}, {"measurement", "aa11"}, {"vmpl", std::uint64_t{0}}};
  ASSERT_NE(values.find(Kind::kSevSnp, claims), nullptr);
  EXPECT_EQ(*values.find(Kind::kSevSnp, claims), "server 1");
  EXPECT_EQ(values.find(Kind::kTdx, claims), nullptr) << "another kind";
  EXPECT_EQ(values.find(std::nullopt, claims), nullptr);
  claims[2].second = Claim(std::uint64_t{1});
  EXPECT_EQ(values.find(Kind::kSevSnp, claims), nullptr) << "another level";

  const ClaimObject boot{{"bank", "sha256"}, {"pcrs", ClaimObject{{"0", "0102030405"}, {"1", "00"}, {"4", "0607"}}}};
  ASSERT_NE(values.find(Kind::kTpm, boot), nullptr);
  EXPECT_EQ(*values.find(Kind::kTpm, boot), "boot 7");
  EXPECT_EQ(values.find(Kind::kTpm, {{"bank", "sha256"}, {"pcrs", "0102030405"}}), nullptr) << "no object";
  EXPECT_EQ(values.find(Kind::kTpm, {}), nullptr);
  ASSERT_NE(values.find(std::nullopt, {{"build", "ffee"}}), nullptr);
}

TEST(ReferenceValues, TakesTheFirstOfTwo) {
  ReferenceValues values;
  ASSERT_TRUE(values.add({"wide", Kind::kTdx, {{"mrtd", "aa"}}}));
  ASSERT_TRUE(values.add({"narrow", Kind::kTdx, {{"mrtd", "aa"}, {"debug", false}}}));
  EXPECT_EQ(*values.find(Kind::kTdx, {{"mrtd", "aa"}, {"debug", false}}), "wide");
}

TEST(ReferenceValues, RefusesAReferenceThatNothingTellsApart) {
  ReferenceValues values;
  EXPECT_FALSE(values.add({"any", Kind::kTdx, {}}));
  EXPECT_FALSE(values.add({"any", Kind::kTdx, {{"debug", false}}}));
  EXPECT_EQ(values.all().size(), 0U);
}

TEST(ReferenceValues, RefusesOtherForms) {
  for (const std::string_view bad : {
           "",
           "[]",
           "{}",
           R"({"references":{}})",
           R"({"references":[],"more":1})",
           R"({"references":[1]})",
           R"({"references":[{"name":"a","kind":"sev-snp"}]})",
           R"({"references":[{"name":"","kind":"sev-snp","claims":{"a":"b"}}]})",
           R"({"references":[{"name":"a","kind":"sev","claims":{"a":"b"}}]})",
           R"({"references":[{"name":"a","kind":"sev-snp","claims":["a"]}]})",
           R"({"references":[{"name":"a","kind":"sev-snp","claims":{"a":1.5}}]})",
           R"({"references":[{"name":"a","kind":"sev-snp","claims":{"a":null}}]})",
           R"({"references":[{"name":"a","kind":"sev-snp","claims":{}}]})",
           R"({"references":[{"name":"a","kind":"sev-snp","claims":{"a":"b"},"more":1}]})",
       }) {
    EXPECT_FALSE(parse_reference_values(bad)) << bad;
  }
}

TEST(Claims, AnObjectCoversItsPartsAndListsAreEqual) {
  const Claim all(
      ClaimObject{{"a", "1"}, {"b", ClaimObject{{"c", true}, {"d", std::uint64_t{2}}}}, {"l", ClaimList{"x"}}});
  EXPECT_TRUE(all.covers(ClaimObject{}));
  EXPECT_TRUE(all.covers(ClaimObject{{"b", ClaimObject{{"d", std::uint64_t{2}}}}}));
  EXPECT_FALSE(all.covers(ClaimObject{{"b", ClaimObject{{"d", std::uint64_t{3}}}}}));
  EXPECT_FALSE(all.covers(ClaimObject{{"b", ClaimObject{{"e", std::uint64_t{2}}}}}));
  EXPECT_FALSE(all.covers(ClaimObject{{"l", ClaimList{}}}));
  EXPECT_FALSE(all.covers(ClaimObject{{"a", std::uint64_t{1}}}));
  EXPECT_FALSE(Claim("text").covers(ClaimObject{}));
}

}  // namespace
}  // namespace redoubt::attest
