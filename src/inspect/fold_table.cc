#include <utf8proc.h>

#include <algorithm>

#include "inspect/internal/fold_tables.h"
#include "inspect/internal/folded_text.h"

namespace redoubt::inspect::internal {
namespace {

constexpr char32_t kTableEnd = 0x3000;

FoldTable::Fold kept(char32_t point) {
  FoldTable::Fold out{};
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes);
  std::copy_n(bytes, size, out.bytes);
  out.size = static_cast<std::uint8_t>(size);
  return out;
}

FoldTable::Fold one(char c) {
  FoldTable::Fold out{};
  out.bytes[0] = c;
  out.size = 1;
  return out;
}

FoldTable::Fold dropped() {
  FoldTable::Fold out{};
  out.size = FoldTable::kDrop;
  return out;
}

bool is_decimal_digit(char32_t point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(point)) == UTF8PROC_CATEGORY_ND;
}

// Decimal digits stand in rows of ten that begin with zero (Unicode, §4.6), and rows may follow each other.
char decimal_digit(char32_t point) {
  char32_t first = point;
  while (is_decimal_digit(first - 1)) --first;
  return static_cast<char>('0' + (point - first) % 10);
}

// Default_Ignorable_Code_Point of the characters that matter here, and controls that no text needs.
bool is_invisible(char32_t point) {
  return point == 0 || point == 0xad || point == 0x034f || point == 0x061c || (point >= 0x115f && point <= 0x1160) ||
         (point >= 0x17b4 && point <= 0x17b5) || (point >= 0x180b && point <= 0x180f) ||
         (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2060 && point <= 0x206f) || point == 0x3164 || (point >= 0xfe00 && point <= 0xfe0f) ||
         point == 0xfeff || point == 0xffa0 || (point >= 0x1bca0 && point <= 0x1bca3) ||
         (point >= 0x1d173 && point <= 0x1d17a) || (point >= 0xe0000 && point <= 0xe0fff);
}

FoldTable::Fold fold(char32_t point) {
  if (point >= 0xe0020 && point <= 0xe007e) return one(static_cast<char>(point - 0xe0000));
  if (is_invisible(point)) return dropped();
  if (is_decimal_digit(point)) return one(decimal_digit(point));
  if ((point >= 0x3400 && point < 0xa000) || (point >= 0xac00 && point < 0xd7a4)) return kept(point);
  utf8proc_int32_t parts[24];
  int last_boundary_class = 0;
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), parts, std::size(parts),
                                             static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE),
                                             &last_boundary_class);
  if (count < 1 || count > static_cast<utf8proc_ssize_t>(std::size(parts))) return kept(point);
  FoldTable::Fold out{};
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    const auto part = static_cast<char32_t>(parts[i]);
    const auto category = utf8proc_category(parts[i]);
    if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME) continue;
    FoldTable::Fold piece = kept(part);
    if (category == UTF8PROC_CATEGORY_ZS) piece = one(' ');
    if (const char ascii = look_alike(part); ascii != '\0') piece = one(ascii);
    if (out.size + piece.size > static_cast<int>(sizeof out.bytes)) return kept(point);
    std::copy_n(piece.bytes, piece.size, out.bytes + out.size);
    out.size = static_cast<std::uint8_t>(out.size + piece.size);
  }
  // A mark that stands alone: nothing of it is left, but it is not invisible either.
  return out;
}

}  // namespace

FoldTable::FoldTable() {
  below_.reserve(kTableEnd);
  for (char32_t point = 0; point < kTableEnd; ++point)
    below_.push_back(point < 0x80 && point > 0 ? one(static_cast<char>(point)) : fold(point));
}

FoldTable::Fold FoldTable::of(char32_t point) const {
  return point < kTableEnd ? below_[point] : fold(point);
}

}  // namespace redoubt::inspect::internal
