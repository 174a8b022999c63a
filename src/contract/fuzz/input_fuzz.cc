// Two lines of any bytes, a contract and a request: whatever a contract is read from, it writes one that reads the
// same, and checking ends with as many scores as rows.
#include <cstdint>

#include "base/check.h"
#include "contract/input_contract.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  static encoding::JsonReader reader({.max_bytes = 1 << 16, .max_depth = 32});
  const auto request = reader.parse(text.substr(line + 1));
  if (!request) return 0;
  if (const auto fitted = contract::InputContract::fit(*request)) {
    REDOUBT_CHECK(contract::InputContract::parse(fitted->to_json()).has_value());
    REDOUBT_CHECK(fitted->check(*request).has_value());
  }
  const auto contract = contract::InputContract::parse(text.substr(0, line));
  if (!contract) return 0;
  const std::string written = contract->to_json();
  const auto again = contract::InputContract::parse(written);
  REDOUBT_CHECK(again && again->to_json() == written);
  const auto report = contract->check(*request);
  REDOUBT_CHECK(!report || report->scores.empty() || report->scores.size() == report->rows);
  contract::DriftWindow window(*contract, 4);
  REDOUBT_CHECK(window.add(*request).has_value() == report.has_value());
  window.drift();
  return 0;
}
