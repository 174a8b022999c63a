// An attested upstream: no connection to it has a request before its evidence, bound to that connection, was accepted;
// where the upstream asks for it, this server's own evidence follows, bound to the same connection
// (docs/formats/attestation-exchange.md). Evidence in a form of others is bound to the key that the upstream has shown
// on that connection (docs/attestation-adapters.md).
//
//   UpstreamGuard guard(accepted, clock);
//   guard.show_own({desk, lease_key});     // mutual mode
//   client.guard(guard);
//   guard.use(*access);                    // whenever what is in force changes
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attest/evidence_message.h"
#include "attest/lease.h"
#include "base/clock.h"
#include "gateway/access.h"
#include "gateway/attestation_files.h"
#include "gateway/evidence_desk.h"
#include "gateway/upstream_counts.h"
#include "net/connection_guard.h"

namespace redoubt::gateway {

// What is known of an upstream; connections to it share it.
class AttestedUpstream final : public net::AdmittedPeer {
 public:
  AttestedUpstream(attest::KnownPeer peer, const Clock& clock, std::shared_ptr<const std::uint64_t> generation)
      : peer_(std::move(peer)), clock_(clock), generation_(std::move(generation)), found_in_(*generation_) {}

  const attest::KnownPeer& peer() const { return peer_; }
  bool is_same_as(const net::AdmittedPeer& other) const override {
    return peer_.is_same_as(static_cast<const AttestedUpstream&>(other).peer_);
  }
  bool is_current() const override { return found_in_ == *generation_ && clock_.now() <= peer_.until; }

 private:
  const attest::KnownPeer peer_;
  const Clock& clock_;
  const std::shared_ptr<const std::uint64_t> generation_;  // of the terms in force
  const std::uint64_t found_in_;
};

// One core's.
class UpstreamGuard final : public net::ConnectionGuard {
 public:
  // This server's own evidence, for upstreams that ask for it. Both outlive the guard.
  struct Own {
    EvidenceDesk& desk;
    const attest::LeaseKey& lease_key;
  };
  // How long a proof that a lease of ours goes on may be used: for the connection that it is given on.
  static constexpr std::int64_t kLeaseProofMs = 60'000;

  // `clock` outlives the guard and what it admits.
  UpstreamGuard(AcceptedPeer accepted, const Clock& clock);
  // In mutual mode; without it no upstream learns anything of this server.
  void show_own(Own own) { own_.emplace(own); }

  // What is in force from the next connection on; connections that were admitted by other files of evidence are not
  // used any more. Null: nothing is, and no connection is admitted.
  void use(const std::shared_ptr<const Access>& access);

  // Errors: kUnavailable and kDeadlineExceeded when the connection fails, or our own keeper does; kVerifyFailed, with
  // the reason in one line of our own words, for everything else.
  net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> admit(net::GuardedConnection& connection) override;

  const UpstreamCounts& counts() const { return counts_; }

 private:
  net::Task<Result<attest::KnownPeer>> find_out(net::GuardedConnection& connection);
  net::Task<Result<attest::KnownPeer>> find_out_by_key(net::GuardedConnection& connection);
  net::Task<Result<>> show(net::GuardedConnection& connection);
  // An answer of ours to the upstream's question; the proof of a lease where it knows us already.
  struct Shown {
    std::string text;
    std::optional<crypto::Sha256Digest> evidence;  // that a lease may continue
    std::optional<crypto::Sha256Digest> bundle;    // that was in force then
  };
  net::Task<Result<Shown>> answer(const attest::Channel& channel, std::optional<crypto::X25519PublicKey> asker);

  const Clock& clock_;
  TermsInForce terms_;
  std::shared_ptr<std::uint64_t> generation_ = std::make_shared<std::uint64_t>(0);
  std::optional<Own> own_;
  std::shared_ptr<const Access> access_;
  Shown shown_;               // that the upstream accepted last, without the text
  std::string last_refusal_;  // so that the log has it once
  UpstreamCounts counts_;
};

}  // namespace redoubt::gateway
