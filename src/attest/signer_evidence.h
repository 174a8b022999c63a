// Evidence over the key that signs a ledger's checkpoints: made once for a key by the machine that holds it, and kept
// as an entry of the ledger itself (docs/formats/signer-evidence.md).
//
// It is bound to the key and to the log's name, not to a connection: it says on what machine, in what state, the key
// was when the entry was made. What the machine is now, evidence over a channel says (verify_answer.h).
#pragma once

#include <string_view>

#include "attest/appraisal.h"
#include "attest/channel_binding.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace redoubt::attest {

// SHA-512 of the fields, each behind its length (u32, big-endian): `redoubt ledger signer v1`, the log's origin, the
// public key.
ReportData signer_binding(std::string_view origin, const crypto::Ed25519PublicKey& key);

// Judges an answer (evidence_message.h) over this key, at the moment that its record has. Errors: kMalformed and
// kTooLarge for what is no answer; kVerifyFailed with the first reason.
Result<Appraisal> verify_signer_evidence(Verifier& verifier, std::string_view answer, std::string_view origin,
                                         const crypto::Ed25519PublicKey& key, UnixMillis at,
                                         const AppraisalPolicy& policy, const ReferenceValues& references);

}  // namespace redoubt::attest
