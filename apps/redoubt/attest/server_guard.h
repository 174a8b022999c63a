// Asks a Redoubt what it is on each new connection, before it has a request: evidence at first, and for some minutes
// after that a signature of the program that was attested.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attest/verify_answer.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/connection_guard.h"
#include "redoubt/attest/verbs.h"

namespace redoubt::app::attest_verbs {

class ServerGuard final : public net::ConnectionGuard {
 public:
  // The moment that evidence and leases are judged for.
  using Now = std::function<UnixMillis()>;

  ServerGuard(attest::AppraisalPolicy policy, attest::ReferenceValues references, Now now);

  // What the options say is accepted. Errors: kInvalidArgument, those of files.
  static Result<std::unique_ptr<ServerGuard>> create(const AcceptedServer& accepted, Now now);

  std::unique_ptr<Question> ask(const net::ChannelBinding& channel) override;

  // What is accepted.
  const attest::AppraisalPolicy& policy() const { return policy_; }
  const attest::ReferenceValues& references() const { return references_; }

  // Of the last evidence that was accepted.
  const std::optional<attest::AttestedPeer>& peer() const { return peer_; }
  // How often evidence, and how often a signature, was accepted.
  std::uint64_t verified() const { return verified_; }
  std::uint64_t continued() const { return continued_; }

 private:
  class EvidenceQuestion;

  Result<> judge_evidence(const attest::Channel& channel, std::string_view answer);
  Result<> judge_lease(const attest::Lease& lease, const attest::Channel& channel, std::string_view answer);

  const attest::AppraisalPolicy policy_;
  const attest::ReferenceValues references_;
  const Now now_;
  attest::Verifier verifier_;
  std::optional<attest::AttestedPeer> peer_;
  std::uint64_t verified_ = 0;
  std::uint64_t continued_ = 0;
};

}  // namespace redoubt::app::attest_verbs
