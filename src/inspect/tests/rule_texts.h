// A text for each rule built in, in which it finds something.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace redoubt::inspect::tests {

// The rule's example, where it has one (rule_examples.h), or one made of its pattern, with a word of its context, to
// which `will_do` says yes. Empty when none was met with.
std::string text_for(std::string_view rule, std::mt19937_64& random,
                     const std::function<bool(const std::string&)>& will_do);

}  // namespace redoubt::inspect::tests
