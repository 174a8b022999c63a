#include "gateway/evidence_route.h"

#include <algorithm>
#include <optional>
#include <string>

#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "encoding/base64.h"
#include "gateway/internal/await_desk.h"
#include "gateway/problem.h"
#include "state/bundle.h"

namespace redoubt::gateway {
namespace {

using net::Exchange;
using net::HeaderField;

constexpr std::string_view kJson = "application/json";

template <std::size_t N>
std::optional<std::array<std::byte, N>> exactly(ByteView bytes) {
  if (bytes.size() != N) return std::nullopt;
  std::array<std::byte, N> out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

// What this end sees of the connection; nothing on plain HTTP.
std::optional<attest::Channel> channel_of(const Exchange& exchange, const attest::ChannelNonce& nonce) {
  const net::ChannelBinding& seen = exchange.channel_binding();
  const auto exporter = exactly<std::tuple_size_v<attest::Exporter>>(as_bytes(seen.exporter));
  const auto leaf = exactly<std::tuple_size_v<crypto::Sha256Digest>>(as_bytes(seen.server_key));
  if (!exporter || !leaf) return std::nullopt;
  return attest::Channel{.exporter = *exporter, .sender = attest::Sender::kServer, .leaf = *leaf, .nonce = nonce};
}

std::optional<crypto::Sha256Digest> bundle_digest(const Access& access) {
  const std::string_view name = access.bundle();  // `sha256:` and 64 digits; empty where there is none
  if (!state::is_bundle_digest(name)) return std::nullopt;
  const auto bytes = encoding::hex_decode(name.substr(name.find(':') + 1));
  return bytes ? exactly<std::tuple_size_v<crypto::Sha256Digest>>(*bytes) : std::nullopt;
}

bool is_wanted(const attest::EvidenceRequest& request, const attest::EvidenceAnswer& evidence) {
  return request.kinds.empty() || std::ranges::any_of(evidence.parts, [&](const attest::EvidenceAnswer::Part& part) {
           return std::ranges::count(request.kinds, part.evidence.kind) != 0;
         });
}

net::Task<> reply_json(Exchange& exchange, std::string_view body) {
  const HeaderField fields[] = {{"Cache-Control", "no-store"}};
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = kJson, .headers = fields}, body);
}

}  // namespace

net::Task<> EvidenceRoute::refuse(Exchange& exchange, int status, std::string_view code, std::string_view detail) {
  denials_.add(exchange.peer_address(),
               status >= 500 ? record::DenialReason::kUnavailable : record::DenialReason::kMalformed, status, code);
  const HeaderField allow{"Allow", "POST"};
  const HeaderField later{"Retry-After", "1"};
  const HeaderField* const field = status == 405 ? &allow : status == 503 ? &later : nullptr;
  const std::string body = problem_body(status, detail);
  [[maybe_unused]] const auto sent = co_await exchange.reply(
      {.status = status, .content_type = kProblemType, .headers = std::span(field, field == nullptr ? 0 : 1)}, body);
}

net::Task<bool> EvidenceRoute::handle(Exchange& exchange, const Access* access) {
  const net::RequestHead& head = exchange.request();
  if (head.path != kEvidencePath) co_return false;
  if (head.method != net::Method::kPost) {
    co_await refuse(exchange, 405, "method_not_allowed", "evidence is asked for by POST");
  } else if (exchange.channel_binding().exporter.empty()) {
    co_await refuse(exchange, 400, "no_channel", "evidence is bound to a TLS channel, and this connection has none");
  } else if (access == nullptr) {
    co_await refuse(exchange, 503, "starting", "the policies are not in force, so there is nothing to vouch for");
  } else {
    co_await answer(exchange, *access);
  }
  co_return true;
}

net::Task<> EvidenceRoute::answer(Exchange& exchange, const Access& access) {
  const auto body = co_await exchange.read_body();
  if (!body && body.error().code() != Errc::kTooLarge) co_return;  // the server answers
  if (!body || body->size() > attest::EvidenceRequest::kMaxBytes) {
    co_await refuse(exchange, 413, "request_too_large", "a request for evidence has at most 4096 bytes");
    co_return;
  }
  const auto request = attest::read_evidence_request(*body);
  if (!request) {
    co_await refuse(exchange, 400, "malformed_body", request.error().message());
    co_return;
  }
  const auto channel = channel_of(exchange, request->nonce);
  if (!channel || request->sender != attest::Sender::kServer) {
    co_await refuse(exchange, 400, "no_such_sender", "the server's own evidence is asked for here");
    co_return;
  }
  const attest::Vouched vouched{.lease_key = lease_key_.public_key(), .bundle = bundle_digest(access)};
  if (request->lease && vouched.bundle) {
    const auto proof =
        lease_key_.prove(*channel, *request->lease, *vouched.bundle, {clock_.now().value + kLeaseProofMs});
    co_await reply_json(exchange, attest::write_lease_proof(proof, channel->sender));
    co_return;
  }
  const attest::ReportData binding = attest::channel_binding(*channel, vouched);
  const auto ask = [&](EvidenceDesk::Done done) { desk_.attest(binding, std::move(done)); };
  const auto attested = co_await internal::await_desk<EvidenceDesk::Attested>(ask);
  if (!attested) {
    const bool never = attested.error().code() == Errc::kUnsupported;
    co_await refuse(exchange, never ? 501 : 503, never ? "no_evidence" : "evidence_unavailable",
                    never ? "this server has nothing that attests what it is" : "there is no evidence now");
    co_return;
  }
  if (!is_wanted(*request, *attested->evidence)) {
    co_await refuse(exchange, 406, "no_such_kind", "this server's evidence is of another kind than asked for");
    co_return;
  }
  attest::EvidenceAnswer answer = *attested->evidence;
  answer.sender = channel->sender;
  answer.vouched = vouched;
  answer.place = attested->place;
  const auto text = attest::write_evidence_answer(answer);
  if (!text) {
    co_await refuse(exchange, 503, "evidence_unavailable", "there is no evidence now");
    co_return;
  }
  co_await reply_json(exchange, *text);
}

}  // namespace redoubt::gateway
