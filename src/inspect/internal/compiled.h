// What Rules::compile makes.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inspect/internal/context_words.h"
#include "inspect/internal/dictionary.h"
#include "inspect/internal/folded_text.h"
#include "inspect/internal/literal_set.h"
#include "inspect/internal/rule.h"
#include "inspect/internal/shape_pattern.h"
#include "inspect/rules.h"

namespace redoubt::inspect {

namespace internal {

// How a rule is matched at a place.
enum class Matcher : std::uint8_t {
  kShape,        // the automaton of shapes
  kPattern,      // a pattern, from a literal on
  kWord,         // the literal is all of it
  kUserPattern,  // a pattern, anywhere
  kEmail,
  kUri,          // with a scheme
  kCredentials,  // in a URI
  kDomain,       // without a scheme
  kIpv6,
  kMac,
  kPrivateKey,
  kInvisible,
  kRepetition,
  kGibberish,
};

struct Rule {
  RuleInfo info;
  Matcher matcher = Matcher::kShape;
  Check check = nullptr;
  std::string_view check_name;
  std::uint16_t context = ContextWords::kNoSet;
  float base = 0;
  float near = 0;
  std::uint8_t flags = kNoFlags;
  std::size_t width = 0;                         // of the match, and what the pattern looks at after it
  std::unique_ptr<const RE2> pattern;            // of kPattern and kUserPattern
  std::size_t number = 0;                        // of kUserPattern: which it is among those
  std::unique_ptr<const Dictionary> dictionary;  // of kUserPattern, where it has one
};

inline constexpr std::size_t kNoRule = static_cast<std::size_t>(-1);
// The longest unbroken word that is decoded at once, and by how much one piece of a longer word laps over the next.
inline constexpr std::size_t kEncodedWidth = 4096;
inline constexpr std::size_t kEncodedOverlap = 1020;  // a multiple of 3 and 4, so that groups of base64 stay whole
inline constexpr std::size_t kPrivateKeyWidth = 16384;
// As much of a row of lone characters is read at once.
inline constexpr std::size_t kSpacedWidth = 256;
// How far a match may reach to the left of what gives it away: the local part of an address of mail, and more.
inline constexpr std::size_t kReachLeft = 320;
// Of the text after a match: words of context, and what tells whether the last of them is whole.
inline constexpr std::size_t kReachRight = ContextWords::kReachAfter + 2;

}  // namespace internal

struct Rules::Compiled {
  internal::FoldTable fold;
  internal::ContextWords context{fold};
  std::vector<internal::Rule> rules;  // the earlier wins, everything else equal
  std::vector<RuleInfo> list;
  internal::ShapeAutomaton shapes;
  std::vector<std::uint16_t> shape_rules;  // rule of each pattern of the automaton
  std::unique_ptr<internal::LiteralSet> literals;
  std::vector<std::vector<std::uint16_t>> literal_rules;  // rules of each literal
  std::vector<std::uint16_t> user_patterns;
  std::size_t email = internal::kNoRule;
  std::size_t uri = internal::kNoRule;
  std::size_t credentials = internal::kNoRule;
  std::size_t ipv6 = internal::kNoRule;
  std::size_t mac = internal::kNoRule;
  std::size_t invisible = internal::kNoRule;
  std::size_t repetition = internal::kNoRule;
  std::size_t gibberish = internal::kNoRule;
  bool decode = true;
  // How much text a place needs to its right to be decided, but for unbroken words and private keys.
  std::size_t reach = 0;
  std::size_t longest_wait = 0;  // of those, too
  float min_confidence = 0.5F;
  std::vector<std::shared_ptr<const Tagger>> taggers;
  // What the views in `rules` point to, of user rules.
  std::vector<std::unique_ptr<const std::string>> strings;
};

}  // namespace redoubt::inspect
