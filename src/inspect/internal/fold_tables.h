// Letters that look like Latin ones.
#pragma once

namespace redoubt::inspect::internal {

// The ASCII letter, digit or sign that the code point is drawn like; 0: none.
char look_alike(char32_t point);

}  // namespace redoubt::inspect::internal
