#include "inspect/dictionary.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/kdf.h"
#include "inspect/scanner.h"
#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

// Has the key, as the keeper will.
class FakeKeeper : public DictionaryKey {
 public:
  explicit FakeKeeper(std::string key) : key_(std::move(key)) {}
  Result<crypto::Sha256Digest> digest(std::string_view dictionary, std::string_view record) const override {
    if (fails) return Error(Errc::kUnavailable, "no keeper");
    return crypto::hmac_sha256(as_bytes(key_), {as_bytes(dictionary), as_bytes(record)});
  }

  bool fails = false;

 private:
  std::string key_;
};

struct Dictionary : testing::Test {
  std::shared_ptr<FakeKeeper> keeper = std::make_shared<FakeKeeper>("key of the patients");
  RulesOptions options;

  // A rule whose records are these, digested under `key`.
  void add(const std::string& pattern, const std::vector<std::string>& records, const FakeKeeper& key) {
    UserRule rule{.name = "patients", .kind = "PATIENT", .pattern = pattern};
    for (const std::string& record : records) rule.dictionary.push_back(*key.digest(rule.name, normal_record(record)));
    options.families = {Family::kUser};
    options.dictionary_key = keeper;
    options.user.push_back(std::move(rule));
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
  add(R"(\b\d{8}\b)", {"10203040", "55667788"}, *keeper);
  EXPECT_EQ(found("patients 10203040, 10203041 and 55667788"), (List{"10203040", "55667788"}));
}

TEST_F(Dictionary, LooksAtEachPlaceThoughRecordsHaveSeveralWords) {
  add(R"(\b\w{1,20}\s{1,3}\w{1,20}\b)", {"Ann Lee"}, *keeper);
  EXPECT_EQ(found("please call Ann Lee today"), List{"Ann Lee"});
  EXPECT_EQ(found("call ANN  lee"), List{"ANN  lee"});
  EXPECT_EQ(found("call Ann Leen"), List{});
}

TEST_F(Dictionary, IsOfNoUseWithAnotherKey) {
  add(R"(\b\d{8}\b)", {"10203040"}, FakeKeeper("another key"));
  EXPECT_EQ(found("patient 10203040"), List{});
}

TEST_F(Dictionary, IsRefusedWhenNobodyHasItsKey) {
  add(R"(\b\d{8}\b)", {"10203040"}, *keeper);
  options.dictionary_key = nullptr;
  const auto rules = Rules::compile(options);
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code(), Errc::kUnavailable);
}

TEST_F(Dictionary, IsRefusedWithoutAPattern) {
  add("", {"10203040"}, *keeper);
  options.user.back().words = {"10203040"};
  EXPECT_EQ(Rules::compile(options).error().code(), Errc::kInvalidArgument);
}

TEST_F(Dictionary, FailsTheScanWhenItsKeyDoesNotAnswer) {
  add(R"(\b\d{8}\b)", {"10203040"}, *keeper);
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
