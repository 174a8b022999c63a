#include "redoubt/attest/server_guard.h"

#include <algorithm>
#include <utility>

#include "crypto/secret.h"
#include "encoding/base64.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/fetch.h"

namespace redoubt::app::attest_verbs {

namespace {

constexpr std::string_view kPath = "/.well-known/redoubt/attestation";

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

template <std::size_t N>
bool copy_exactly(ByteView bytes, std::array<std::byte, N>& out) {
  if (bytes.size() != N) return false;
  std::ranges::copy(bytes, out.begin());
  return true;
}

}  // namespace

class ServerGuard::EvidenceQuestion final : public net::ConnectionGuard::Question {
 public:
  EvidenceQuestion(ServerGuard& guard, const net::ChannelBinding& seen) : guard_(guard) {
    has_channel_ = copy_exactly(as_bytes(seen.exporter), channel_.exporter) &&
                   copy_exactly(as_bytes(seen.server_key), channel_.leaf);
    attest::EvidenceRequest request;
    crypto::random_bytes(request.nonce);
    channel_.sender = request.sender = attest::Sender::kServer;
    channel_.nonce = request.nonce;
    for (const auto& [name, part] : guard.policy_.parts) {
      if (std::ranges::count(request.kinds, part.kind) == 0) request.kinds.push_back(part.kind);
    }
    if (guard.peer_) lease_ = guard.peer_->lease;
    if (lease_) request.lease = lease_->evidence;
    body_ = attest::write_evidence_request(request);
  }

  std::string_view path() const override { return kPath; }
  std::string_view body() const override { return body_; }
  std::size_t answer_limit() const override { return attest::EvidenceAnswer::kMaxBytes; }
  Result<> judge(int status, std::string_view answer) override {
    if (!has_channel_) return wrong("evidence is bound to a TLS channel: the URL must be https");
    if (status != 200) return reply_error({.status = status, .body = std::string(answer), .headers = {}}, "evidence");
    return lease_ ? guard_.judge_lease(*lease_, channel_, answer) : guard_.judge_evidence(channel_, answer);
  }

 private:
  ServerGuard& guard_;
  attest::Channel channel_{};
  bool has_channel_ = false;
  std::optional<attest::Lease> lease_;  // as it was when this was asked
  std::string body_;
};

ServerGuard::ServerGuard(attest::AppraisalPolicy policy, attest::ReferenceValues references, Now now)
    : policy_(std::move(policy)), references_(std::move(references)), now_(std::move(now)) {}

Result<std::unique_ptr<ServerGuard>> ServerGuard::create(const AcceptedServer& accepted, Now now) {
  auto policy = read_accepted(accepted);
  if (!policy) return policy.error();
  attest::ReferenceValues references;
  if (!accepted.references.file.empty()) {
    auto read = read_references(accepted.references, now());
    if (!read) return read.error();
    references = *std::move(read);
  }
  return std::make_unique<ServerGuard>(*std::move(policy), std::move(references), std::move(now));
}

std::unique_ptr<net::ConnectionGuard::Question> ServerGuard::ask(const net::ChannelBinding& channel) {
  return std::make_unique<EvidenceQuestion>(*this, channel);
}

Result<> ServerGuard::judge_evidence(const attest::Channel& channel, std::string_view answer) {
  auto peer = attest::verify_answer(verifier_, answer, {.channel = channel, .bundle = {}, .at = now_(), .files = {}},
                                    policy_, references_);
  if (!peer && peer.error().code() == Errc::kInvalidArgument) {  // the server's mistake, not the caller's
    return Error(Errc::kVerifyFailed, peer.error().message());
  }
  if (!peer) return peer.error();
  peer_ = *std::move(peer);
  ++verified_;
  return {};
}

// What it continues is forgotten when it does not go on: the next connection is asked for evidence.
Result<> ServerGuard::judge_lease(const attest::Lease& lease, const attest::Channel& channel, std::string_view text) {
  const auto answer = attest::read_answer(text);
  const auto* const proof = answer ? std::get_if<attest::LeaseProof>(&*answer) : nullptr;
  Result<> held = !answer ? Result<>(answer.error())
                  : proof == nullptr
                      ? judge_evidence(channel, text)
                      : attest::check_lease(lease, *proof, channel, {.bundle = lease.bundle, .at = now_()});
  if (!held) {
    peer_.reset();
    return held;
  }
  continued_ += proof == nullptr ? 0 : 1;
  return {};
}

}  // namespace redoubt::app::attest_verbs
