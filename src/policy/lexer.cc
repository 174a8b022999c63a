#include "policy/internal/lexer.h"

#include <algorithm>
#include <array>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Punctuation {
  std::string_view text;
  TokenKind kind;
  std::string_view shown;
};
// Longer ones before those that they begin with.
constexpr std::array kPunctuation{
    Punctuation{"::", TokenKind::kColons, "`::`"},
    Punctuation{"==", TokenKind::kEqual, "`==`"},
    Punctuation{"!=", TokenKind::kNotEqual, "`!=`"},
    Punctuation{"<=", TokenKind::kLessEqual, "`<=`"},
    Punctuation{">=", TokenKind::kGreaterEqual, "`>=`"},
    Punctuation{"||", TokenKind::kOr, "`||`"},
    Punctuation{"&&", TokenKind::kAnd, "`&&`"},
    Punctuation{"@", TokenKind::kAt, "`@`"},
    Punctuation{".", TokenKind::kDot, "`.`"},
    Punctuation{",", TokenKind::kComma, "`,`"},
    Punctuation{";", TokenKind::kSemicolon, "`;`"},
    Punctuation{":", TokenKind::kColon, "`:`"},
    Punctuation{"?", TokenKind::kQuestion, "`?`"},
    Punctuation{"(", TokenKind::kOpenParen, "`(`"},
    Punctuation{")", TokenKind::kCloseParen, "`)`"},
    Punctuation{"{", TokenKind::kOpenBrace, "`{`"},
    Punctuation{"}", TokenKind::kCloseBrace, "`}`"},
    Punctuation{"[", TokenKind::kOpenBracket, "`[`"},
    Punctuation{"]", TokenKind::kCloseBracket, "`]`"},
    Punctuation{"<", TokenKind::kLess, "`<`"},
    Punctuation{">", TokenKind::kGreater, "`>`"},
    Punctuation{"+", TokenKind::kPlus, "`+`"},
    Punctuation{"-", TokenKind::kMinus, "`-`"},
    Punctuation{"*", TokenKind::kStar, "`*`"},
    Punctuation{"/", TokenKind::kSlash, "`/`"},
    Punctuation{"%", TokenKind::kPercent, "`%`"},
    Punctuation{"!", TokenKind::kNot, "`!`"},
    Punctuation{"=", TokenKind::kAssign, "`=`"},
};

}  // namespace

std::size_t space_size(std::string_view text) {
  if (text.empty()) return 0;
  const char first = text.front();
  if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
  if (static_cast<unsigned char>(first) < 0x80) return 0;
  // U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000
  if (text.starts_with("\xc2\x85") || text.starts_with("\xc2\xa0")) return 2;
  if (text.size() < 3) return 0;
  const std::string_view three = text.substr(0, 3);
  const bool is_space = three == "\xe1\x9a\x80" || three == "\xe2\x81\x9f" || three == "\xe3\x80\x80" ||
                        (three >= "\xe2\x80\x80" && three <= "\xe2\x80\x8a") || three == "\xe2\x80\xa8" ||
                        three == "\xe2\x80\xa9" || three == "\xe2\x80\xaf";
  return is_space ? 3 : 0;
}

std::string_view to_string(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd:
      return "the end";
    case TokenKind::kInvalid:
      return "what is no token";
    case TokenKind::kIdentifier:
      return "an identifier";
    case TokenKind::kNumber:
      return "a number";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kSlot:
      return "a slot";
    default:
      break;
  }
  return std::find_if(kPunctuation.begin(), kPunctuation.end(), [&](const auto& p) { return p.kind == kind; })->shown;
}

void Lexer::skip_space() {
  while (at_ < text_.size()) {
    const std::string_view rest = text_.substr(at_);
    if (const std::size_t size = space_size(rest); size != 0) {
      at_ += size;
    } else if (rest.starts_with("//")) {
      at_ = std::min(text_.find_first_of("\n\r", at_), text_.size());
    } else {
      return;
    }
  }
}

// From the quotation mark on; nothing when there is no other. A backslash takes the next character with it, whatever it
// is, but for a line feed.
std::optional<std::size_t> Lexer::string_size() const {
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '"') return i + 1 - at_;
    if (text_[i] == '\\' && ++i < text_.size() && text_[i] == '\n') break;
  }
  return std::nullopt;
}

Token Lexer::token(TokenKind kind, std::size_t size) {
  const auto begin = static_cast<std::uint32_t>(at_);
  at_ += size;
  return {kind, {begin, static_cast<std::uint32_t>(at_)}};
}

Token Lexer::next() {
  skip_space();
  if (at_ == text_.size()) return token(TokenKind::kEnd, 0);
  const auto run = [&](std::size_t from) {
    std::size_t end = at_ + from;
    while (end < text_.size() && continues_identifier(text_[end])) ++end;
    return end - at_;
  };
  const char first = text_[at_];
  if (starts_identifier(first)) return token(TokenKind::kIdentifier, run(1));
  if (is_digit(first)) {
    const std::size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    return token(TokenKind::kNumber, end - at_);
  }
  if (first == '"') {
    if (const auto size = string_size()) return token(TokenKind::kString, *size);
    // INVARIANT: a string without an end is looked for once, so time stays linear.
    const std::size_t line_end = std::min(text_.find_first_of("\n\r", at_), text_.size());
    const Token invalid = token(TokenKind::kInvalid, line_end - at_);
    at_ = text_.size();
    return invalid;
  }
  if (first == '?' && at_ + 1 < text_.size() && starts_identifier(text_[at_ + 1])) {
    return token(TokenKind::kSlot, run(1));
  }
  const std::string_view rest = text_.substr(at_, 2);
  for (const Punctuation& one : kPunctuation) {
    if (rest.starts_with(one.text)) return token(one.kind, one.text.size());
  }
  return token(TokenKind::kInvalid, first_code_point(text_.substr(at_, 4)).size);
}

}  // namespace redoubt::policy::internal
