// Whose evidence is accepted, as the configuration says it.
#pragma once

#include <string>
#include <vector>

#include "attest/key_evidence.h"
#include "crypto/sha256.h"

namespace redoubt::gateway {

// Nothing in it: the peer is not asked.
struct AcceptedPeer {
  std::string policy;                         // a file of the bundle, `attestation/NAME.json`; empty: none
  std::vector<crypto::Sha256Digest> pins;     // TPMs' keys, each as good as a policy
  std::vector<crypto::Sha256Digest> bundles;  // one of which must be in force there; empty: any
  // In another form than ours there are a policy, its references and collateral alone.
  attest::EvidenceForm form = attest::EvidenceForm::kRedoubt;

  bool is_asked() const { return !policy.empty() || !pins.empty(); }
};

}  // namespace redoubt::gateway
