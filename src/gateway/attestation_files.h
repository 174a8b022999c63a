// What the bundle in force says of evidence: appraisal policies, reference values and collateral, in the files
// `attestation/…`.
//
//   auto files = AttestationFiles::load(files_of_the_bundle);
//   auto terms = (*files)->terms_for(accepted);      // for attest::PeerVerifier
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/collateral_bundle.h"
#include "attest/key_verifier.h"
#include "attest/peer_verifier.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "gateway/accepted_peer.h"
#include "record/exchange_record.h"

namespace redoubt::gateway {

// The files `attestation/…` of a bundle: reference values, collateral, and appraisal policies by their names.
// Immutable; any thread.
class AttestationFiles {
 public:
  static constexpr std::string_view kReferences = "attestation/references.json";
  // For evidence that does not bring its own: of upstreams in a form of others.
  static constexpr std::string_view kCollateral = "attestation/collateral.json";
  static constexpr std::size_t kMaxPolicies = 64;

  struct File {
    std::string_view name;  // with folder
    std::string_view text;
  };

  // `attestation/NAME.json` for an appraisal policy, NAME of a-z, 0-9, `_` and `-`. kMalformed with the file's name.
  static Result<std::shared_ptr<const AttestationFiles>> load(std::span<const File> files);
  // Whether a policy can have that name.
  static bool is_policy_name(std::string_view name);

  // Whom our own form is to be accepted from. kNotFound when the bundle has no policy of that name.
  Result<attest::PeerTerms> terms_for(const AcceptedPeer& accepted) const;
  // The same of another form. Errors: likewise; those of KeyVerifier::create().
  Result<attest::KeyVerifier> key_verifier_for(const AcceptedPeer& accepted) const;
  // Whether anybody can be accepted by these files; the errors of both.
  Result<> check(const AcceptedPeer& accepted) const;
  // Of all files: the same for the same texts.
  const crypto::Sha256Digest& digest() const { return digest_; }

 private:
  AttestationFiles() = default;
  Result<attest::AppraisalPolicy> find_policy(const std::string& name) const;

  std::map<std::string, attest::AppraisalPolicy, std::less<>> policies_;
  attest::ReferenceValues references_;
  attest::CollateralBundle collateral_;
  crypto::Sha256Digest digest_{};
};

// What records and policies say of a peer; views into static names and into `peer`.
record::PeerEvidence evidence_of(const attest::KnownPeer& peer);

// A verifier of the terms in force, made anew when they change. One thread.
class TermsInForce {
 public:
  TermsInForce(AcceptedPeer accepted, attest::Sender sender) : accepted_(std::move(accepted)), sender_(sender) {}

  // Null: nothing is in force, and nothing is accepted.
  void use(const std::shared_ptr<const AttestationFiles>& files);

  attest::EvidenceForm form() const { return accepted_.form; }
  // Of our own form. Null: nothing is accepted.
  attest::PeerVerifier* verifier() { return verifier_ ? &*verifier_ : nullptr; }
  // Of every other. Likewise.
  attest::KeyVerifier* key_verifier() { return key_verifier_ ? &*key_verifier_ : nullptr; }
  // Grows with each change; what was found by earlier terms is not current.
  std::uint64_t generation() const { return generation_; }

 private:
  const AcceptedPeer accepted_;
  const attest::Sender sender_;
  std::shared_ptr<const AttestationFiles> files_;
  std::optional<attest::PeerVerifier> verifier_;
  std::optional<attest::KeyVerifier> key_verifier_;
  std::uint64_t generation_ = 0;
};

}  // namespace redoubt::gateway
