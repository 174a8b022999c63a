#include <array>
#include <charconv>

#include "policy/internal/arithmetic.h"
#include "policy/internal/extension_types.h"

namespace redoubt::policy::internal {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 5> kUnits{{{"d", kMsPerDay}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

}  // namespace

Read<std::int64_t> parse_duration(std::string_view text) {
  constexpr std::string_view kBadForm = "days, hours, minutes, seconds and milliseconds are needed as in `1d2h3m4s5ms`";
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return tl::unexpected(kBadForm);

  // Summed up with its sign, so that the smallest value is read without its negative, which does not fit. Units come in
  // the order of kUnits, each at most once.
  std::int64_t sum = 0;
  bool fits = true;
  for (std::size_t unit = 0; !text.empty(); ++unit) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view rest = text.substr(digits);
    const std::string_view name = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (digits == 0 || unit == kUnits.size()) return tl::unexpected(kBadForm);

    std::uint64_t magnitude = 0;
    const bool read = std::from_chars(text.data(), text.data() + digits, magnitude).ec == std::errc();
    std::int64_t amount = 0;
    fits = fits && read &&
           !(negative ? __builtin_mul_overflow(magnitude, -kUnits[unit].ms, &amount)
                      : __builtin_mul_overflow(magnitude, kUnits[unit].ms, &amount)) &&
           !__builtin_add_overflow(sum, amount, &sum);
    text = rest.substr(name.size());
  }
  // Only behind the form: an overflow is said of durations alone.
  if (!fits) return tl::unexpected<std::string_view>("it does not fit 64 bits of milliseconds");
  return sum;
}

std::string print_duration(std::int64_t ms) {
  return std::to_string(ms) + "ms";
}

}  // namespace redoubt::policy::internal
