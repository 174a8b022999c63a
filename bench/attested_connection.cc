// What a new connection costs when its other end must prove what it is: both ends in one thread, over loopback.
//
//   perf stat -e instructions:u bench_attested_connection plain 2000       # TLS 1.3 and one exchange
//   perf stat -e instructions:u bench_attested_connection leased 2000      # the same, after a lease has gone on
//   perf stat -e instructions:u bench_attested_connection evidence 2000    # the same, after evidence was judged
//   perf stat -e instructions:u bench_attested_connection kept 2000        # exchanges on one attested connection
//   perf stat -e instructions:u bench_attested_connection kept-plain 2000  # the same without
//
// The TPM is of nobody's and signs with a P-256 key in memory: what a real one takes for a quote comes on top.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence_message.h"
#include "attest/peer_verifier.h"
#include "attest/tests/support/tpm_machine.h"
#include "base/clock.h"
#include "base/scratch_folder.h"
#include "bench/usage.h"
#include "crypto/certificate.h"
#include "net/connection_guard.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/tls_server.h"

namespace {

using namespace redoubt;
using bench::stop;
using bench::take;

constexpr std::string_view kEvidencePath = "/evidence";

attest::Channel channel_of(const net::ChannelBinding& seen, const attest::ChannelNonce& nonce) {
  attest::Channel out{.exporter = {}, .sender = attest::Sender::kServer, .leaf = {}, .nonce = nonce};
  std::copy_n(as_bytes(seen.exporter).begin(), out.exporter.size(), out.exporter.begin());
  std::copy_n(as_bytes(seen.server_key).begin(), out.leaf.size(), out.leaf.begin());
  return out;
}

// A server that attests what it is, and else says yes.
class Attester final : public net::ExchangeHandler {
 public:
  net::Task<> handle(net::Exchange& exchange) override {
    std::string text = "yes";
    if (exchange.request().path == kEvidencePath) {
      const auto body = co_await exchange.read_body();
      text = answer(*body, exchange.channel_binding());
    }
    const net::ReplyHead head{.status = 200, .content_type = "application/json", .headers = {}};
    [[maybe_unused]] const auto sent = co_await exchange.reply(head, text);
  }

  attest::testing::TpmMachine machine;

 private:
  std::string answer(std::string_view question, const net::ChannelBinding& seen) const {
    const auto request = take(attest::read_evidence_request(question));
    const attest::Channel channel = channel_of(seen, request.nonce);
    if (!request.lease) return machine.answer(channel, {.lease_key = key_.public_key(), .bundle = bundle_});
    const UnixMillis expires{SystemClock().now().value + 60'000};
    return attest::write_lease_proof(key_.prove(channel, *request.lease, bundle_, expires), channel.sender);
  }

  const attest::LeaseKey key_ = attest::LeaseKey::generate();
  const crypto::Sha256Digest bundle_{};
};

class Known final : public net::AdmittedPeer {
 public:
  bool is_same_as(const net::AdmittedPeer&) const override { return true; }
  bool is_current() const override { return true; }
};

class Guard final : public net::ConnectionGuard {
 public:
  Guard(const attest::testing::TpmMachine& machine, bool has_leases) : has_leases_(has_leases) {
    terms_.policies.push_back(attest::pinned_tpm_policy(machine.key(), false));
    verifier_.emplace(terms_, attest::Sender::kServer);
  }
  net::Task<Result<std::shared_ptr<const net::AdmittedPeer>>> admit(net::GuardedConnection& connection) override {
    if (!has_leases_) verifier_.emplace(terms_, attest::Sender::kServer);
    const attest::Channel channel = channel_of(connection.channel_binding(), {});
    const auto question = verifier_->ask(channel.exporter, channel.leaf, clock_.now());
    const auto reply = co_await connection.exchange(net::Method::kPost, kEvidencePath, question.body,
                                                    attest::EvidenceAnswer::kMaxBytes);
    if (!reply) co_return reply.error();
    const auto peer = verifier_->judge(question, reply->body, clock_.now());
    if (!peer) co_return peer.error();
    co_return std::make_shared<const Known>();
  }

 private:
  const bool has_leases_;
  SystemClock clock_;
  attest::PeerTerms terms_;
  std::optional<attest::PeerVerifier> verifier_;
};

net::Task<> exchange(net::HttpClient& client) {
  const net::ClientRequest request{.method = net::Method::kGet, .path = "/", .headers = {}, .body = {}};
  auto reserved = co_await client.reserve();
  if (!reserved) stop(reserved.error().message());
  auto response = co_await client.send(request, *std::move(reserved));
  if (!response) stop(response.error().message());
  while (true) {
    const auto piece = co_await (*response)->read_some();
    if (!piece) stop(piece.error().message());
    if (piece->empty()) break;
  }
}

net::Task<> exchanges(net::HttpClient& client, net::HttpServer& server, net::DeadlineSweep& sweep, int count,
                      bool is_kept) {
  co_await exchange(client);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    if (!is_kept) client.close_idle();
    co_await exchange(client);
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  std::printf("%.1f us each\n", took.count() / count);
  client.cut_off();
  co_await server.drain(std::chrono::seconds(1));
  sweep.stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) stop("usage: bench_attested_connection plain|leased|evidence|kept|kept-plain COUNT");
  const std::string_view kind = argv[1];
  boost::asio::io_context io(1);
  net::DeadlineSweep sweep(io);
  Attester attester;
  auto listener = take(net::bind_tcp("127.0.0.1:0"));
  const std::string port = std::to_string(net::bound_port(listener.get()));
  net::HttpServer server(io, sweep, std::move(listener), {}, attester);
  const auto now = SystemClock().now();
  auto ca_key = crypto::P256PrivateKey::generate();
  const std::string ca = crypto::CertificateAuthority::make_certificate(ca_key, "bench", now);
  const auto authority = take(crypto::CertificateAuthority::create(std::move(ca_key), ca));
  const auto key = crypto::P256PrivateKey::generate();
  const std::vector<std::string> names{"127.0.0.1"};
  const auto der = take(authority.issue(key.public_key(), names, now, std::chrono::hours(1)));
  server.set_tls(take(net::TlsServerContext::create(take(crypto::certificate_to_pem(der)), key.pem())));
  if (auto started = server.start(); !started) stop(started.error().message());
  const ScratchFolder folder = take(ScratchFolder::make());
  net::ClientLimits limits;
  limits.ca_file = folder.path() + "/ca.pem";
  std::FILE* const file = std::fopen(limits.ca_file.c_str(), "w");
  if (file == nullptr || std::fputs(ca.c_str(), file) < 0 || std::fclose(file) != 0) stop("cannot write the anchor");
  net::HttpClient client(io, sweep, take(net::UpstreamUrl::parse("https://127.0.0.1:" + port)), limits);
  Guard guard(attester.machine, kind != "evidence");
  if (kind != "plain" && kind != "kept-plain") client.guard(guard);
  sweep.start();
  const bool is_kept = kind == "kept" || kind == "kept-plain";
  boost::asio::co_spawn(io, exchanges(client, server, sweep, std::atoi(argv[2]), is_kept), boost::asio::detached);
  io.run();
  return 0;
}
