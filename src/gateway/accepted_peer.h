// Whose evidence is accepted, as the configuration says it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::gateway {

// Nothing in it: the peer is not asked.
struct AcceptedPeer {
  std::string policy;                         // a file of the bundle, `attestation/NAME.json`; empty: none
  std::vector<crypto::Sha256Digest> pins;     // TPMs' keys, each as good as a policy
  std::vector<crypto::Sha256Digest> bundles;  // one of which must be in force there; empty: any

  bool is_asked() const { return !policy.empty() || !pins.empty(); }
};

// Evidence in a form that is not ours is not understood. kUnsupported, with what there is to know, for every other name
// than `redoubt`.
Result<> check_evidence_form(std::string_view name);

}  // namespace redoubt::gateway
