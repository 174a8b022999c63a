// One token of lookahead over a Lexer, remembering what would have been right where something else stood.
//
//   if (!reader.expect(TokenKind::kColon)) return false;         // has reported: unexpected `;`, expected `:`
//
// What at(), accept() and their kin are asked for in vain since the last token taken is what unexpected() names as
// expected. One thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/internal/lexer.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

inline constexpr std::size_t kMaxProblems = 100;  // what is found beyond is not reported

class TokenReader {
 public:
  // Both must outlive the reader.
  TokenReader(std::string_view text, Problems& problems) : lexer_(text), problems_(problems), next_(lexer_.next()) {}

  const Token& peek() const { return next_; }
  std::string_view text(const Token& token) const { return lexer_.text(token); }
  Token take();
  Span last() const { return last_; }  // of the token taken last

  bool at(TokenKind kind);
  bool accept(TokenKind kind);
  bool expect(TokenKind kind);
  bool at_word(std::string_view word);  // an identifier spelt so
  bool accept_word(std::string_view word);
  // Adds to what would have been right.
  void expected(std::string_view what) { expected_.push_back(what); }

  // Reports the next token. Always false.
  bool unexpected();
  // Always false.
  bool report(Problem problem);
  bool report(std::string message, Span where) {
    return report(Problem{.message = std::move(message), .where = where});
  }

  // Braces taken and not closed.
  std::size_t open_braces() const { return open_braces_; }

 private:
  Lexer lexer_;
  Problems& problems_;
  Token next_;
  Span last_;
  std::vector<std::string_view> expected_;
  std::size_t open_braces_ = 0;
};

}  // namespace redoubt::policy::internal
