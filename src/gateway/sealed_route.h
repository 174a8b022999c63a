// Requests whose bodies are sealed to a key of this process (docs/formats/sealed-bodies.md), for callers whose TLS ends
// at somebody else's balancer:
//
//   GET  /.well-known/ohttp-gateway          the key, as Oblivious HTTP has it (RFC 9458 §3.2, RFC 9540)
//   POST /.well-known/redoubt/sealed-key     evidence that vouches for it (attest/sealed_key.h)
//   POST /.well-known/ohttp-gateway          a sealed request to the API
//
// What is opened goes the way of every request; who calls, what for and with what is inside. No request is served
// twice. What is refused before it is opened is told in the clear (RFC 9457), all else sealed.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "gateway/access.h"
#include "gateway/denial_counter.h"
#include "gateway/evidence_desk.h"
#include "gateway/recorder.h"
#include "gateway/sealing_keys.h"
#include "gateway/seen_requests.h"
#include "net/exchange.h"

namespace redoubt::gateway {

inline constexpr std::string_view kSealedPath = "/.well-known/ohttp-gateway";

// What all cores share.
struct SealedBodies {
  SealingKeys keys;
  SeenRequests seen;
};

// One core's.
class SealedRoute {
 public:
  // Serves the exchange inside.
  using Serve = std::function<net::Task<>(net::Exchange& inner)>;

  // All must outlive the route.
  SealedRoute(EvidenceDesk& desk, DenialCounter& denials, SealedBodies& shared, const Recorder& recorder)
      : desk_(desk), denials_(denials), shared_(shared), recorder_(recorder) {}

  // What comes to kSealedPath. Returns the status that this route answered itself; 0: `serve` has. `access`: for who is
  // calling; null: nothing is in force, which `serve` says.
  net::Task<int> handle(net::Exchange& exchange, const Access* access, const Serve& serve);
  // False when the path is not attest::kSealedKeyPath. `access`: for the bundle in force; null: none is.
  net::Task<bool> handle_key(net::Exchange& exchange, const Access* access);

 private:
  struct Problem;

  net::Task<int> show_key(net::Exchange& exchange);
  net::Task<int> open(net::Exchange& exchange, const Access* access, const Serve& serve);
  net::Task<> answer_key(net::Exchange& exchange, const Access& access);
  net::Task<int> refuse(net::Exchange& exchange, const Problem& problem);

  EvidenceDesk& desk_;
  DenialCounter& denials_;
  SealedBodies& shared_;
  const Recorder& recorder_;
};

}  // namespace redoubt::gateway
