// Any bytes as what a TPM writes, and as evidence around it: reading and judging never crash, and what is read is
// within its bytes.
#include <cstdint>

#include "attest/tpm_structures.h"
#include "attest/verifier.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::attest;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto area = parse_tpm_public(bytes)) REDOUBT_CHECK(area->size <= size && area->name.size() > 20);
  if (const auto attest = parse_tpm_attest(bytes)) {
    REDOUBT_CHECK(attest->size <= size && attest->quote.has_value() != attest->creation.has_value());
    for (const auto& each : attest->quote ? attest->quote->selections : std::vector<TpmPcrSelection>{}) {
      REDOUBT_CHECK(each.pcrs.empty() || each.pcrs.back() < 24);
    }
  }
  if (const auto signature = parse_tpm_signature(bytes)) REDOUBT_CHECK(signature->size <= size);

  Verifier verifier(Trust::kNobody);
  for (const Role role : {Role::kEvidence, Role::kAk, Role::kPcrs}) {
    Evidence evidence{.kind = Kind::kTpm, .inputs = {}, .at = redoubt::UnixMillis{0}, .nonce = {}};
    evidence.inputs.set(role, bytes);
    if (role == Role::kPcrs) {
      for (const Role other : {Role::kAk, Role::kAttest, Role::kSignature}) evidence.inputs.set(other, bytes);
    }
    REDOUBT_CHECK(!verifier.verify(evidence, Policy{}).accepted());
  }
  return 0;
}
