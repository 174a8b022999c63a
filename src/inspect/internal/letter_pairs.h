// Whether a row of letters could be a word.
#pragma once

#include <string_view>

namespace redoubt::inspect::internal {

// Whether letters follow each other as they do in the words of European languages, in any case. Of random rows of eight
// letters or more some five in six do not, of words in prompts and programs three in a thousand. Precondition: ASCII
// letters only.
bool is_wordlike(std::string_view letters);

}  // namespace redoubt::inspect::internal
