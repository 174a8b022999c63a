// Any bytes as a manifest, with nobody trusted: whatever it says, it is refused with a reason.
#include <cstdint>

#include "attest/verifier.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  Verifier verifier(Trust::kNobody);
  Evidence evidence{.kind = Kind::kNvidiaGpu, .inputs = {}, .at = UnixMillis(1'750'000'000'000), .nonce = std::nullopt};
  evidence.inputs.set(Role::kRim, {reinterpret_cast<const std::byte*>(data), size});
  REDOUBT_CHECK(!verifier.verify(evidence, {}).accepted());
  return 0;
}
