#include "gateway/upstream_guard.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "crypto/x509.h"
#include "gateway/attested_channel.h"
#include "gateway/caller_evidence.h"
#include "gateway/evidence_route.h"
#include "gateway/internal/await_desk.h"

namespace redoubt::gateway {
namespace {

using net::GuardedConnection;

// Of a connection that failed nothing is known; everything else is a refusal.
Error refusal(const Error& why) {
  if (why.code() == Errc::kUnavailable || why.code() == Errc::kDeadlineExceeded) return why;
  return {Errc::kVerifyFailed, why.message()};
}

Error refused(std::string why) {
  return {Errc::kVerifyFailed, std::move(why)};
}

// Why there is no evidence, by the status alone: what a stranger says of it is not for our records.
Error no_evidence(int status) {
  return refused("asked for evidence, the upstream answers with status " + std::to_string(status));
}

}  // namespace

UpstreamGuard::UpstreamGuard(AcceptedPeer accepted, const Clock& clock)
    : clock_(clock), terms_(std::move(accepted), attest::Sender::kServer) {}

void UpstreamGuard::use(const std::shared_ptr<const Access>& access) {
  access_ = access;
  terms_.use(access ? access->attestation() : nullptr);
  *generation_ = terms_.generation();
}

net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> UpstreamGuard::admit(GuardedConnection& connection) {
  auto peer = co_await find_out(connection);
  if (peer && own_) {
    auto shown = co_await show(connection);
    if (!shown) peer = shown.error();
  }
  if (!peer) {
    const Error why = refusal(peer.error());
    counts_.refused += why.code() == Errc::kVerifyFailed ? 1 : 0;
    if (why.code() == Errc::kVerifyFailed && std::exchange(last_refusal_, why.message()) != why.message()) {
      log::warning("gateway", "the upstream is not what it shall be", {{"why", why.message()}});
    }
    co_return why;
  }
  last_refusal_.clear();
  ++(peer->by_lease ? counts_.continued : counts_.verified);
  co_return std::make_shared<const AttestedUpstream>(*std::move(peer), clock_, generation_);
}

net::Task<Result<attest::KnownPeer>> UpstreamGuard::find_out(GuardedConnection& connection) {
  if (terms_.form() != attest::EvidenceForm::kRedoubt) co_return co_await find_out_by_key(connection);
  const auto channel = channel_of(connection.channel_binding(), attest::Sender::kServer, {});
  if (!channel) co_return refused("the connection has no exporter of TLS 1.3 that evidence could be bound to");
  // A lease that does not hold is forgotten, and evidence is asked for on the same connection.
  for (bool again = true;;) {
    attest::PeerVerifier* const verifier = terms_.verifier();
    if (verifier == nullptr) co_return refused("nothing in force says whose evidence is accepted");
    const std::uint64_t generation = terms_.generation();
    const auto question = verifier->ask(channel->exporter, channel->leaf, clock_.now());
    const auto reply = co_await connection.exchange(net::Method::kPost, kEvidencePath, question.body,
                                                    attest::EvidenceAnswer::kMaxBytes);
    if (!reply) co_return reply.error();
    if (reply->status != 200) co_return no_evidence(reply->status);
    // The question was asked by terms that are not in force any more.
    if (generation != terms_.generation()) co_return refused("what is accepted has changed meanwhile");
    auto peer = verifier->judge(question, reply->body, clock_.now());
    if (peer || !question.lease || !std::exchange(again, false)) co_return peer;
  }
}

net::Task<Result<attest::KnownPeer>> UpstreamGuard::find_out_by_key(GuardedConnection& connection) {
  if (connection.channel_binding().exporter.empty()) co_return refused("the connection is not of TLS 1.3");
  const auto leaf = crypto::Certificate::from_der(as_bytes(connection.server_certificate()));
  if (!leaf) co_return refused("the upstream's certificate cannot be read");
  attest::KeyVerifier* const asked = terms_.key_verifier();
  if (asked == nullptr) co_return refused("nothing in force says whose evidence is accepted");
  const std::uint64_t generation = terms_.generation();
  const std::string_view path = asked->form().path();
  std::string document;
  if (!path.empty()) {
    auto reply = co_await connection.exchange(net::Method::kGet, path, {}, attest::KeyEvidenceForm::kMaxDocumentBytes);
    if (!reply) co_return reply.error();
    if (reply->status != 200) co_return no_evidence(reply->status);
    document = std::move(reply->body);
  }
  // What is accepted may have changed meanwhile, and `asked` be gone.
  if (generation != terms_.generation()) co_return refused("what is accepted has changed meanwhile");
  co_return asked->judge(*leaf, document, clock_.now());
}

net::Task<Result<>> UpstreamGuard::show(GuardedConnection& connection) {
  for (bool again = true;;) {
    const auto asked =
        co_await connection.exchange(net::Method::kGet, kCallerEvidencePath, {}, attest::EvidenceRequest::kMaxBytes);
    if (!asked) co_return asked.error();
    if (asked->status != 200) {
      co_return refused("asked what it wants to know of us, the upstream answers with status " +
                        std::to_string(asked->status));
    }
    const auto request = attest::read_evidence_request(asked->body);
    if (!request) co_return request.error();
    if (request->sender != attest::Sender::kClient) co_return refused("the upstream asks us for a server's evidence");
    const auto channel = channel_of(connection.channel_binding(), attest::Sender::kClient, request->nonce);
    if (!channel) co_return refused("the connection has no exporter of TLS 1.3");
    auto own = co_await answer(*channel, request->key);
    if (!own) co_return own.error();
    const auto taken = co_await connection.exchange(net::Method::kPost, kCallerEvidencePath, own->text,
                                                    attest::EvidenceRequest::kMaxBytes);
    if (!taken) co_return taken.error();
    if (taken->status == 200) {
      if (own->evidence) shown_ = {.text = {}, .evidence = own->evidence, .bundle = own->bundle};
      co_return Result<>();
    }
    shown_ = {};  // what follows is evidence
    if (own->evidence || !std::exchange(again, false)) {
      co_return refused("the upstream does not accept our evidence: it answers with status " +
                        std::to_string(taken->status));
    }
  }
}

net::Task<Result<UpstreamGuard::Shown>> UpstreamGuard::answer(const attest::Channel& channel,
                                                              std::optional<crypto::X25519PublicKey> asker) {
  const attest::Vouched vouched = vouched_for(own_->lease_key, access_.get());
  if (asker && shown_.evidence && vouched.bundle && shown_.bundle == vouched.bundle) {
    const UnixMillis expires{clock_.now().value + kLeaseProofMs};
    const auto proof = own_->lease_key.prove(channel, *asker, *shown_.evidence, *vouched.bundle, expires);
    if (!proof) co_return proof.error();
    co_return Shown{.text = attest::write_lease_proof(*proof, channel.sender), .evidence = {}, .bundle = {}};
  }
  const attest::ReportData binding = attest::channel_binding(channel, vouched);
  const auto ask = [&](EvidenceDesk::Done done) { own_->desk.attest(binding, std::move(done)); };
  const auto attested = co_await internal::await_desk<EvidenceDesk::Attested>(ask);
  if (!attested) co_return Error(attested.error().code(), "this server has no evidence of its own to show");
  if (attested->bundle && attested->bundle != vouched.bundle) {
    co_return Error(Errc::kUnavailable, "the bundle in force here is being measured");
  }
  attest::EvidenceAnswer own = *attested->evidence;
  own.sender = channel.sender;
  own.vouched = vouched;
  own.place = attested->place;
  auto text = attest::write_evidence_answer(own);
  if (!text) co_return text.error();
  co_return Shown{.text = *std::move(text), .evidence = attest::evidence_digest(own), .bundle = vouched.bundle};
}

}  // namespace redoubt::gateway
