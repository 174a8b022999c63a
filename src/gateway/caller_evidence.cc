#include "gateway/caller_evidence.h"

#include <utility>

#include "attest/evidence_message.h"
#include "encoding/json_writer.h"
#include "gateway/attested_channel.h"
#include "gateway/problem.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kJson = "application/json";

net::Task<> reply_json(net::Exchange& exchange, std::string body) {
  const net::HeaderField fields[] = {{"Cache-Control", "no-store"}};
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = kJson, .headers = fields}, body);
}

}  // namespace

CallerEvidence::CallerEvidence(AcceptedPeer accepted, DenialCounter& denials, const Clock& clock)
    : denials_(denials), clock_(clock), terms_(std::move(accepted), attest::Sender::kClient) {}

void CallerEvidence::use(const std::shared_ptr<const Access>& access) {
  terms_.use(access ? access->attestation() : nullptr);
}

void CallerEvidence::forget(const net::ChannelBinding& channel) {
  connections_.erase(channel.exporter);
}

std::shared_ptr<const attest::KnownPeer> CallerEvidence::find(const net::ChannelBinding& channel) const {
  const auto found = connections_.find(channel.exporter);
  if (found == connections_.end() || !found->second.peer) return nullptr;
  const Connection& connection = found->second;
  const bool holds = connection.generation == terms_.generation() && clock_.now() <= connection.peer->until;
  return holds ? connection.peer : nullptr;
}

net::Task<> CallerEvidence::refuse(net::Exchange& exchange, int status, std::string_view code,
                                   std::string_view detail) {
  denials_.add(exchange.peer_address(),
               status == 403  ? record::DenialReason::kAuthentication
               : status < 500 ? record::DenialReason::kMalformed
                              : record::DenialReason::kUnavailable,
               status, code);
  const net::HeaderField allow{"Allow", "GET, POST"};
  const std::string body = problem_body(status, detail);
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = status,
                               .content_type = kProblemType,
                               .headers = std::span(&allow, status == 405 ? std::size_t{1} : 0)},
                              body);
}

net::Task<bool> CallerEvidence::handle(net::Exchange& exchange) {
  const net::RequestHead& head = exchange.request();
  if (head.path != kCallerEvidencePath) co_return false;
  if (exchange.channel_binding().exporter.empty()) {
    co_await refuse(exchange, 400, "no_channel", "evidence is bound to a TLS channel, and this connection has none");
  } else if (terms_.verifier() == nullptr) {
    co_await refuse(exchange, 503, "starting", "nothing in force says whose evidence is accepted");
  } else if (head.method == net::Method::kGet) {
    co_await ask(exchange);
  } else if (head.method == net::Method::kPost) {
    co_await judge(exchange);
  } else {
    co_await refuse(exchange, 405, "method_not_allowed", "a question is got, and its answer posted");
  }
  co_return true;
}

net::Task<> CallerEvidence::ask(net::Exchange& exchange) {
  const net::ChannelBinding& seen = exchange.channel_binding();
  const auto channel = channel_of(seen, attest::Sender::kClient, {});
  Connection& connection = connections_[seen.exporter];
  if (!channel || connection.tries == kTriesMax) {
    co_await refuse(exchange, 403, "attestation_refused", "this connection was asked often enough");
    co_return;
  }
  ++connection.tries;
  connection.peer = nullptr;
  connection.generation = terms_.generation();
  connection.question = terms_.verifier()->ask(channel->exporter, channel->leaf, clock_.now());
  co_await reply_json(exchange, connection.question->body);
}

net::Task<> CallerEvidence::judge(net::Exchange& exchange) {
  const auto body = co_await exchange.read_body();
  if (!body && body.error().code() != Errc::kTooLarge) co_return;  // the server answers
  if (!body || body->size() > attest::EvidenceAnswer::kMaxBytes) {
    co_await refuse(exchange, 413, "request_too_large", "an answer has at most 1 MiB");
    co_return;
  }
  const auto found = connections_.find(exchange.channel_binding().exporter);
  const bool was_asked = found != connections_.end() && found->second.question.has_value();
  if (!was_asked || found->second.generation != terms_.generation() || terms_.verifier() == nullptr) {
    co_await refuse(exchange, 403, "attestation_refused", "there is no question that this would answer");
    co_return;
  }
  // A question is answered once.
  Connection& connection = found->second;
  const attest::PeerVerifier::Question question = *std::exchange(connection.question, std::nullopt);
  auto peer = terms_.verifier()->judge(question, *body, clock_.now());
  if (!peer) {
    co_await refuse(exchange, 403, "attestation_refused", peer.error().message());
    co_return;
  }
  connection.peer = std::make_shared<const attest::KnownPeer>(*std::move(peer));
  std::string said;
  encoding::JsonWriter json(said);
  json.begin_object();
  json.member("protocol", attest::kExchangeProtocol);
  json.member("sender", attest::to_string(attest::Sender::kClient));
  json.member("tier", attest::to_string(connection.peer->tier));
  json.end_object();
  co_await reply_json(exchange, std::move(said));
}

}  // namespace redoubt::gateway
