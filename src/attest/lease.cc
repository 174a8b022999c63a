#include "attest/lease.h"

#include <algorithm>
#include <array>
#include <string>

#include "attest/internal/fields.h"
#include "crypto/kdf.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kLabel = "redoubt attestation lease v1";
constexpr std::string_view kKeyLabel = "redoubt attestation lease key v1";

crypto::Sha256Digest mac_of(const crypto::Secret& shared, const Channel& channel, const crypto::Sha256Digest& evidence,
                            const crypto::Sha256Digest& bundle, UnixMillis expires) {
  std::array<std::byte, 8> time;
  store_be(time, static_cast<std::uint64_t>(expires.value));
  const Bytes fields = join_fields({as_bytes(kLabel), channel.exporter, as_bytes(to_string(channel.sender)),
                                    channel.leaf, channel.nonce, evidence, bundle, time});
  return crypto::hmac_sha256(shared.reveal(), {fields});
}

// Both public keys are in it, so that a secret is of this pair in these parts.
crypto::Secret derive(const crypto::Secret& agreed, const crypto::X25519PublicKey& lease_key,
                      const crypto::X25519PublicKey& asker) {
  return crypto::hkdf({}, agreed.reveal(), join_fields({as_bytes(kKeyLabel), lease_key, asker}), 32);
}

LeaseProof make_proof(const crypto::Secret& shared, const Channel& channel, const crypto::Sha256Digest& evidence,
                      const crypto::Sha256Digest& bundle, UnixMillis expires) {
  return {.evidence = evidence,
          .bundle = bundle,
          .expires = expires,
          .mac = mac_of(shared, channel, evidence, bundle, expires)};
}

Error refused_lease(const char* why) {
  return {Errc::kVerifyFailed, std::string("the lease does not hold: ") + why};
}

}  // namespace

Result<LeaseProof> LeaseKey::prove(const Channel& channel, const crypto::X25519PublicKey& asker,
                                   const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                                   UnixMillis expires) const {
  const auto shared = share(asker);
  if (!shared) return shared.error();
  return make_proof(*shared, channel, evidence, bundle, expires);
}

Result<crypto::Secret> LeaseKey::share(const crypto::X25519PublicKey& asker) const {
  const auto agreed = key_.agree(asker);
  if (!agreed) return agreed.error();
  return derive(*agreed, public_key(), asker);
}

Result<LeaseProof> LeaseProver::prove(const Channel& channel, const crypto::X25519PublicKey& asker,
                                      const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                                      UnixMillis expires) {
  auto known = std::ranges::find(askers_, asker, &Asker::key);
  if (known == askers_.end()) {
    auto shared = key_.share(asker);
    if (!shared) return shared.error();
    if (askers_.size() < kAskersMax) {
      askers_.push_back({asker, *std::move(shared)});
      known = askers_.end() - 1;
    } else {
      known = askers_.begin() + static_cast<std::ptrdiff_t>(next_);
      *known = {asker, *std::move(shared)};
      next_ = (next_ + 1) % kAskersMax;
    }
  }
  return make_proof(known->shared, channel, evidence, bundle, expires);
}

Result<crypto::Secret> AskerKey::share(const crypto::X25519PublicKey& lease_key) const {
  const auto agreed = key_.agree(lease_key);
  if (!agreed) return agreed.error();
  return derive(*agreed, lease_key, public_key());
}

Result<> check_lease(const Lease& lease, const crypto::Secret& shared, const LeaseProof& proof, const Channel& channel,
                     const LeaseTerms& terms) {
  const std::int64_t max_age_ms = std::clamp<std::int64_t>(terms.max_age_ms, 0, LeaseTerms::kMaxAgeMs);
  if (terms.at < lease.verified_at) return refused_lease("the clock is behind the verification");
  if (terms.at.value - lease.verified_at.value > max_age_ms) return refused_lease("the verification is too long ago");
  if (lease.valid_until && terms.at > *lease.valid_until) return refused_lease("what the evidence rests on is over");
  if (channel.sender != lease.sender) return refused_lease("it is of the other end");
  if (channel.leaf != lease.leaf) return refused_lease("the TLS key is another");
  if (proof.evidence != lease.evidence) return refused_lease("the program continues another verification");
  if (proof.bundle != lease.bundle || proof.bundle != terms.bundle) return refused_lease("the bundle is another");
  if (terms.at > proof.expires) return refused_lease("the program's own term is past");
  const auto expected = mac_of(shared, channel, proof.evidence, proof.bundle, proof.expires);
  if (!crypto::equal_constant_time(expected, proof.mac)) return refused_lease("it is not made for this channel");
  return {};
}

}  // namespace redoubt::attest
