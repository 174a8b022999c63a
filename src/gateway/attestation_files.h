// What the bundle in force says of evidence: appraisal policies and reference values, in the files `attestation/…`.
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

#include "attest/peer_verifier.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "gateway/accepted_peer.h"
#include "record/exchange_record.h"

namespace redoubt::gateway {

// The files `attestation/…` of a bundle: reference values, and appraisal policies by their names. Immutable; any
// thread.
class AttestationFiles {
 public:
  static constexpr std::string_view kReferences = "attestation/references.json";
  static constexpr std::size_t kMaxPolicies = 64;

  struct File {
    std::string_view name;  // with folder
    std::string_view text;
  };

  // `attestation/NAME.json` for an appraisal policy, NAME of a-z, 0-9, `_` and `-`. kMalformed with the file's name.
  static Result<std::shared_ptr<const AttestationFiles>> load(std::span<const File> files);
  // Whether a policy can have that name.
  static bool is_policy_name(std::string_view name);

  // kNotFound when the bundle has no policy of that name.
  Result<attest::PeerTerms> terms_for(const AcceptedPeer& accepted) const;
  // Of all files: the same for the same texts.
  const crypto::Sha256Digest& digest() const { return digest_; }

 private:
  AttestationFiles() = default;

  std::map<std::string, attest::AppraisalPolicy, std::less<>> policies_;
  attest::ReferenceValues references_;
  crypto::Sha256Digest digest_{};
};

// What records and policies say of a peer; views into `tier`'s static name and into `peer`.
record::PeerEvidence evidence_of(const attest::KnownPeer& peer);

// A verifier of the terms in force, made anew when they change. One thread.
class TermsInForce {
 public:
  TermsInForce(AcceptedPeer accepted, attest::Sender sender) : accepted_(std::move(accepted)), sender_(sender) {}

  // Null: nothing is in force, and nothing is accepted.
  void use(const std::shared_ptr<const AttestationFiles>& files);

  // Null: nothing is accepted.
  attest::PeerVerifier* verifier() { return verifier_ ? &*verifier_ : nullptr; }
  // Grows with each change; what was found by earlier terms is not current.
  std::uint64_t generation() const { return generation_; }

 private:
  const AcceptedPeer accepted_;
  const attest::Sender sender_;
  std::shared_ptr<const AttestationFiles> files_;
  std::optional<attest::PeerVerifier> verifier_;
  std::uint64_t generation_ = 0;
};

}  // namespace redoubt::gateway
