#include "inspect/tests/rule_texts.h"

#include <algorithm>
#include <map>
#include <span>

#include "inspect/internal/chars.h"
#include "inspect/internal/rule.h"
#include "inspect/tests/pattern_sample.h"
#include "inspect/tests/rule_examples.h"

namespace redoubt::inspect::tests {
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

}  // namespace

std::string text_for(std::string_view rule, std::mt19937_64& random,
                     const std::function<bool(const std::string&)>& will_do) {
  static const auto known = recipes();
  for (const auto& example : kRuleExamples) {
    if (example.rule == rule) return std::string(example.text);
  }
  const auto entry = known.find(rule);
  if (entry == known.end()) return {};
  const Recipe& recipe = entry->second;
  int asked = 0;
  for (int tries = 0; tries < 200'000 && asked < 3'000; ++tries) {
    const std::string sample = sample_of(recipe.pattern, random);
    if (recipe.check != nullptr && !recipe.check(sample)) continue;
    if (!has_literal(sample, recipe.literals)) continue;
    ++asked;
    std::string text = "see " + context_word(recipe.context) + " " + sample + " there";
    if (will_do(text)) return text;
  }
  return {};
}

}  // namespace redoubt::inspect::tests
