// Any bytes as an HCL report, and as evidence around one: reading and judging never crash, and what is read is within
// its bytes.
#include <cstdint>

#include "attest/hcl_report.h"
#include "attest/verifier.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::attest;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto report = parse_hcl_report(bytes)) {
    REDOUBT_CHECK(report->size <= size && report->hardware_report.size() == HclReport::kHardwareSize &&
                  report->td_report_data().size() == 64);
  }
  Verifier verifier(Trust::kNobody);
  for (const Role role : {Role::kEvidence, Role::kTpmQuote}) {
    Evidence evidence{.kind = Kind::kAzureVtpm, .inputs = {}, .at = redoubt::UnixMillis{0}, .nonce = {}};
    evidence.inputs.set(role, bytes);
    if (role == Role::kTpmQuote) evidence.inputs.set(Role::kHclReport, bytes);
    REDOUBT_CHECK(!verifier.verify(evidence, Policy{}).accepted());
  }
  return 0;
}
