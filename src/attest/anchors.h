// The vendors' trust anchors, pinned in the source. docs/attestation.md says where each comes from.
#pragma once

#include <span>
#include <vector>

#include "attest/evidence.h"
#include "crypto/x509.h"

namespace redoubt::attest {

// The anchors, and the intermediate certificates published with them, for one kind; built once, valid for ever. Any
// thread. A TPM has many makers: none is pinned, so its anchor comes from the relying party.
std::span<const crypto::Certificate> vendor_certificates(Kind kind);

}  // namespace redoubt::attest
