// Any bytes as prices: parse never crashes, and what it accepts stays within its limits.
#include <cstdint>

#include "base/check.h"
#include "limits/prices.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::limits;
  const auto prices = Prices::parse({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!prices) return 0;
  REDOUBT_CHECK(prices->currency().size() == 3);
  if (const Price* price = prices->find("gpt-4o")) {
    REDOUBT_CHECK(price->input <= Prices::kPriceMax && price->output <= Prices::kPriceMax);
    REDOUBT_CHECK(money(price, 1'000'000, 0) == (price->input < kAmountMax ? price->input : kAmountMax));
  }
  return 0;
}
