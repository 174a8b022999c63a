#include "tpm/unseal_approved.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace redoubt::tpm {

Result<Unsealed> unseal_approved(Tpm& tpm, const SealedSecret& sealed, std::span<const ApprovalFile> approvals,
                                 const MeasurementLog& measured) {
  std::vector<const ApprovalFile*> ours;
  for (const ApprovalFile& each : approvals) {
    if (each.is_signed_by(sealed.approver, sealed.policy_ref)) ours.push_back(&each);
  }
  if (ours.empty()) return Error(Errc::kPermissionDenied, "there is no approval for these keys");
  std::ranges::sort(ours, std::ranges::greater(), &ApprovalFile::version);

  std::optional<Error> superseded;
  std::string differences;
  for (const ApprovalFile* each : ours) {
    const ApprovedState state = each->state();
    const auto registers = read_pcrs(tpm, state.pcrs);
    if (!registers) return registers.error();
    if (pcr_digest(*registers) != state.pcr_digest) {
      if (differences.empty()) differences = describe_differences(*each, measured, *registers);
      continue;
    }
    auto secret = unseal(tpm, sealed, each->approval());
    if (secret) return Unsealed{.secret = *std::move(secret), .version = each->version};
    if (secret.error().code() != Errc::kPermissionDenied) return secret.error();
    superseded = secret.error().in("version " + std::to_string(each->version));
  }
  if (superseded) return *superseded;
  return Error(Errc::kPermissionDenied, "what runs here is not approved: " + differences);
}

}  // namespace redoubt::tpm
