#include "inspect/dictionary.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "inspect/scanner.h"
#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

// Keeps records, as the gateway does with tags of them.
class FakeDictionaries : public Dictionaries {
 public:
  Result<bool> contains(std::string_view dictionary, std::string_view record) const override {
    if (fails) return Error(Errc::kUnavailable, "not here yet");
    const auto found = records.find(std::string(dictionary));
    if (found == records.end()) return Error(Errc::kUnavailable, "no such dictionary");
    return found->second.contains(std::string(record));
  }

  std::map<std::string, std::set<std::string>> records;
  bool fails = false;
};

struct Dictionary : testing::Test {
  std::shared_ptr<FakeDictionaries> keeper = std::make_shared<FakeDictionaries>();
  RulesOptions options;

  // A rule of this pattern whose dictionary has these records.
  void add(const std::string& pattern, const std::vector<std::string>& records) {
    for (const std::string& record : records) keeper->records["patients"].insert(normal_record(record));
    options.families = {Family::kUser};
    options.dictionaries = keeper;
    options.user.push_back({.name = "patient", .kind = "PATIENT", .pattern = pattern, .dictionary = "patients"});
  }
  std::vector<std::string> found(std::string_view text) {
    const auto rules = Rules::compile(options);
    if (!rules) return {rules.error().message()};
    std::vector<std::string> out;
    for (const Match& match : tests::StreamCheck(*rules).whole(text)) {
      EXPECT_EQ(match.why.check, "dictionary");
      out.emplace_back(text.substr(match.span.begin_bytes, match.span.end_bytes - match.span.begin_bytes));
    }
    return out;
  }
};

using List = std::vector<std::string>;

TEST_F(Dictionary, FindsItsRecordsAndNothingElseOfTheirForm) {
  add(R"(\b\d{8}\b)", {"10203040", "55667788"});
  EXPECT_EQ(found("patients 10203040, 10203041 and 55667788"), (List{"10203040", "55667788"}));
}

TEST_F(Dictionary, LooksAtEachPlaceThoughRecordsHaveSeveralWords) {
  add(R"(\b\w{1,20}\s{1,3}\w{1,20}\b)", {"Ann Lee"});
  EXPECT_EQ(found("please call Ann Lee today"), List{"Ann Lee"});
  EXPECT_EQ(found("call ANN  lee"), List{"ANN  lee"});
  EXPECT_EQ(found("call Ann Leen"), List{});
}

// What it looks like is the pattern's to say: a record inside something longer of that form is none.
TEST_F(Dictionary, LooksUpTheLongestTextOfItsForm) {
  add(R"(\d{6,12})", {"10203040"});
  EXPECT_EQ(found("10203040, 102030401"), List{"10203040"});
}

TEST_F(Dictionary, FindsRecordsInDisguise) {
  add(R"(\b\d{8}\b)", {"10203040"});
  EXPECT_EQ(found("1\xe2\x80\x8b"
                  "0203040")
                .size(),
            1U)
      << "an invisible sign inside";
  EXPECT_EQ(found("\xef\xbc\x91"
                  "0203040")
                .size(),
            1U)
      << "a wide digit";
  EXPECT_EQ(found("MTAyMDMwNDAgaXMgdGhlIHBhdGllbnQ=").size(), 1U) << "in base64";
}

TEST_F(Dictionary, IsRefusedWhenNobodyKeepsAny) {
  add(R"(\b\d{8}\b)", {"10203040"});
  options.dictionaries = nullptr;
  const auto rules = Rules::compile(options);
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code(), Errc::kUnavailable);
}

TEST_F(Dictionary, IsRefusedWithoutAPattern) {
  add("", {"10203040"});
  options.user.back().words = {"10203040"};
  EXPECT_EQ(Rules::compile(options).error().code(), Errc::kInvalidArgument);
}

TEST_F(Dictionary, FailsTheScanWhenWhoKeepsItDoesNotAnswer) {
  add(R"(\b\d{8}\b)", {"10203040"});
  const auto rules = Rules::compile(options);
  ASSERT_TRUE(rules);
  const auto stream = StreamScanner::create(*rules);
  ASSERT_TRUE(stream);
  keeper->fails = true;
  std::vector<Match> matches;
  EXPECT_TRUE((*stream)->feed("patient 10203040", matches));  // not decided yet
  const auto done = (*stream)->finish(matches);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kUnavailable);
  EXPECT_EQ((*stream)->decided_bytes(), 0U);
  EXPECT_FALSE((*stream)->feed("more", matches));
}

TEST(NormalRecord, ForgetsCaseBlanksAndMarks) {
  EXPECT_EQ(normal_record("  Ann \t LEE\n"), "ann lee");
  EXPECT_EQ(normal_record("Ren\xc3\xa9"), normal_record("RENE"));
  EXPECT_EQ(normal_record("\xef\xbc\x91\xef\xbc\x92"), "12");
  EXPECT_EQ(normal_record(" "), "");
}

}  // namespace
}  // namespace redoubt::inspect
