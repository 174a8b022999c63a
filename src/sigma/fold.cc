#include "sigma/internal/fold.h"

#include <algorithm>
#include <cstring>

#include "sigma/internal/folded_text.h"
#include "sigma/internal/words.h"

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

std::size_t put_utf8(char* to, char32_t point) {
  std::size_t size = 0;
  const auto put = [&](char32_t byte) { to[size++] = static_cast<char>(byte); };
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
  return size;
}

void append_utf8(std::string& out, char32_t point) {
  char bytes[4];
  out.append(bytes, put_utf8(bytes, point));
}

namespace {

// Whether all of it is ASCII: then `to` has the folded text.
bool fold_as_ascii(std::string_view text, char* to) {
  std::uint64_t high = 0;
  if (text.size() < 8) {
    const std::uint64_t word = word_of(text);
    char bytes[8];
    store_word(bytes, fold_word(word));
    std::memcpy(to, bytes, text.size());
    high = word;
  } else {
    // The last eight again, whatever has been done of them.
    for (std::size_t at = 0;; at = std::min(at + 8, text.size() - 8)) {
      const std::uint64_t word = load_word(text.data() + at);
      high |= word;
      store_word(to + at, fold_word(word));
      if (at + 8 == text.size()) break;
    }
  }
  return (high & (kEachByte * 0x80)) == 0;
}

}  // namespace

void append_folded(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  out.resize(start + text.size());
  if (fold_as_ascii(text, out.data() + start)) return;
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

std::string_view FoldedText::fold_any(std::string_view text) {
  if (buffer_.size() < text.size() + 2 * kRoom) buffer_.assign(text.size() * 2 + 2 * kRoom, '\0');
  char* const to = buffer_.data() + kRoom;
  if (fold_as_ascii(text, to)) return {to, text.size()};
  const std::string whole = folded(text);  // may be longer or shorter
  if (buffer_.size() < whole.size() + 2 * kRoom) buffer_.assign(whole.size() * 2 + 2 * kRoom, '\0');
  std::memcpy(buffer_.data() + kRoom, whole.data(), whole.size());
  return {buffer_.data() + kRoom, whole.size()};
}

std::string folded(std::string_view text) {
  std::string out;
  append_folded(out, text);
  return out;
}

}  // namespace redoubt::sigma::internal
