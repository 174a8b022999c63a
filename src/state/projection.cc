#include "state/projection.h"

namespace redoubt::state {

std::optional<std::string_view> FoldedFact::value(std::string_view field) const {
  for (const auto& [name, text] : values) {
    if (name == field) return text;
  }
  return std::nullopt;
}

}  // namespace redoubt::state
