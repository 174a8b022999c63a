// Two lines of any bytes, a contract and a request, and what follows as its binary data: whatever a contract is read
// from, it writes one that reads the same, and what is fitted to a request is kept by it.
#include <cstdint>

#include "base/check.h"
#include "contract/tensor_contract.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find('\n');
  if (first == std::string_view::npos) return 0;
  const std::string_view contract_text = text.substr(0, first);
  text.remove_prefix(first + 1);
  const std::size_t second = std::min(text.find('\n'), text.size());
  const ByteView binary = as_bytes(text.substr(std::min(second + 1, text.size())));
  static encoding::JsonReader reader({.max_bytes = 1 << 16, .max_depth = 32});
  const auto request = reader.parse(text.substr(0, second));
  if (!request) return 0;
  for (const int channels : {-1, 1, 2}) {
    const auto fitted = contract::TensorContract::fit(*request, binary, {.channels = channels});
    if (!fitted) continue;
    const auto kept = fitted->check(*request, binary);
    REDOUBT_CHECK(kept.has_value() && kept->violations.empty() && kept->scores.size() == kept->samples);
    const auto again = contract::TensorContract::parse(fitted->to_json());
    REDOUBT_CHECK(again && again->to_json() == fitted->to_json());
  }
  const auto contract = contract::TensorContract::parse(contract_text);
  if (!contract) return 0;
  const auto again = contract::TensorContract::parse(contract->to_json());
  REDOUBT_CHECK(again && again->to_json() == contract->to_json());
  const auto report = contract->check(*request, binary);
  REDOUBT_CHECK(!report || report->scores.empty() || report->scores.size() == report->samples);
  contract::TensorDriftWindow window(*contract, 4);
  REDOUBT_CHECK(window.add(*request, binary).has_value() == report.has_value());
  window.drift();
  return 0;
}
