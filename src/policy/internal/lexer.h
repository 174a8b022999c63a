// Tokens of policies and schemas in Cedar's own syntax (Cedar reference, "Grammar specification").
//
//   Lexer lexer(text);
//   for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) …
//
// Identifiers, reserved words among them, are [_a-zA-Z][_a-zA-Z0-9]*. Between tokens stand white space (as Unicode has
// it: White_Space) and comments, from `//` to the end of the line. Time is linear in the text. One thread at a time;
// the text must outlive the lexer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/source.h"

namespace redoubt::policy::internal {

enum class TokenKind : std::uint8_t {
  kEnd,
  kInvalid,  // a character that starts no token, or a string that is not closed
  kIdentifier,
  kNumber,  // digits
  kString,  // with its quotation marks, not unescaped
  kSlot,    // ?identifier
  kAt,
  kDot,
  kComma,
  kSemicolon,
  kColon,
  kColons,  // ::
  kQuestion,
  kOpenParen,
  kCloseParen,
  kOpenBrace,
  kCloseBrace,
  kOpenBracket,
  kCloseBracket,
  kEqual,     // ==
  kNotEqual,  // !=
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kOr,   // ||
  kAnd,  // &&
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kNot,     // !
  kAssign,  // =
};
// As messages have it: "`::`", "a string", "the end".
std::string_view to_string(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span where;
};

class Lexer {
 public:
  // Precondition: text.size() fits in 32 bits.
  explicit Lexer(std::string_view text) : text_(text) {}

  // kEnd again and again behind the last token; also behind a string without an end, for what follows is part of it.
  Token next();
  std::string_view text() const { return text_; }
  std::string_view text(const Token& token) const {
    return text_.substr(token.where.begin, token.where.end - token.where.begin);
  }

 private:
  void skip_space();
  std::optional<std::size_t> string_size() const;
  Token token(TokenKind kind, std::size_t size);

  std::string_view text_;
  std::size_t at_ = 0;
};

constexpr bool starts_identifier(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// By table: asked of most bytes of policies, and of all in the types of entities.
inline constexpr auto kContinuesIdentifier = [] {
  std::array<bool, 256> continues{};
  for (std::size_t c = 0; c < 128; ++c) {
    continues[c] = starts_identifier(static_cast<char>(c)) || (c >= '0' && c <= '9');
  }
  return continues;
}();
inline bool continues_identifier(char c) {
  return kContinuesIdentifier[static_cast<unsigned char>(c)];
}
// Bytes of the white space at the beginning of `text`, of one code point; 0 when there is none.
std::size_t space_size(std::string_view text);

}  // namespace redoubt::policy::internal
