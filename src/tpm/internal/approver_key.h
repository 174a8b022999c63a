// An approver's key in the form in which a TPM loads it.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "crypto/certificate.h"

namespace redoubt::tpm::internal {

TPMT_PUBLIC approver_area(const crypto::P256PublicKey& approver);

// The comparison that an approval has with its version (Part 3 §23.9): the counter is not above it.
inline constexpr TPM2_EO kCounterComparison = TPM2_EO_UNSIGNED_LE;

}  // namespace redoubt::tpm::internal
