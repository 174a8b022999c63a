// What inspection finds in a text.
//
// A match never holds content: it says where, what kind, how sure, and why, in words of the rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redoubt::inspect {

// What a kind is about. Policies usually choose by family first.
enum class Family : std::uint8_t {
  kPersonal,  // identifies a person or an account: cards, national numbers, addresses of mail
  kSecret,    // grants access to whoever has it: keys, tokens, passwords
  kAttack,    // is meant to misuse a model, or to carry data out by it
  kUser,      // a rule of one's own
  kContract,  // has not the form that was agreed on; no rule's business, but of whoever knows the form
};
std::string_view to_string(Family family);  // "personal", "secret", "attack", "user", "contract"

// Half open, from the start of the text as it was given (of the whole stream, for a stream), in both units: bytes of
// UTF-8, and code points. A byte that is part of no valid UTF-8 sequence counts as one code point.
struct Span {
  std::uint64_t begin_bytes = 0;
  std::uint64_t end_bytes = 0;
  std::uint64_t begin_points = 0;
  std::uint64_t end_points = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

// How a piece of text was written when it had to be decoded before a rule saw it. Escapes: `%41`, `&#65;`, `\u0041`.
// Spaced: each character alone, as in `4 1 1 1` and `i-g-n-o-r-e`.
enum class Encoding : std::uint8_t { kPlain, kBase64, kHex, kEscapes, kSpaced };
std::string_view to_string(Encoding encoding);  // "plain", "base64", "hex", "escapes", "spaced"

// How deep texts encoded inside each other are followed: base64 of base64 of base64, and no further.
inline constexpr int kMaxDecodings = 3;

// Why a rule holds something for a match. Views live as long as the Rules that made them.
struct Why {
  std::string_view rule;                 // the rule's name, unique in the set: "us_ssn"
  std::string_view check;                // what confirmed it: "luhn", "mod 97", "entropy"; empty: the form alone
  std::string_view context;              // the word nearby that lifted the confidence; empty: none
  Encoding decoded[kMaxDecodings] = {};  // outermost first; kPlain from the first that was not needed

  friend bool operator==(const Why&, const Why&) = default;
};

struct Match {
  std::string_view kind;  // "CREDIT_CARD"; lives as long as the Rules
  Family family = Family::kPersonal;
  Span span;
  float confidence = 0;  // 0 to 1
  Why why;
  // From a rule without a width, seen in a stream: the bytes may be gone already, so that it can be reported but no
  // longer acted on.
  bool flag_only = false;

  friend bool operator==(const Match&, const Match&) = default;
};

// One line for a person: "CREDIT_CARD at 17-36, 0.95: rule credit_card, luhn holds, near `card`".
std::string explain(const Match& match);

}  // namespace redoubt::inspect
