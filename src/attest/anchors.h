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

// Certificates below the anchors that a vendor has for years and that come with evidence of every machine, so that they
// need not be read again. They vouch for nothing by standing here: what does not come with the evidence is not there,
// and signatures of theirs are verified as of others. Built once, valid for ever. Any thread.
std::span<const crypto::Certificate> familiar_certificates(Kind kind);

}  // namespace redoubt::attest
