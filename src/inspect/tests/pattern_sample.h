// Makes texts that a pattern matches, so that every rule can be tried without an example for each.
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace redoubt::inspect::tests {

// A random text of the pattern's language, as far as the rules' tables use it: RE2 without assertions, and shapes.
std::string sample_of(std::string_view pattern, std::mt19937_64& random);

}  // namespace redoubt::inspect::tests
