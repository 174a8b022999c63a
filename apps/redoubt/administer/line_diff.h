// What changed between two texts, for people.
#pragma once

#include <string>
#include <string_view>

namespace redoubt::app {

// In the form of `diff -u`, without its two lines of names: hunks with three lines around them. Empty when the texts
// are equal. Texts whose changed parts have more than a few thousand lines each are shown as wholly replaced. Safe for
// terminals.
std::string line_diff(std::string_view before, std::string_view after);

}  // namespace redoubt::app
