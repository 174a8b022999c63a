// The Sigma rules that are part of the program: `rules/` of its source. They run unless a bundle has rules of its own.
//
// Constants with static lifetime; any thread.
#pragma once

#include <span>
#include <string_view>

namespace redoubt::app {

struct ShippedRule {
  std::string_view name;  // below `rules/`: `access/mr_access_key_guessing.yml`
  std::string_view text;
};

// By name.
std::span<const ShippedRule> shipped_rules();
// What the names in rules mean in this program's records.
extern const std::string_view kShippedTaxonomy;

}  // namespace redoubt::app
