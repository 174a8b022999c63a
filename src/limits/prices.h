// What models cost: the bundle's `prices.toml`.
//
//   currency = "EUR"            # ISO 4217, one for all
//
//   [[model]]
//   name = "gpt-4o"             # `*`: every model that is not named
//   input = "2.50"              # for a million tokens, at most six digits behind the point
//   output = "10.00"
//
// Money is counted in millionths of the currency's unit and rounded up. A model without a price costs kUnpriced: where
// a limit of money applies, it cannot be used.
//
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "limits/limits.h"

namespace redoubt::limits {

struct Price {
  std::uint64_t input = 0;  // millionths for a million tokens
  std::uint64_t output = 0;
  friend bool operator==(const Price&, const Price&) = default;
};

class Prices {
 public:
  static constexpr std::size_t kModelsMax = 10'000;
  static constexpr std::uint64_t kPriceMax = 1'000'000'000'000;  // a million units of the currency for a million tokens

  Prices() = default;  // none
  // Errors: kMalformed with name, line and column; kTooLarge as ConfigFile::parse and above kModelsMax.
  static Result<Prices> parse(std::string_view text, std::string name);

  const std::string& currency() const { return currency_; }  // empty: no prices
  // The model's, or that of `*`; null when there is neither.
  const Price* find(std::string_view model) const;
  std::size_t size() const { return models_.size(); }

 private:
  std::string currency_;
  std::map<std::string, Price, std::less<>> models_;
};

// Millionths, rounded up; kUnpriced without a price, at most kAmountMax with one.
std::uint64_t money(const Price* price, std::uint64_t input_tokens, std::uint64_t output_tokens);

}  // namespace redoubt::limits
