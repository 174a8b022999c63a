// The formatter walks the words by the grammar, so that what was written stays as it was written: parentheses, escapes,
// keys with and without quotation marks.
#include "policy/format.h"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "policy/internal/commented_words.h"
#include "policy/internal/layout.h"
#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

using internal::CommentedWord;
using internal::Layout;
using internal::TokenKind;

bool is_comparison(TokenKind kind) {
  return kind == TokenKind::kEqual || kind == TokenKind::kNotEqual || kind == TokenKind::kLess ||
         kind == TokenKind::kLessEqual || kind == TokenKind::kGreater || kind == TokenKind::kGreaterEqual;
}

// Functions lay out one construct each. Precondition: the words are policies, so that what must come next does.
class Formatter {
 public:
  Formatter(std::string_view text, std::size_t indent) : words_(internal::commented_words(text)), indent_(indent) {}

  std::string format(std::size_t line_width);

 private:
  void policy();
  void annotation();
  void scopes();
  void scope();
  void target();
  void condition();
  void expression();
  void conditional();
  void disjunction();
  void conjunction();
  void relation();
  void attribute_path();
  void sum();
  void product();
  void chain(std::initializer_list<TokenKind> operators, void (Formatter::*operand)());
  void unary();
  void member();
  void access();
  void primary();
  void name();
  void list(void (Formatter::*element)());
  void record();
  void record_entry();

  const CommentedWord& next() const { return words_[at_]; }
  bool at(TokenKind kind) const { return next().kind == kind; }
  bool at_word(std::string_view text) const { return at(TokenKind::kIdentifier) && next().text == text; }

  // The next words, without space between them; none at the end.
  void take(std::size_t count = 1);
  // What stands before the next word. Groups begin behind it, and end before it: a comment breaks only those that it
  // is within.
  void comments();
  void trailing_comment();
  std::size_t mark();
  void open() { layout_.open(mark()); }
  void close() { layout_.close(); }
  void line();
  void soft_line();
  void hard_line();

  std::vector<CommentedWord> words_;
  std::size_t at_ = 0;
  std::size_t indent_;
  Layout layout_;
};

void Formatter::take(std::size_t count) {
  for (; count > 0; --count) {
    comments();
    if (at(TokenKind::kEnd)) return;
    layout_.text(next().text);
    ++at_;
  }
}

void Formatter::comments() {
  trailing_comment();
  for (const std::string_view comment : std::exchange(words_[at_].comments, {})) layout_.comment(comment);
}

void Formatter::trailing_comment() {
  const std::string_view comment = std::exchange(words_[at_].trailing, {});
  if (!comment.empty()) layout_.trailing_comment(comment);
}

std::size_t Formatter::mark() {
  comments();
  return layout_.mark();
}

void Formatter::line() {
  trailing_comment();
  layout_.line();
}

void Formatter::soft_line() {
  trailing_comment();
  layout_.soft_line();
}

void Formatter::hard_line() {
  trailing_comment();
  layout_.hard_line();
}

std::string Formatter::format(std::size_t line_width) {
  while (!at(TokenKind::kEnd)) {
    policy();
    hard_line();
    if (!at(TokenKind::kEnd)) hard_line();
  }
  if (!next().comments.empty()) {
    comments();
    hard_line();
  }
  std::string out;
  layout_.print(line_width, out);
  return out;
}

void Formatter::policy() {
  while (at(TokenKind::kAt)) annotation();
  take();  // the effect
  layout_.space();
  take();  // (
  scopes();
  take();  // )
  while (at(TokenKind::kIdentifier)) {
    hard_line();
    condition();
  }
  take();  // ;
}

void Formatter::annotation() {
  take(2);  // @name
  if (at(TokenKind::kOpenParen)) take(3);
  hard_line();
}

// On a line each where there is more to read than `principal, action, resource`.
void Formatter::scopes() {
  const bool apart = words_[at_ + 5].kind != TokenKind::kCloseParen;
  layout_.indent(indent_);
  if (apart) hard_line();
  scope();
  while (at(TokenKind::kComma)) {
    take();
    if (apart) {
      hard_line();
    } else {
      layout_.space();
    }
    scope();
  }
  layout_.outdent(indent_);
  if (apart) hard_line();
}

void Formatter::scope() {
  open();
  open();
  take();
  if (at_word("is")) {
    open();
    open();
    line();
    take();
    close();
    layout_.indent(indent_);
    line();
    name();
    layout_.outdent(indent_);
    close();
  }
  const bool has_target = at(TokenKind::kEqual) || at_word("in");
  if (has_target) {
    line();
    take();
  }
  close();
  if (has_target) {
    layout_.indent(indent_);
    line();
    target();
    layout_.outdent(indent_);
  }
  close();
}

// An entity, a slot, or a list of entities, in any number of parentheses: no recursion, for their number has no limit.
void Formatter::target() {
  for (std::size_t depth = 0;;) {
    const TokenKind kind = next().kind;
    const bool ends = kind == TokenKind::kCloseParen || kind == TokenKind::kCloseBracket;
    if (depth == 0 && (ends || kind == TokenKind::kComma)) return;
    if (ends) --depth;
    if (kind == TokenKind::kOpenParen || kind == TokenKind::kOpenBracket) ++depth;
    if (kind == TokenKind::kOpenBracket) open();
    if (kind == TokenKind::kCloseBracket) layout_.outdent(1);
    take();
    if (kind == TokenKind::kOpenBracket) layout_.indent(1);
    if (kind == TokenKind::kCloseBracket) close();
    if (kind == TokenKind::kComma) line();
  }
}

