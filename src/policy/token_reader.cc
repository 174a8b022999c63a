#include "policy/internal/token_reader.h"

#include <algorithm>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {

Token TokenReader::take() {
  const Token taken = next_;
  last_ = taken.where;
  if (taken.kind == TokenKind::kOpenBrace) ++open_braces_;
  if (taken.kind == TokenKind::kCloseBrace && open_braces_ > 0) --open_braces_;
  next_ = lexer_.next();
  expected_.clear();
  return taken;
}

bool TokenReader::at(TokenKind kind) {
  if (next_.kind == kind) return true;
  expected(to_string(kind));
  return false;
}

bool TokenReader::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool TokenReader::expect(TokenKind kind) {
  return accept(kind) || unexpected();
}

bool TokenReader::at_word(std::string_view word) {
  if (next_.kind == TokenKind::kIdentifier && text(next_) == word) return true;
  expected(word);
  return false;
}

bool TokenReader::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool TokenReader::unexpected() {
  Problem problem{.message = {}, .where = next_.where};
  const std::string_view spelt = text(next_);
  if (next_.kind == TokenKind::kEnd) {
    problem.message = "unexpected end";
  } else if (next_.kind == TokenKind::kInvalid && spelt.starts_with('"')) {
    problem.message = "string is not closed";
  } else {
    problem.message = "unexpected " + shown(spelt);
  }
  if (next_.kind != TokenKind::kInvalid) {
    for (const std::string_view what : expected_) {
      const bool is_word = starts_identifier(what.front()) && what.find(' ') == std::string_view::npos;
      std::string name = is_word ? "`" + std::string(what) + "`" : std::string(what);
      if (std::find(problem.expected.begin(), problem.expected.end(), name) == problem.expected.end()) {
        problem.expected.push_back(std::move(name));
      }
    }
  }
  return report(std::move(problem));
}

bool TokenReader::report(Problem problem) {
  if (problems_.size() < kMaxProblems) problems_.push_back(std::move(problem));
  return false;
}

}  // namespace redoubt::policy::internal
