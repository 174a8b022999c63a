#include "attest/lease.h"

#include <algorithm>
#include <array>
#include <string>

#include "attest/internal/fields.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kLabel = "redoubt attestation lease v1";

Bytes to_be_signed(const Channel& channel, const crypto::Sha256Digest& evidence, const crypto::Sha256Digest& bundle,
                   UnixMillis expires) {
  std::array<std::byte, 8> time;
  store_be(time, static_cast<std::uint64_t>(expires.value));
  return join_fields({as_bytes(kLabel), channel.exporter, as_bytes(to_string(channel.sender)), channel.leaf,
                      channel.nonce, evidence, bundle, time});
}

Error refused(const char* why) {
  return {Errc::kVerifyFailed, std::string("the lease does not hold: ") + why};
}

}  // namespace

LeaseKey LeaseKey::generate() {
  return LeaseKey(crypto::Ed25519PrivateKey::generate());
}

LeaseProof LeaseKey::prove(const Channel& channel, const crypto::Sha256Digest& evidence,
                           const crypto::Sha256Digest& bundle, UnixMillis expires) const {
  return {.evidence = evidence,
          .bundle = bundle,
          .expires = expires,
          .signature = key_.sign(to_be_signed(channel, evidence, bundle, expires))};
}

Result<> check_lease(const Lease& lease, const LeaseProof& proof, const Channel& channel, const LeaseTerms& terms) {
  const std::int64_t max_age_ms = std::clamp<std::int64_t>(terms.max_age_ms, 0, LeaseTerms::kMaxAgeMs);
  if (terms.at < lease.verified_at) return refused("the clock is behind the verification");
  if (terms.at.value - lease.verified_at.value > max_age_ms) return refused("the verification is too long ago");
  if (lease.valid_until && terms.at > *lease.valid_until) return refused("what the evidence rests on is over");
  if (channel.sender != lease.sender) return refused("it is of the other end");
  if (channel.leaf != lease.leaf) return refused("the TLS key is another");
  if (proof.evidence != lease.evidence) return refused("the program continues another verification");
  if (proof.bundle != lease.bundle || proof.bundle != terms.bundle) return refused("the bundle is another");
  if (terms.at > proof.expires) return refused("the program's own term is past");
  if (!crypto::ed25519_verify(lease.key, to_be_signed(channel, proof.evidence, proof.bundle, proof.expires),
                              proof.signature)) {
    return refused("it is not signed for this channel");
  }
  return {};
}

}  // namespace redoubt::attest
