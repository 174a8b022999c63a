#include "policy/internal/nearest.h"

#include <algorithm>
#include <vector>

namespace redoubt::policy::internal {

std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return std::nullopt;
  std::vector<std::size_t> row(b.size() + 1);  // distances of the part of `a` looked at to each beginning of `b`
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  if (row.back() > limit) return std::nullopt;
  return row.back();
}

}  // namespace redoubt::policy::internal
