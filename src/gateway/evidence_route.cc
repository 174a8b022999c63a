#include "gateway/evidence_route.h"

#include <optional>
#include <string>

#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "gateway/attested_channel.h"
#include "gateway/internal/evidence_replies.h"

namespace redoubt::gateway {

using net::Exchange;

attest::Vouched vouched_for(const attest::LeaseKey& lease_key, const Access* access) {
  return {.lease_key = lease_key.public_key(),
          .bundle = access == nullptr ? std::nullopt : internal::bundle_digest(*access)};
}

net::Task<> EvidenceRoute::refuse(Exchange& exchange, int status, std::string_view code, std::string_view detail) {
  return internal::refuse_evidence(exchange, denials_, status, code, detail);
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
  const auto request = co_await internal::read_question(exchange, denials_);
  if (!request) co_return;
  const auto channel = channel_of(exchange.channel_binding(), attest::Sender::kServer, request->nonce);
  if (!channel || request->sender != attest::Sender::kServer) {
    co_await refuse(exchange, 400, "no_such_sender", "the server's own evidence is asked for here");
    co_return;
  }
  const attest::Vouched vouched = vouched_for(leases_.key(), &access);
  if (request->lease && vouched.bundle) {
    const auto proof =
        leases_.prove(*channel, *request->key, *request->lease, *vouched.bundle, {clock_.now().value + kLeaseProofMs});
    if (!proof) {
      co_await refuse(exchange, 400, "malformed_body", proof.error().message());
      co_return;
    }
    const std::string text = attest::write_lease_proof(*proof, channel->sender);
    co_await internal::reply_evidence(exchange, text);
    co_return;
  }
  const attest::ReportData binding = attest::channel_binding(*channel, vouched);
  const auto attested = co_await internal::quote_over(exchange, denials_, desk_, *request, binding, vouched.bundle);
  if (!attested) co_return;
  attest::EvidenceAnswer answer = *attested->evidence;
  answer.sender = channel->sender;
  answer.vouched = vouched;
  answer.place = attested->place;
  const auto text = attest::write_evidence_answer(answer);
  if (!text) {
    co_await refuse(exchange, 503, "evidence_unavailable", "there is no evidence now");
    co_return;
  }
  co_await internal::reply_evidence(exchange, *text);
}

}  // namespace redoubt::gateway
