// What a relying party accepts. The default is strict; every member loosens or demands one thing, and nothing else
// does: no variable of the environment, no setting of a build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/claims.h"
#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::attest {

struct Policy {
  // Evidence of an environment into which its host can look: the DEBUG bit of SNP, TDX and SGX, Nitro's zero PCRs.
  bool allow_debug = false;
  // Bytes after the end that the evidence itself states. They are never read.
  bool allow_trailing_bytes = false;
  // TCB statuses, as Intel spells them, that count as good.
  std::vector<std::string> allow_tcb{"UpToDate"};
  // Whether TDX and SGX need TCB info, QE identity and both revocation lists. Without it, what is given is checked.
  bool require_collateral = true;
  // The least tcbEvaluationDataNumber of TCB info and QE identity: the newest that the relying party ever saw, so that
  // older collateral, though signed and not yet past its date, is refused.
  std::uint64_t min_tcb_evaluation = 0;
  // SHA-1 as signature, bank or log.
  bool allow_sha1 = false;
  // A TPM's PCRs 0 to 7 all zero: nothing was measured.
  bool allow_zero_pcrs = false;
  // The only accepted anchor, self-signed or not: SHA-256 of its DER.
  std::optional<crypto::Sha256Digest> pinned_root;
  // The attestation key that is trusted without a chain: SHA-256 of its SubjectPublicKeyInfo.
  std::optional<crypto::Sha256Digest> pinned_ak;
  // Claims that must be there, with these values (Claim::covers).
  ClaimObject reference;
};

// A policy as JSON, an object with the members above by their names; digests in hexadecimal. Members that are absent
// keep the default. kMalformed, with the member's name, for an unknown one or a value of another kind.
Result<Policy> read_policy(const simdjson::dom::element& json);
// The same from a text of at most 64 KiB.
Result<Policy> parse_policy(std::string_view text);

}  // namespace redoubt::attest
