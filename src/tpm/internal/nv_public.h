// NV indices: what is there, and how it is reached.
#pragma once

#include <tss2/tss2_esys.h>

#include "base/bytes.h"
#include "base/result.h"
#include "tpm/internal/device.h"

namespace redoubt::tpm::internal {

// Where makers keep the certificates of endorsement keys (TCG EK Credential Profile 2.5 §2.2.1.4).
inline constexpr TPM2_HANDLE kRsaCertificate = 0x01c0'0002;
inline constexpr TPM2_HANDLE kEcCertificate = 0x01c0'000a;

// TPMA_NV (Part 2 §13.4) of a counter of ours before it was written: reached by anybody who reaches the TPM. Failures
// do not count towards a lockout, and a lockout does not keep anybody out.
inline constexpr TPMA_NV kCounterAttributes = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_OWNERWRITE |
                                              TPMA_NV_AUTHWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
inline constexpr std::uint16_t kCounterSize = 8;

// Asks for the list of handles, because tpm2-tss writes to standard error when a TPM answers with an error.
Result<bool> nv_exists(Device& device, TPM2_HANDLE handle);

struct NvIndex {
  Place place;
  TPMS_NV_PUBLIC area;
};
// kNotFound when there is none.
Result<NvIndex> open_nv(Device& device, TPM2_HANDLE handle);
// The same, of an index that create_counter() made: kVerifyFailed for another.
Result<NvIndex> open_counter(Device& device, TPM2_HANDLE handle);

}  // namespace redoubt::tpm::internal
