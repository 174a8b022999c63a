#include "attest/signer_evidence.h"

#include <algorithm>

#include "attest/evidence_message.h"
#include "attest/internal/fields.h"
#include "attest/verify_answer.h"
#include "crypto/digest.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kSignerLabel = "redoubt ledger signer v1";

}  // namespace

ReportData signer_binding(std::string_view origin, const crypto::Ed25519PublicKey& key) {
  const Bytes fields = join_fields({as_bytes(kSignerLabel), as_bytes(origin), key});
  ReportData out;
  std::ranges::copy(crypto::digest(crypto::HashAlgorithm::kSha512, fields).view(), out.begin());
  return out;
}

Result<Appraisal> verify_signer_evidence(Verifier& verifier, std::string_view text, std::string_view origin,
                                         const crypto::Ed25519PublicKey& key, UnixMillis at,
                                         const AppraisalPolicy& policy, const ReferenceValues& references) {
  const auto read = read_answer(text);
  if (!read) return read.error();
  const auto* const answer = std::get_if<EvidenceAnswer>(&*read);
  if (answer == nullptr) return Error(Errc::kMalformed, "the proof of a lease is no evidence of a signer");
  return appraise_answer(verifier, *answer, signer_binding(origin, key), at, {}, policy, references);
}

}  // namespace redoubt::attest
