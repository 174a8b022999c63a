// Packed bundles: whatever comes is a bundle that packs to itself, or none.
#include "base/bytes.h"
#include "base/check.h"
#include "state/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const auto bundle = state::Bundle::unpack({reinterpret_cast<const char*>(data), size});
  if (!bundle) return 0;
  const auto again = state::Bundle::unpack(bundle->pack());
  REDOUBT_CHECK(again && again->digest() == bundle->digest() && again->files() == bundle->files());
  return 0;
}
