// Opens a sealed secret with whichever of several approvals fits the machine as it is.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "crypto/secret.h"
#include "tpm/approval_file.h"
#include "tpm/measurement_log.h"
#include "tpm/sealed_secret.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

struct Unsealed {
  crypto::Secret secret;
  std::uint64_t version = 0;  // of the approval that fitted: the highest of those that do
};

// `measured` is the machine's own log, which is used to say what differs and for nothing else. Approvals that are not
// of the secret's approver, or not for this secret, are passed over. Errors: kPermissionDenied when there is no
// approval for this secret at all, when none is of this machine as it is, with what differs from the latest, and when
// those that are have been superseded; others of unseal().
Result<Unsealed> unseal_approved(Tpm& tpm, const SealedSecret& sealed, std::span<const ApprovalFile> approvals,
                                 const MeasurementLog& measured);

}  // namespace redoubt::tpm
