// Evidence of callers: what a caller that runs in a place of its own proves of it on its connection, before it has a
// request there (docs/formats/attestation-exchange.md, the caller's evidence).
//
//   GET  /.well-known/redoubt/attestation/caller    a question of ours: EvidenceRequest, about the `client`
//   POST /.well-known/redoubt/attestation/caller    its answer: evidence, or the proof that a lease goes on
//
// What was found holds for that connection, until it ends or KnownPeer::until. Open to everybody, as the question of
// what this server is; what it costs is bounded: kTriesMax questions a connection, so that whoever wants more judged
// pays for a handshake. Refusals are counted; what was accepted is in the records of what the caller then asks for.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "attest/peer_verifier.h"
#include "base/clock.h"
#include "gateway/access.h"
#include "gateway/attestation_files.h"
#include "gateway/denial_counter.h"
#include "net/exchange.h"

namespace redoubt::gateway {

inline constexpr std::string_view kCallerEvidencePath = "/.well-known/redoubt/attestation/caller";

// One core's.
class CallerEvidence {
 public:
  static constexpr unsigned kTriesMax = 3;  // questions on one connection

  // Both outlive this.
  CallerEvidence(AcceptedPeer accepted, DenialCounter& denials, const Clock& clock);

  // What is in force from now on; what was accepted by other files of evidence is not any more. Null: nothing is.
  void use(const std::shared_ptr<const Access>& access);
  // The connection has ended. Until then it is remembered: as many as the server may have open.
  void forget(const net::ChannelBinding& channel);

  // False when the path is another. Errors have the form of RFC 9457.
  net::Task<bool> handle(net::Exchange& exchange);

  // What the caller on this connection has proven; null when it has not, or not by what is in force now.
  std::shared_ptr<const attest::KnownPeer> find(const net::ChannelBinding& channel) const;

 private:
  struct Connection {
    unsigned tries = 0;
    std::optional<attest::PeerVerifier::Question> question;  // not answered yet
    std::uint64_t generation = 0;                            // of the terms, when it was asked or found
    std::shared_ptr<const attest::KnownPeer> peer;
  };

  net::Task<> ask(net::Exchange& exchange);
  net::Task<> judge(net::Exchange& exchange);
  net::Task<> refuse(net::Exchange& exchange, int status, std::string_view code, std::string_view detail);

  DenialCounter& denials_;
  const Clock& clock_;
  TermsInForce terms_;
  std::unordered_map<std::string, Connection> connections_;  // by exporter; those that have asked
};

}  // namespace redoubt::gateway
