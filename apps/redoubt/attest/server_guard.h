// Asks a Redoubt what it is on each new connection, before it has a request: evidence at first, and for some minutes
// after that a proof by the key of the program that was attested.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attest/peer_verifier.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/connection_guard.h"
#include "redoubt/attest/verbs.h"

namespace redoubt::app::attest_verbs {

class ServerGuard final : public net::ConnectionGuard {
 public:
  // The moment that evidence and leases are judged for.
  using Now = std::function<UnixMillis()>;

  ServerGuard(attest::PeerTerms terms, Now now);

  // What the options say is accepted. Errors: kInvalidArgument, those of files.
  static Result<std::unique_ptr<ServerGuard>> create(const AcceptedServer& accepted, Now now);

  net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> admit(net::GuardedConnection& connection) override;

  // What is accepted.
  const attest::AppraisalPolicy& policy() const { return verifier_.terms().policies.front(); }
  const attest::ReferenceValues& references() const { return verifier_.terms().references; }

  // Of the last evidence that was accepted.
  const std::optional<attest::AttestedPeer>& peer() const { return verifier_.last(); }

 private:
  const Now now_;
  attest::PeerVerifier verifier_;
};

}  // namespace redoubt::app::attest_verbs
