#include "policy/internal/commented_words.h"

#include <algorithm>

namespace redoubt::policy::internal {
namespace {

bool closes(TokenKind kind) {
  return kind == TokenKind::kCloseParen || kind == TokenKind::kCloseBracket || kind == TokenKind::kCloseBrace;
}

// `gap` is what stands between the word before, if any, and this one.
void read_comments(CommentedWord& word, std::string_view gap, bool first) {
  bool same_line = !first;
  for (std::size_t at = 0;;) {
    const std::size_t begin = gap.find("//", at);
    if (begin == std::string_view::npos) return;
    if (gap.substr(at, begin - at).find_first_of("\n\r") != std::string_view::npos) same_line = false;
    at = std::min(gap.find_first_of("\n\r", begin), gap.size());
    std::string_view comment = gap.substr(begin, at - begin);
    comment = comment.substr(0, comment.find_last_not_of(" \t\v\f") + 1);
    if (same_line) {
      word.trailing = comment;
    } else {
      word.comments.push_back(comment);
    }
    same_line = false;
  }
}

}  // namespace

std::vector<CommentedWord> commented_words(std::string_view text) {
  std::vector<CommentedWord> words;
  Lexer lexer(text);
  std::size_t gap = 0;
  for (Token token = lexer.next();;) {
    const Token next = token.kind == TokenKind::kEnd ? token : lexer.next();
    if (token.kind != TokenKind::kComma || !closes(next.kind)) {
      CommentedWord& word = words.emplace_back();
      word.kind = token.kind;
      word.text = lexer.text(token);
      read_comments(word, text.substr(gap, token.where.begin - gap), words.size() == 1);
      gap = token.where.end;
    }
    if (token.kind == TokenKind::kEnd) return words;
    token = next;
  }
}

}  // namespace redoubt::policy::internal
