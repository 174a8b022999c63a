// The formats that are asserted (Validation §7.3), each as the RFC that it names has it.
#pragma once

#include <string_view>

namespace redoubt::contract::internal {

using Format = bool (*)(std::string_view text);

// Null when it is none of them.
Format format_named(std::string_view name);

// -1 when it is none.
int hex_digit(char c);

}  // namespace redoubt::contract::internal
