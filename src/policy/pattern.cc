#include "policy/internal/pattern.h"

#include <string.h>

namespace redoubt::policy::internal {

// UTF-8 literals match at code point boundaries only, so bytes will do.
bool matches(const Pattern& pattern, std::string_view text) {
  const auto& parts = pattern.parts;
  std::size_t first = 0;
  std::size_t last = parts.size();
  if (first != last && !parts[first].star) {
    if (!text.starts_with(parts[first].literal)) return false;
    text.remove_prefix(parts[first++].literal.size());
    if (first == last) return text.empty();
  }
  if (first == last) return text.empty();
  if (!parts[last - 1].star) {
    if (!text.ends_with(parts[last - 1].literal)) return false;
    text.remove_suffix(parts[--last].literal.size());
  }
  // Between stars: each literal as early as possible.
  for (; first != last; ++first) {
    const std::string& literal = parts[first].literal;
    if (parts[first].star) continue;
    // memmem, for std::string_view::find is not linear.
    const void* at = memmem(text.data(), text.size(), literal.data(), literal.size());
    if (at == nullptr) return false;
    text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) + literal.size());
  }
  return true;
}

}  // namespace redoubt::policy::internal
