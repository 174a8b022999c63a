#include <charconv>

#include "policy/internal/arithmetic.h"
#include "policy/internal/extension_types.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::size_t kDigits = 4;
constexpr std::int64_t kScale = 10'000;

}  // namespace

Read<std::int64_t> parse_decimal(std::string_view text) {
  const std::size_t point = text.find('.');
  const bool negative = text.starts_with('-');
  if (point == std::string_view::npos || !is_digits(text.substr(0, point).substr(negative ? 1 : 0)) ||
      !is_digits(text.substr(point + 1))) {
    return tl::unexpected<std::string_view>("digits, a point and digits are needed");
  }
  const std::string_view fraction = text.substr(point + 1);
  if (fraction.size() > kDigits) {
    return tl::unexpected<std::string_view>("too many digits after the decimal: at most 4 are supported");
  }

  // The sign stays with both parts, so that the smallest value is read without its negative, which does not fit.
  constexpr std::string_view kOverflow = "it must be from -922337203685477.5808 to 922337203685477.5807";
  std::int64_t whole = 0;
  if (std::from_chars(text.data(), text.data() + point, whole).ec != std::errc()) return tl::unexpected(kOverflow);
  std::int64_t parts = 0;
  std::from_chars(fraction.data(), fraction.data() + fraction.size(), parts);
  for (std::size_t i = fraction.size(); i < kDigits; ++i) parts *= 10;

  const auto scaled = checked_multiply(whole, kScale);
  const auto value = scaled ? checked_add(*scaled, negative ? -parts : parts) : std::nullopt;
  if (!value) return tl::unexpected(kOverflow);
  return *value;
}

std::string print_decimal(std::int64_t ten_thousandths) {
  const bool negative = ten_thousandths < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(ten_thousandths) : static_cast<std::uint64_t>(ten_thousandths);
  const std::string parts = std::to_string(magnitude % kScale);
  return (negative ? "-" : "") + std::to_string(magnitude / kScale) + "." + std::string(kDigits - parts.size(), '0') +
         parts;
}

}  // namespace redoubt::policy::internal