void Formatter::condition() {
  open();
  take();  // when
  line();
  open();
  take();  // {
  layout_.indent(indent_);
  line();
  open();
  expression();
  close();
  layout_.outdent(indent_);
  line();
  take();  // }
  close();
  close();
}

void Formatter::expression() {
  if (at_word("if")) return conditional();
  disjunction();
}

void Formatter::conditional() {
  open();
  for (int part = 0; part < 3; ++part) {
    if (part != 0) line();
    take();
    layout_.indent(indent_);
    line();
    expression();
    layout_.outdent(indent_);
  }
  close();
}

// No groups here and in conjunctions: where one of a condition's parts needs a line of its own, each has one.
void Formatter::disjunction() {
  chain({TokenKind::kOr}, &Formatter::conjunction);
}

void Formatter::conjunction() {
  chain({TokenKind::kAnd}, &Formatter::relation);
}

void Formatter::relation() {
  const std::size_t begin = mark();
  sum();
  if (at_word("has") || at_word("like")) {
    layout_.open(begin);
    line();
    take();
    line();
    attribute_path();
    close();
  } else if (at_word("is")) {
    layout_.open(begin);
    layout_.space();
    take();
    layout_.space();
    name();
    if (at_word("in")) {
      line();
      take();
      layout_.space();
      sum();
    }
    close();
  } else if (at_word("in") || is_comparison(next().kind)) {
    layout_.space();
    take();
    layout_.space();
    sum();
  }
}

// Behind `has`; or the string behind `like`.
void Formatter::attribute_path() {
  take();
  while (at(TokenKind::kDot)) take(2);
}

void Formatter::sum() {
  open();
  chain({TokenKind::kPlus, TokenKind::kMinus}, &Formatter::product);
  close();
}

void Formatter::product() {
  open();
  chain({TokenKind::kStar}, &Formatter::unary);
  close();
}

// Operands with operators between them, which end their lines.
void Formatter::chain(std::initializer_list<TokenKind> operators, void (Formatter::*operand)()) {
  (this->*operand)();
  while (std::find(operators.begin(), operators.end(), next().kind) != operators.end()) {
    layout_.space();
    take();
    line();
    (this->*operand)();
  }
}

void Formatter::unary() {
  while (at(TokenKind::kNot) || at(TokenKind::kMinus)) take();
  member();
}

void Formatter::member() {
  const auto at_access = [&] {
    return at(TokenKind::kDot) || at(TokenKind::kOpenParen) || at(TokenKind::kOpenBracket);
  };
  open();
  primary();
  layout_.indent(indent_);
  for (bool first = true; at_access(); first = false) {
    if (!first) soft_line();
    access();
  }
  layout_.outdent(indent_);
  close();
}

void Formatter::access() {
  if (at(TokenKind::kDot)) return take(2);
  if (at(TokenKind::kOpenBracket)) return take(3);
  take();  // (
  if (!at(TokenKind::kCloseParen)) {
    layout_.indent(indent_);
    soft_line();
    list(&Formatter::expression);
    layout_.outdent(indent_);
    soft_line();
  }
  take();
}

void Formatter::primary() {
  switch (next().kind) {
    case TokenKind::kIdentifier:
      return name();
    case TokenKind::kOpenParen:
      open();
      take();
      layout_.indent(1);
      expression();
      layout_.outdent(1);
      take();
      return close();
    case TokenKind::kOpenBracket:
      take();
      layout_.indent(1);
      if (!at(TokenKind::kCloseBracket)) list(&Formatter::expression);
      layout_.outdent(1);
      return take();
    case TokenKind::kOpenBrace:
      return record();
    default:
      return take();
  }
}

// A::B, or A::B::"id".
void Formatter::name() {
  take();
  while (at(TokenKind::kColons)) take(2);
}

void Formatter::list(void (Formatter::*element)()) {
  (this->*element)();
  while (at(TokenKind::kComma)) {
    take();
    line();
    (this->*element)();
  }
}

void Formatter::record() {
  take();
  if (!at(TokenKind::kCloseBrace)) {
    layout_.indent(indent_);
    line();
    list(&Formatter::record_entry);
    layout_.outdent(indent_);
    line();
  }
  take();
}

void Formatter::record_entry() {
  take(2);  // key:
  layout_.space();
  expression();
}

}  // namespace

Checked<std::string> format_policies(std::string_view text, const FormatOptions& options, const Limits& limits) {
  const auto policies = parse_policies(text, limits);
  if (!policies) return tl::unexpected(policies.error());
  std::string out = Formatter(text, options.indent).format(options.line_width);
  const auto again = parse_policies(
      out, Limits{.max_bytes = UINT32_MAX - 1, .max_depth = limits.max_depth, .max_policies = limits.max_policies});
  if (!again || again->policies() != policies->policies()) {
    return fail({.message = "the formatter would have changed what the policies say; they are left as they are"});
  }
  return out;
}

}  // namespace redoubt::policy
