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

class Server final : public net::AdmittedPeer {
 public:
  Server(attest::KnownPeer peer, const ServerGuard::Now& now) : peer_(std::move(peer)), now_(now) {}
  bool is_same_as(const net::AdmittedPeer& other) const override {
    return peer_.is_same_as(static_cast<const Server&>(other).peer_);
  }
  bool is_current() const override { return now_() <= peer_.until; }

 private:
  const attest::KnownPeer peer_;
  const ServerGuard::Now& now_;  // of the guard, which outlives it
};

}  // namespace

ServerGuard::ServerGuard(attest::PeerTerms terms, Now now)
    : now_(std::move(now)), verifier_(std::move(terms), attest::Sender::kServer) {}

Result<std::unique_ptr<ServerGuard>> ServerGuard::create(const AcceptedServer& accepted, Now now) {
  auto policy = read_accepted(accepted);
  if (!policy) return policy.error();
  attest::PeerTerms terms;
  terms.policies.push_back(*std::move(policy));
  if (!accepted.references.file.empty()) {
    auto read = read_references(accepted.references, now());
    if (!read) return read.error();
    terms.references = *std::move(read);
  }
  return std::make_unique<ServerGuard>(std::move(terms), std::move(now));
}

net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> ServerGuard::admit(net::GuardedConnection& connection) {
  attest::Exporter exporter;
  crypto::Sha256Digest leaf;
  const net::ChannelBinding& seen = connection.channel_binding();
  if (!copy_exactly(as_bytes(seen.exporter), exporter) || !copy_exactly(as_bytes(seen.server_key), leaf)) {
    co_return wrong("evidence is bound to a channel of TLS 1.3: the URL must be https");
  }
  // A lease that does not hold is forgotten, and evidence is asked for on the same connection.
  for (bool again = true;;) {
    const auto question = verifier_.ask(exporter, leaf, now_());
    const auto reply =
        co_await connection.exchange(net::Method::kPost, kPath, question.body, attest::EvidenceAnswer::kMaxBytes);
    if (!reply) co_return reply.error();
    if (reply->status != 200) {
      const Reply told{.status = reply->status, .body = reply->body, .headers = {}};
      co_return reply_error(told, "evidence");
    }
    auto peer = verifier_.judge(question, reply->body, now_());
    if (peer) co_return std::make_shared<const Server>(*std::move(peer), now_);
    if (!question.lease || !std::exchange(again, false)) co_return peer.error();
  }
}

}  // namespace redoubt::app::attest_verbs
