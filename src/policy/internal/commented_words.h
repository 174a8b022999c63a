// The tokens of a text with the comments between them, for the formatter.
#pragma once

#include <string_view>
#include <vector>

#include "policy/internal/lexer.h"

namespace redoubt::policy::internal {

struct CommentedWord {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  std::string_view trailing;               // the comment behind the word before, on its line; empty when there is none
  std::vector<std::string_view> comments;  // those before this word on lines of their own
};

// The last is kEnd. Commas behind the last element of a list are left out; they mean nothing. Comments lack the white
// space at their end. `text` must outlive what is returned; its size fits in 32 bits.
std::vector<CommentedWord> commented_words(std::string_view text);

}  // namespace redoubt::policy::internal
