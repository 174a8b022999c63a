// Every rule finds something, and finds it wherever a stream is cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <span>
#include <string>

#include "inspect/internal/chars.h"
#include "inspect/internal/rule.h"
#include "inspect/scanner.h"
#include "inspect/tests/pattern_sample.h"
#include "inspect/tests/rule_examples.h"
#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

// What a text for a rule is made of.
struct Recipe {
  std::string_view pattern;
  internal::Check check = nullptr;  // of the whole sample; none: the scanner says whether it will do
  std::string_view literals;        // one of which has to be in it; none: any sample will do
  std::string_view context;
};

std::map<std::string, Recipe, std::less<>> recipes() {
  using namespace internal;
  std::map<std::string, Recipe, std::less<>> out;
  for (const auto& table :
       {account_shapes(), network_shapes(), date_shapes(), phone_shapes(), health_shapes(), vat_shapes(),
        america_shapes(), british_shapes(), german_shapes(), south_europe_shapes(), north_europe_shapes(),
        east_europe_shapes(), asia_shapes(), pacific_africa_shapes(), vehicle_shapes(), secret_shapes()}) {
    for (const ShapeRule& rule : table) out[std::string(rule.name)] = {rule.pattern, rule.check, "", rule.context};
  }
  for (const auto& table :
       {document_literals(), cloud_secrets(), code_secrets(), message_secrets(), payment_secrets(), model_secrets(),
        named_secrets(), structured_secrets(), injection_phrases(), jailbreak_phrases(), exfiltration_forms()}) {
    for (const LiteralRule& rule : table)
      out[std::string(rule.name)] = {rule.pattern, nullptr, rule.literals, rule.context};
  }
  return out;
}

// Whether a literal of the list is in the text, in any case.
bool has_literal(std::string_view text, std::string_view literals) {
  std::string literal;
  for (std::size_t i = 0; i <= literals.size(); ++i) {
    if (i < literals.size() && literals[i] != '|') {
      if (literals[i] == '\\' && i + 1 < literals.size()) ++i;
      literal += literals[i];
      continue;
    }
    const auto at = std::ranges::search(text, literal, {}, internal::to_lower, internal::to_lower);
    if (!literal.empty() && !at.empty()) return true;
    literal.clear();
  }
  return literals.empty();
}

// A word that lifts the rule's confidence.
std::string context_word(std::string_view context) {
  std::string word(context.substr(0, context.find('|')));
  if (word.ends_with('*')) word.pop_back();
  return word;
}

bool finds(tests::StreamCheck& check, std::string_view rule, std::string_view text) {
  for (const Match& match : check.whole(text)) {
    if (match.why.rule == rule) return true;
  }
  return false;
}

// A text that the rule finds something in; empty when none was met with.
std::string text_for(const RuleInfo& rule, const Recipe& recipe, tests::StreamCheck& check, std::mt19937_64& random) {
  for (const auto& example : tests::kRuleExamples) {
    if (example.rule == rule.name) return std::string(example.text);
  }
  int scans = 0;
  for (int tries = 0; tries < 200'000 && scans < 3'000; ++tries) {
    const std::string sample = tests::sample_of(recipe.pattern, random);
    if (recipe.check != nullptr && !recipe.check(sample)) continue;
    if (!has_literal(sample, recipe.literals)) continue;
    ++scans;
    const std::string text = "see " + context_word(recipe.context) + " " + sample + " there";
    if (finds(check, rule.name, text)) return text;
  }
  return {};
}

TEST(EveryRule, FindsItsKindAtEverySplit) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto all = Rules::compile();
  ASSERT_TRUE(all) << all.error().message();
  const auto known = recipes();
  std::map<std::string_view, std::vector<RuleInfo>> by_kind;
  for (const RuleInfo& rule : (*all)->list()) by_kind[rule.kind].push_back(rule);
  for (const auto& [kind, list] : by_kind) {
    RulesOptions options;
    options.kinds = {std::string(kind)};
    const auto rules = Rules::compile(options);
    ASSERT_TRUE(rules) << kind << ": " << rules.error().message();
    tests::StreamCheck check(*rules);
    for (const RuleInfo& rule : list) {
      const auto recipe = known.find(rule.name);
      const std::string text = text_for(rule, recipe == known.end() ? Recipe{} : recipe->second, check, random);
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
