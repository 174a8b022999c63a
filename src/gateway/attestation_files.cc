#include "gateway/attestation_files.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kFolder = "attestation/";
constexpr std::string_view kEnding = ".json";
constexpr std::size_t kMaxName = 64;

}  // namespace

bool AttestationFiles::is_policy_name(std::string_view name) {
  if (!name.starts_with(kFolder) || !name.ends_with(kEnding)) return false;
  if (name == kReferences || name == kCollateral) return false;
  name.remove_prefix(kFolder.size());
  name.remove_suffix(std::min(name.size(), kEnding.size()));
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<std::shared_ptr<const AttestationFiles>> AttestationFiles::load(std::span<const File> files) {
  std::shared_ptr<AttestationFiles> out(new AttestationFiles);
  crypto::Sha256 hash;
  for (const File& file : files) {
    const auto wrong = [&](const std::string& why) {
      return Error(Errc::kMalformed, std::string(file.name) + ": " + why);
    };
    if (file.name == kReferences) {
      auto values = attest::parse_reference_values(file.text);
      if (!values) return wrong(values.error().message());
      out->references_ = *std::move(values);
    } else if (file.name == kCollateral) {
      auto collateral = attest::CollateralBundle::parse(file.text);
      if (!collateral) return wrong(collateral.error().message());
      out->collateral_ = *std::move(collateral);
    } else if (is_policy_name(file.name)) {
      if (out->policies_.size() == kMaxPolicies) return wrong("there are more than 64 appraisal policies");
      auto policy = attest::parse_appraisal_policy(file.text);
      if (!policy) return wrong(policy.error().message());
      if (!out->policies_.emplace(file.name, *std::move(policy)).second) return wrong("is there twice");
    } else {
      return wrong(
          "an appraisal policy has a name of a-z, 0-9, `_` and `-`; references.json has reference values, "
          "collateral.json "
          "collateral");
    }
    hash.update(crypto::sha256(as_bytes(file.name)));
    hash.update(crypto::sha256(as_bytes(file.text)));
  }
  out->digest_ = hash.finish();
  return std::shared_ptr<const AttestationFiles>(std::move(out));
}

Result<attest::AppraisalPolicy> AttestationFiles::find_policy(const std::string& name) const {
  const auto found = policies_.find(name);
  if (found == policies_.end()) return Error(Errc::kNotFound, "the bundle has no appraisal policy `" + name + "`");
  return found->second;
}

Result<attest::PeerTerms> AttestationFiles::terms_for(const AcceptedPeer& accepted) const {
  attest::PeerTerms out;
  if (!accepted.policy.empty()) {
    auto policy = find_policy(accepted.policy);
    if (!policy) return policy.error();
    out.policies.push_back(*std::move(policy));
  }
  for (const crypto::Sha256Digest& pin : accepted.pins) out.policies.push_back(attest::pinned_tpm_policy(pin, false));
  out.references = references_;
  out.bundles = accepted.bundles;
  return out;
}

Result<attest::KeyVerifier> AttestationFiles::key_verifier_for(const AcceptedPeer& accepted) const {
  auto policy = find_policy(accepted.policy);
  if (!policy) return policy.error();
  auto made = attest::KeyVerifier::create(
      accepted.form, {.policy = *std::move(policy), .references = references_, .collateral = collateral_});
  if (!made) return made.error().in("`" + accepted.policy + "`");
  return made;
}

Result<> AttestationFiles::check(const AcceptedPeer& accepted) const {
  if (accepted.form == attest::EvidenceForm::kRedoubt) {
    const auto terms = terms_for(accepted);
    return terms ? Result<>() : terms.error();
  }
  const auto verifier = key_verifier_for(accepted);
  return verifier ? Result<>() : verifier.error();
}

record::PeerEvidence evidence_of(const attest::KnownPeer& peer) {
  return {.tier = attest::tier_word(peer),
          .measurer = attest::to_string(peer.measurer),
          .identity = peer.identity,
          .refused = {}};
}

void TermsInForce::use(const std::shared_ptr<const AttestationFiles>& files) {
  const bool same = files == files_ || (files && files_ && files->digest() == files_->digest());
  if (same) return;
  files_ = files;
  ++generation_;
  verifier_.reset();
  key_verifier_.reset();
  if (!files_) return;
  const auto none = [](const Error& why) { log::error("gateway", "no peer is accepted", {{"why", why.message()}}); };
  if (accepted_.form != attest::EvidenceForm::kRedoubt) {
    auto made = files_->key_verifier_for(accepted_);
    if (!made) return none(made.error());
    key_verifier_.emplace(*std::move(made));
    return;
  }
  auto terms = files_->terms_for(accepted_);
  if (!terms) return none(terms.error());
  verifier_.emplace(*std::move(terms), sender_);
}

}  // namespace redoubt::gateway
