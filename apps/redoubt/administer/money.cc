#include "redoubt/administer/money.h"

#include <algorithm>
#include <string>

#include "limits/limits.h"

namespace redoubt::app {

Result<std::uint64_t> parse_money(std::string_view text) {
  constexpr int kDecimals = 6;
  const Error wrong(Errc::kInvalidArgument,
                    "`" + std::string(text) + "` is no amount of money: digits, and up to six behind a point");
  std::uint64_t millionths = 0;
  int decimals = -1;  // behind the point, once there is one
  bool digits = false;
  for (const char c : text) {
    if (c == '.' && decimals < 0 && digits) {
      decimals = 0;
      digits = false;
      continue;
    }
    if (c < '0' || c > '9' || decimals == kDecimals) return wrong;
    digits = true;
    millionths = millionths * 10 + static_cast<std::uint64_t>(c - '0');
    if (decimals >= 0) ++decimals;
    if (millionths > limits::kAmountMax) return wrong;
  }
  if (!digits) return wrong;
  for (int i = std::max(decimals, 0); i < kDecimals; ++i) millionths *= 10;
  if (millionths > limits::kAmountMax) return wrong;
  return millionths;
}

}  // namespace redoubt::app
