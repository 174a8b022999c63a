#include "policy/internal/shown.h"

#include "encoding/json_writer.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::size_t kMaxShown = 60;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return 2;
}

bool is_showable(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) >= 0x20 && byte(0) != 0x7f;
  if (sequence.size() == 2) return byte(0) != 0xc2 || byte(1) >= 0xa0;  // C1
  // U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF: marks of direction, separators, and what has no width
  if (byte(0) == 0xe2 && byte(1) == 0x80) {
    return !((byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae));
  }
  if (byte(0) == 0xe2 && byte(1) == 0x81) return byte(2) < 0xa6 || byte(2) > 0xa9;
  return sequence != "\xef\xbb\xbf";
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const std::size_t size = sequence_size(static_cast<unsigned char>(text.front()));
  if (size > text.size() || !encoding::is_utf8(text.substr(0, size))) return {1, false};
  return {size, is_showable(text.substr(0, size))};
}

std::string shown(std::string_view text) {
  std::string out = "`";
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == kMaxShown) {
      out += kEllipsis;
      break;
    }
    const CodePoint point = first_code_point(text);
    out += point.showable ? text.substr(0, point.size) : kReplacement;
    text.remove_prefix(point.size);
  }
  return out += '`';
}

}  // namespace redoubt::policy::internal
