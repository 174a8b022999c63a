// Text of a rule with its wildcards and placeholders, and the transformations that modifiers make of it.
//
// Sigma 2.1.0, Rules: String Wildcard, Escape Character, Placeholders; Modifiers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redoubt::sigma::internal {

struct PatternPart {
  enum class Kind : std::uint8_t { kLiteral, kMany, kOne, kPlaceholder };
  Kind kind = Kind::kLiteral;
  std::string text;  // of a literal; the name of a placeholder
  bool operator==(const PatternPart&) const = default;
};

// No two literals and no two `*` beside each other.
struct TextPattern {
  std::vector<PatternPart> parts;

  void append(PatternPart part);
  void append_literal(std::string_view text) { append({PatternPart::Kind::kLiteral, std::string(text)}); }
  void append_pattern(const TextPattern& other);
  void append_many() { append({PatternPart::Kind::kMany, {}}); }
  void prepend_many();
  bool is_literal() const;      // no wildcards; perhaps empty
  std::string literal() const;  // precondition: is_literal()
  bool has_placeholder() const;
  bool operator==(const TextPattern&) const = default;
};

// `%name%` is a placeholder, and `\%` a plain per cent sign, only with `placeholders`.
TextPattern parse_pattern(std::string_view text, bool placeholders);

using PlaceholderValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// What transforms a list of patterns into another. `why` says what is wrong when it is false.
bool expand_placeholders(std::vector<TextPattern>& patterns, const PlaceholderValues& values, std::size_t max_patterns,
                         std::string& why);
bool expand_windash(std::vector<TextPattern>& patterns, std::size_t max_patterns, std::string& why);
enum class Utf16 : std::uint8_t { kLittle, kBig, kWithMark };
bool encode_utf16(std::vector<TextPattern>& patterns, Utf16 form, std::string& why);
bool encode_base64(std::vector<TextPattern>& patterns, std::string& why);
bool encode_base64_offsets(std::vector<TextPattern>& patterns, std::string& why);

// Matches a whole text.
class Glob {
 public:
  // With `cased` the text as it is; otherwise `pattern` is folded here, and texts must be folded by the caller.
  Glob(const TextPattern& pattern, bool cased);
  bool matches(std::string_view text) const;
  bool cased() const { return cased_; }
  // The longest literal, folded: what a text must have in it to match.
  const std::string& needed() const { return needed_; }

 private:
  // What stands between two `*`: literals and single characters.
  struct Segment {
    std::vector<PatternPart> parts;
    // Length of the match at the start of the text; npos: none.
    std::size_t match_at(std::string_view text) const;
    std::size_t find(std::string_view text, std::size_t& size) const;
  };
  bool match_end(const Segment& segment, std::string_view text) const;

  bool cased_;
  bool open_start_ = false;  // begins with `*`
  bool open_end_ = false;
  std::vector<Segment> segments_;
  std::string needed_;
};

}  // namespace redoubt::sigma::internal
