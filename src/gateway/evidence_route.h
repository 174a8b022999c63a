// `POST /.well-known/redoubt/attestation`: evidence of this machine, bound to the TLS connection that it is asked for
// on (docs/formats/attestation-exchange.md). Open to everybody: it is asked before anything is entrusted to us. What it
// costs is bounded, since all who wait share a quote; it is counted and not recorded, as it tells nothing of anybody.
#pragma once

#include <string_view>

#include "attest/lease.h"
#include "base/clock.h"
#include "gateway/access.h"
#include "gateway/denial_counter.h"
#include "gateway/evidence_desk.h"
#include "net/exchange.h"

namespace redoubt::gateway {

inline constexpr std::string_view kEvidencePath = "/.well-known/redoubt/attestation";

// What this server vouches for: its lease key, and the bundle in force, if one is.
attest::Vouched vouched_for(const attest::LeaseKey& lease_key, const Access* access);

// One core's.
class EvidenceRoute {
 public:
  // How long a proof that a lease goes on may be used: for the connection that it is given on.
  static constexpr std::int64_t kLeaseProofMs = 60'000;

  // All must outlive the route. `lease_key` is that of all cores: only its const members are used.
  EvidenceRoute(EvidenceDesk& desk, DenialCounter& denials, const attest::LeaseKey& lease_key, const Clock& clock)
      : desk_(desk), denials_(denials), leases_(lease_key), clock_(clock) {}

  // False when the path is another. Errors have the form of RFC 9457. `access`: for the bundle in force; null: none is.
  net::Task<bool> handle(net::Exchange& exchange, const Access* access);

 private:
  net::Task<> answer(net::Exchange& exchange, const Access& access);
  net::Task<> refuse(net::Exchange& exchange, int status, std::string_view code, std::string_view detail);

  EvidenceDesk& desk_;
  DenialCounter& denials_;
  attest::LeaseProver leases_;
  const Clock& clock_;
};

}  // namespace redoubt::gateway
