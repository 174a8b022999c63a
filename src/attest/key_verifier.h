// The relying party of evidence that is bound to a TLS key (key_evidence.h): what it accepts, and how it judges what a
// server shows on one connection.
//
//   auto verifier = KeyVerifier::create(EvidenceForm::kDstack, terms);
//   auto peer = verifier->judge(leaf, document, now);   // what it is, or why not
//
// There is no nonce in these forms: that evidence is of today, only certificates and collateral say.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "attest/collateral_bundle.h"
#include "attest/key_evidence.h"
#include "attest/peer_verifier.h"
#include "attest/verifier.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::attest {

// What evidence must satisfy.
struct KeyTerms {
  // Each of its parts needs a reference value and, where its kind has collateral, that: a part without is no part here.
  AppraisalPolicy policy;
  ReferenceValues references;   // those that do not pin the code (KeyEvidenceForm::pins_code) count for nothing
  CollateralBundle collateral;  // the machine gives none
  // Files of one's own, which replace others: anchors (kRoot). Nobody's in the product.
  std::vector<Endorsement> files = {};
  // How long a connection may be used after it was admitted.
  std::int64_t connection_ms = 60 * 60 * 1000;
};

// One thread at a time. Does not wait: judging costs a few signatures (about a millisecond).
class KeyVerifier {
 public:
  // Errors: kInvalidArgument, with what to change, for kRedoubt, a policy under which evidence could be accepted that
  // nothing pins, and one under which none of this form ever is.
  static Result<KeyVerifier> create(EvidenceForm form, KeyTerms terms);

  const KeyEvidenceForm& form() const { return *form_; }

  // `leaf`: the certificate that the server has shown on this connection; `document`: what it answered to form().path()
  // there. Errors: those of KeyEvidenceForm::read(); kVerifyFailed, with the first reason, for evidence of another key
  // and evidence that is not accepted.
  Result<KnownPeer> judge(const crypto::Certificate& leaf, std::string_view document, UnixMillis at);

 private:
  KeyVerifier(std::unique_ptr<const KeyEvidenceForm> form, KeyTerms terms)
      : form_(std::move(form)), terms_(std::move(terms)) {}

  std::unique_ptr<const KeyEvidenceForm> form_;
  KeyTerms terms_;
  Verifier verifier_;
};

}  // namespace redoubt::attest
