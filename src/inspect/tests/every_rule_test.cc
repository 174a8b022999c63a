// Every rule finds something, and finds it wherever a stream is cut.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <string>

#include "inspect/scanner.h"
#include "inspect/tests/rule_texts.h"
#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

bool finds(tests::StreamCheck& check, std::string_view rule, std::string_view text) {
  for (const Match& match : check.whole(text)) {
    if (match.why.rule == rule) return true;
  }
  return false;
}

TEST(EveryRule, FindsItsKindAtEverySplit) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto all = Rules::compile();
  ASSERT_TRUE(all) << all.error().message();
  std::map<std::string_view, std::vector<RuleInfo>> by_kind;
  for (const RuleInfo& rule : (*all)->list()) by_kind[rule.kind].push_back(rule);
  for (const auto& [kind, list] : by_kind) {
    RulesOptions options;
    options.kinds = {std::string(kind)};
    const auto rules = Rules::compile(options);
    ASSERT_TRUE(rules) << kind << ": " << rules.error().message();
    tests::StreamCheck check(*rules);
    for (const RuleInfo& rule : list) {
      const std::string text =
          tests::text_for(rule.name, random, [&](const std::string& made) { return finds(check, rule.name, made); });
      EXPECT_TRUE(finds(check, rule.name, text)) << rule.name << ": no text was found that it matches";
      for (std::size_t cut = 1; cut < text.size(); ++cut) {
        const std::string fault = check.fault(text, {cut, text.size()});
        ASSERT_EQ(fault, "") << rule.name << " cut at " << cut << ": " << tests::shown(text);
      }
    }
  }
}

// A rule says how much it looks at: so much text after the start of a match, and what may come before it, decide it.
TEST(EveryRule, NeedsNoMoreTextThanItSays) {
  const auto all = Rules::compile();
  ASSERT_TRUE(all);
  for (const RuleInfo& rule : (*all)->list()) {
    EXPECT_GT(rule.max_width_bytes, 0U) << rule.name;
    EXPECT_LE(rule.max_width_bytes, (*all)->hold_back_bytes()) << rule.name;
    EXPECT_FALSE(rule.source.empty()) << rule.name;
  }
}

}  // namespace
}  // namespace redoubt::inspect
