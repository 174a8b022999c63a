// The rules that texts are inspected by: those built in, and one's own; compiled once.
//
//   RulesOptions options;
//   options.kinds = {"CREDIT_CARD", "EMAIL_ADDRESS"};        // empty: all
//   options.user.push_back({.name = "case_number", .kind = "CASE_NUMBER", .pattern = R"(C-\d{6})"});
//   const auto rules = Rules::compile(options);
//   if (!rules) return rules.error();
//
// A `Rules` is immutable. Any thread; scanners of many threads share one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/dictionary.h"
#include "inspect/match.h"
#include "inspect/tagger.h"

namespace redoubt::inspect {

// A rule of one's own: a pattern, a list of words, or a pattern and a dictionary.
//
// Patterns and words are matched against folded text (README.md, Folding): letters that look Latin are Latin there, and
// digits ASCII. What is not ASCII in them is folded too, so that `é` finds `é` and `e`; but for classes (`[…]`,
// `\p{…}`), which mean what they say, and may hold ASCII only.
struct UserRule {
  std::string name;                // unique among all rules
  std::string kind;                // what its matches are called
  std::string pattern;             // RE2 syntax, without anchors; matched at every place, leftmost-longest
  std::vector<std::string> words;  // or these, whole words, in any case
  // With a pattern: of what it matches only the records of the dictionary with this name are matches (dictionary.h).
  // Looked up is the longest text that the pattern matches at a place.
  std::string dictionary;
  bool ignore_case = false;          // of the pattern
  std::vector<std::string> context;  // words that lift `confidence` to `confidence_near`
  double confidence = 0.8;
  double confidence_near = 0.95;
  // The longest match that the rule may give. 0: as long as the pattern's longest match, and if that has no bound
  // (`.*`), the rule is refused. With a width given, a longer match is cut off there.
  std::size_t max_width_bytes = 0;
};

struct RulesOptions {
  std::vector<Family> families;    // none: all
  std::vector<std::string> kinds;  // none: all of the families
  std::vector<UserRule> user;
  // Who keeps the dictionaries. None: rules with a dictionary are refused.
  std::shared_ptr<const Dictionaries> dictionaries;
  std::vector<std::shared_ptr<const Tagger>> taggers;  // rules without a width
  double min_confidence = 0.5;                         // weaker matches are not reported
  bool decode = true;                                  // look into base64, hexadecimal and escapes
};

// One rule, for documentation and for whoever decides what a route must buffer.
struct RuleInfo {
  std::string_view name;
  std::string_view kind;
  Family family;
  // From the first byte of a match to the last byte that the rule looks at, what follows the match included.
  std::size_t max_width_bytes;
  std::string_view source;  // the standard or document that says what such a value looks like
};

class Rules {
 public:
  // Errors: kInvalidArgument for a kind that no rule has, a user's pattern that is no RE2, has no width, matches the
  // empty text or has a class of what is not ASCII, a dictionary without a pattern, or a name that is taken;
  // kUnavailable for a dictionary when nobody keeps any; kResourceExhausted when the patterns need too much memory.
  static Result<std::shared_ptr<const Rules>> compile(const RulesOptions& options = {});

  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  // In order of the name.
  const std::vector<RuleInfo>& list() const;

  // How many bytes of a stream are held back at most: the greatest width of the rules, and what their matches may
  // reach to the left of the place that gives them away. Counted in bytes of the folded text (README.md, Folding),
  // which are those of the text itself as long as that is plain ASCII.
  std::size_t hold_back_bytes() const;

  struct Compiled;  // internal/compiled.h
  const Compiled& compiled() const { return *compiled_; }

 private:
  explicit Rules(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace redoubt::inspect
