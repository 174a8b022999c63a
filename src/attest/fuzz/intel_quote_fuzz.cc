// Any bytes as a quote of Intel's: its parts lie in it, in order, and what follows it changes nothing.
#include <cstdint>

#include "attest/intel_quote.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto quote = parse_intel_quote(bytes);
  if (!quote) return 0;
  REDOUBT_CHECK(quote->size <= size && quote->signed_part.data() == bytes.data());
  REDOUBT_CHECK(quote->signature.data() == bytes.data() + quote->signed_part.size() + 4);
  REDOUBT_CHECK(quote->attestation_key.data() == quote->signature.data() + 64);
  const ByteView chain = as_bytes(quote->pck_chain);
  REDOUBT_CHECK(chain.data() + chain.size() == bytes.data() + quote->size);
  REDOUBT_CHECK(std::holds_alternative<TdReport>(quote->report) == (quote->tee == IntelTee::kTdx));
  const auto again = parse_intel_quote(bytes.first(quote->size));
  REDOUBT_CHECK(again && again->size == quote->size);
  REDOUBT_CHECK(!parse_intel_quote(bytes.first(quote->size - 1)));
  return 0;
}
