#include "policy/internal/excerpt.h"

#include "policy/name.h"

namespace redoubt::policy {

std::string excerpt(std::string_view text) {
  constexpr std::size_t kMaxBytes = 64;
  std::size_t end = text.size();
  if (end > kMaxBytes) {
    end = kMaxBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a code point
  }
  const std::string literal = quoted(text.substr(0, end));
  return "`" + literal.substr(1, literal.size() - 2) + (end < text.size() ? "…`" : "`");
}

}  // namespace redoubt::policy
