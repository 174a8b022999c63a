// Whether `text` as a whole is what `like` asks for.
//
// In time linear in text and pattern: a star takes as little as it can, and what it took is never reconsidered (the
// first place where the literal behind a star fits leaves the most for the rest).
#pragma once

#include <string_view>

#include "policy/expr.h"

namespace redoubt::policy::internal {

bool matches(const Pattern& pattern, std::string_view text);

}  // namespace redoubt::policy::internal
