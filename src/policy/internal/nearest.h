// What a mistaken name was probably meant to be.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {

// Insertions, removals and replacements of bytes that make one text the other; nothing when more than `limit`.
std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// "; did you mean `…`?" with the nearest of `names`, or nothing when none is near. Looks at a thousand of them, and at
// none for names beyond 100 bytes.
template <class Names>
std::string did_you_mean(std::string_view name, const Names& names) {
  constexpr std::size_t kMaxNames = 1000;
  constexpr std::size_t kMaxSize = 100;
  if (name.size() > kMaxSize) return {};
  std::size_t limit = name.size() / 3 + 1;
  std::string_view nearest;
  std::size_t looked_at = 0;
  for (const auto& candidate : names) {
    if (++looked_at > kMaxNames) break;
    const std::optional<std::size_t> distance = edit_distance(name, candidate, limit);
    if (!distance || (!nearest.empty() && *distance >= limit)) continue;
    nearest = candidate;
    limit = *distance;
  }
  return nearest.empty() ? std::string() : "; did you mean " + shown(nearest) + "?";
}

// The same for the names of a whole text: a hostile one has as many mistakes as bytes, so only the first are looked
// for.
class Suggestions {
 public:
  template <class Names>
  std::string did_you_mean(std::string_view name, const Names& names) {
    if (left_ == 0) return {};
    --left_;
    return internal::did_you_mean(name, names);
  }

 private:
  std::size_t left_ = 100;
};

}  // namespace redoubt::policy::internal
