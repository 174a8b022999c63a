// The playbooks that come with the program.
#pragma once

#include <span>
#include <string_view>

namespace redoubt::app {

inline constexpr std::string_view kPlaybookEnding = ".yaml";
inline constexpr std::string_view kPlaybookTestsEnding = ".tests.yaml";  // cases beside them, in no bundle

struct ShippedPlaybooks {
  std::string_view name;  // of the file: `contain-exfiltration.yaml`
  std::string_view text;
};
// By name; constants. Any thread. INVARIANT: they can be read.
std::span<const ShippedPlaybooks> shipped_playbooks();

}  // namespace redoubt::app
