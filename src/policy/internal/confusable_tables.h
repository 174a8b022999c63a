// What confusable.h needs of the Unicode character data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace redoubt::policy::internal {

struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
};
struct ScriptRange {
  char32_t first = 0;
  char32_t last = 0;
  std::uint16_t set = 0;
};

inline constexpr std::size_t kScriptCount = 192;  // numbers of scripts are below

// Both ascending. Identifier_Status=Allowed; and the set of scripts of each code point, but of those that all use.
std::span<const CodePointRange> allowed_in_identifiers();
std::span<const ScriptRange> script_ranges();
// The numbers of the scripts in a set, writing systems that use several scripts among them.
std::span<const std::uint8_t> scripts_of_set(std::uint16_t set);

}  // namespace redoubt::policy::internal
