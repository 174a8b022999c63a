#include "sigma/internal/fold.h"

#include <algorithm>

namespace redoubt::sigma::internal {
namespace {

constexpr char32_t kNotUtf8 = 0x110000;  // with the byte added

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

char fold_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

char32_t fold(char32_t point) {
  if (point < 0x80) return static_cast<char32_t>(fold_ascii(static_cast<char>(point)));
  const FoldRange* const end = kFoldRanges + kFoldRangeCount;
  const FoldRange* const range =
      std::lower_bound(kFoldRanges, end, point, [](const FoldRange& r, char32_t p) { return r.last < p; });
  if (range == end || point < range->first || (point - range->first) % range->stride != 0) return point;
  return static_cast<char32_t>(static_cast<std::int64_t>(point) + range->delta);
}

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t lead = byte(0);
  const auto follow = [&](std::size_t count) {
    if (text.size() <= count) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      if (!is_continuation(text[i])) return false;
    }
    return true;
  };
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xc2 && lead < 0xe0 && follow(1)) return {((lead & 0x1fU) << 6) | (byte(1) & 0x3fU), 2};
  if (lead >= 0xe0 && lead < 0xf0 && follow(2))
    return {((lead & 0xfU) << 12) | ((byte(1) & 0x3fU) << 6) | (byte(2) & 0x3fU), 3};
  if (lead >= 0xf0 && lead < 0xf5 && follow(3)) {
    return {((lead & 7U) << 18) | ((byte(1) & 0x3fU) << 12) | ((byte(2) & 0x3fU) << 6) | (byte(3) & 0x3fU), 4};
  }
  return {kNotUtf8 + lead, 1};
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6));
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3f));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

void append_folded(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  out.resize(start + text.size());
  unsigned char high = 0;
  char* const to = out.data() + start;
  for (std::size_t i = 0; i < text.size(); ++i) {
    high |= static_cast<unsigned char>(text[i]);
    to[i] = fold_ascii(text[i]);
  }
  if (high < 0x80) return;
  out.resize(start);
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    if (next.point >= kNotUtf8) {
      out.push_back(text[0]);
    } else {
      append_utf8(out, fold(next.point));
    }
    text.remove_prefix(next.size);
  }
}

std::string folded(std::string_view text) {
  std::string out;
  append_folded(out, text);
  return out;
}

}  // namespace redoubt::sigma::internal
