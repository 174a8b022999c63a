// Whether a text could be made of words.
#pragma once

#include <string_view>

namespace redoubt::inspect::internal {

// Whether ASCII letters follow each other as they do in the words of European languages, in any case; other characters
// are between words. Of random rows of eight letters or more some five in six do not, of words in prompts and programs
// three in a thousand.
bool is_wordlike(std::string_view text);

}  // namespace redoubt::inspect::internal
