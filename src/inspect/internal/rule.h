// What the tables of rules are made of. A rule is data: a pattern, a check, words of context, two confidences and a
// source. One file for each family of rules, in rules/.
//
// How confident a rule is, on one scale: what only its form speaks for has up to 0.4, and is reported near a word of
// context only; a form that little else has, 0.5 to 0.7; check digits that one in ten random numbers has, 0.3 to 0.5,
// one in ninety or rarer, 0.7 to 0.9; forms that are made to be recognised, 0.9 and above.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "inspect/match.h"

namespace redoubt::inspect::internal {

// Whether a text that has the form is one. Text is untrusted: any bytes of the pattern's form.
using Check = bool (*)(std::string_view text);

enum RuleFlags : std::uint8_t {
  kNoFlags = 0,
  kIgnoreCase = 1,          // of a LiteralRule's literals and pattern
  kInWord = 2,              // of a LiteralRule: letters and digits may stand right before a literal
  kOpenEnd = 4,             // letters and digits may follow right after the match
  kLong = 8,                // of a LiteralRule: has no blanks in it, and may be up to kLongWidth long
  kDecimalNeighbours = 16,  // of a ShapeRule: `-1`, `.1` and the like may stand right before or after the match
  kInside = 32,    // of a LiteralRule: a literal stands in the match, not at its beginning, and ends it but for
                   // kInsideTail bytes; `width` is at most kReachLeft
  kAssigned = 64,  // of a LiteralRule: after the literal, the rest of a name and quotes, a sign of giving stands; and
                   // the name is of a secret, not of what speaks of one
};

inline constexpr std::size_t kInsideTail = 64;

inline constexpr std::size_t kLongWidth = 4096;

// What begins with, or contains, digits: all of them are one automaton (shape_pattern.h).
struct ShapeRule {
  std::string_view name;
  std::string_view kind;
  std::string_view pattern;
  Check check = nullptr;
  std::string_view check_name;
  std::string_view context;  // ContextWords::add
  float base = 0;
  float near = 0;
  std::string_view source;
  std::uint8_t flags = kNoFlags;
};

// What a literal gives away: found by Hyperscan, then matched from there by a pattern (RE2; its group 1 is the match,
// where it has one). Literals should be rare in prose, since matching costs as much as reading some 200 bytes.
struct LiteralRule {
  std::string_view name;
  std::string_view kind;
  std::string_view literals;  // separated by `|`; `\\` before a sign makes it part of a literal
  std::string_view pattern;
  Check check = nullptr;
  std::string_view check_name;
  std::string_view context;
  float base = 0;
  float near = 0;
  std::string_view source;
  std::uint8_t flags = kNoFlags;
  std::uint16_t width = 200;  // bytes that the pattern looks at, the sign after the match included
};

// The tables.
std::span<const ShapeRule> account_shapes();
std::span<const ShapeRule> network_shapes();
std::span<const ShapeRule> date_shapes();
std::span<const ShapeRule> phone_shapes();
std::span<const ShapeRule> health_shapes();
std::span<const ShapeRule> vat_shapes();
std::span<const ShapeRule> america_shapes();
std::span<const ShapeRule> british_shapes();
std::span<const ShapeRule> german_shapes();
std::span<const ShapeRule> south_europe_shapes();
std::span<const ShapeRule> north_europe_shapes();
std::span<const ShapeRule> east_europe_shapes();
std::span<const ShapeRule> asia_shapes();
std::span<const ShapeRule> pacific_africa_shapes();
std::span<const ShapeRule> vehicle_shapes();
std::span<const ShapeRule> secret_shapes();

std::span<const LiteralRule> document_literals();
std::span<const LiteralRule> cloud_secrets();
std::span<const LiteralRule> code_secrets();
std::span<const LiteralRule> message_secrets();
std::span<const LiteralRule> payment_secrets();
std::span<const LiteralRule> model_secrets();
std::span<const LiteralRule> named_secrets();
std::span<const LiteralRule> structured_secrets();
std::span<const LiteralRule> injection_phrases();
std::span<const LiteralRule> jailbreak_phrases();
std::span<const LiteralRule> exfiltration_forms();

}  // namespace redoubt::inspect::internal
