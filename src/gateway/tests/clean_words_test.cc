#include "gateway/clean_words.h"

#include <algorithm>

#include "gateway/inspected_json.h"
#include "gateway/tests/content_test.h"

namespace redoubt::gateway {
namespace {

std::shared_ptr<const inspect::Rules> rules_with(std::string_view pattern) {
  inspect::RulesOptions options;
  options.kinds = {"CREDIT_CARD", "WORD"};
  options.user.push_back({.name = "word", .kind = "WORD", .pattern = std::string(pattern)});
  auto compiled = inspect::Rules::compile(options);
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().message());
  return compiled ? *compiled : nullptr;
}

TEST(CleanWords, AreThoseInWhichNothingIsFound) {
  for (const auto& rules : {few_rules(), rules_with("t(ool|ext)"), rules_with("[a-z]{5}")}) {
    ASSERT_NE(rules, nullptr);
    ScannerPool pool;
    const auto scanner = pool.whole(rules);
    ASSERT_TRUE(scanner);
    const CleanWords clean(**scanner);
    for (const std::string_view word : CleanWords::of_the_apis()) {
      std::vector<inspect::Match> matches;
      ASSERT_TRUE((*scanner)->scan(word, matches));
      EXPECT_EQ(clean.contains(word), matches.empty()) << word;
    }
  }
}

TEST(CleanWords, AreOfTheRulesInUse) {
  ScannerPool pool;
  const auto few = few_rules();
  const auto more = rules_with("assistant");
  EXPECT_TRUE(CleanWords::of(few, **pool.whole(few)).contains("assistant"));
  EXPECT_FALSE(CleanWords::of(more, **pool.whole(more)).contains("assistant"));
  EXPECT_TRUE(CleanWords::of(more, **pool.whole(more)).contains("user"));
  EXPECT_TRUE(CleanWords::of(few, **pool.whole(few)).contains("assistant"));
}

TEST(CleanWords, AreNoOtherTexts) {
  ScannerPool pool;
  const CleanWords clean(**pool.whole(few_rules()));
  for (const std::string_view text : {"Role", "role ", "roles", "rol", "hello", "4111111111111111", "T-1234"}) {
    EXPECT_FALSE(clean.contains(text)) << text;
  }
  EXPECT_FALSE(CleanWords().contains("role"));
}

TEST(CleanWords, ChangeNothingOfWhatIsFound) {
  constexpr std::string_view kJson =
      R"({"model":"m","messages":[{"role":"user","content":"card 4111 1111 1111 1111"},{"role":"tool","content":"text"}],)"
      R"("metadata":{"tool":"a tool","4111111111111111":"stop"}})";
  const auto rules = rules_with("t(ool|ext)");
  ASSERT_NE(rules, nullptr);
  ScannerPool pool;
  const auto all = InspectedJson::inspect(kJson, **pool.whole(rules));
  const CleanWords clean(**pool.whole(rules));
  const auto most = InspectedJson::inspect(kJson, **pool.whole(rules), nullptr, nullptr, &clean);
  ASSERT_TRUE(all && most);
  const auto flagged = due({{"personal", ContentAction::kFlag}});
  EXPECT_EQ(most->findings().names(), all->findings().names());
  EXPECT_EQ(most->findings().in_words(flagged, ContentAction::kNone, 100), "2 credit_card, 4 word");
  EXPECT_EQ(all->findings().in_words(flagged, ContentAction::kNone, 100), "2 credit_card, 4 word");
  EXPECT_EQ(most->scanned_bytes(), all->scanned_bytes()) << "what was looked at is the same";
}

}  // namespace
}  // namespace redoubt::gateway
