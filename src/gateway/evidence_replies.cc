#include "gateway/internal/evidence_replies.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "encoding/base64.h"
#include "gateway/internal/await_desk.h"
#include "gateway/problem.h"
#include "state/bundle.h"

namespace redoubt::gateway::internal {

using net::Exchange;
using net::HeaderField;

std::optional<crypto::Sha256Digest> bundle_digest(const Access& access) {
  const std::string_view name = access.bundle();  // `sha256:` and 64 digits; empty where there is none
  if (!state::is_bundle_digest(name)) return std::nullopt;
  const auto bytes = encoding::hex_decode(name.substr(name.find(':') + 1));
  crypto::Sha256Digest out;
  if (!bytes || bytes->size() != out.size()) return std::nullopt;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

net::Task<> reply_evidence(Exchange& exchange, std::string_view json) {
  const HeaderField fields[] = {{"Cache-Control", "no-store"}};
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = "application/json", .headers = fields}, json);
}

net::Task<> refuse_evidence(Exchange& exchange, DenialCounter& denials, int status, std::string_view code,
                            std::string_view detail) {
  denials.add(exchange.peer_address(),
              status >= 500 ? record::DenialReason::kUnavailable : record::DenialReason::kMalformed, status, code);
  const HeaderField allow{"Allow", "POST"};
  const HeaderField later{"Retry-After", "1"};
  const HeaderField* const field = status == 405 ? &allow : status == 503 ? &later : nullptr;
  const std::string body = problem_body(status, detail);
  [[maybe_unused]] const auto sent = co_await exchange.reply(
      {.status = status, .content_type = kProblemType, .headers = std::span(field, field == nullptr ? 0 : 1)}, body);
}

net::Task<std::optional<attest::EvidenceRequest>> read_question(Exchange& exchange, DenialCounter& denials) {
  const auto body = co_await exchange.read_body();
  if (!body && body.error().code() != Errc::kTooLarge) co_return std::nullopt;  // the server answers
  if (!body || body->size() > attest::EvidenceRequest::kMaxBytes) {
    co_await refuse_evidence(exchange, denials, 413, "request_too_large",
                             "a request for evidence has at most 4096 bytes");
    co_return std::nullopt;
  }
  auto request = attest::read_evidence_request(*body);
  if (!request) {
    co_await refuse_evidence(exchange, denials, 400, "malformed_body", request.error().message());
    co_return std::nullopt;
  }
  co_return *std::move(request);
}

net::Task<std::optional<EvidenceDesk::Attested>> quote_over(Exchange& exchange, DenialCounter& denials,
                                                            EvidenceDesk& desk, const attest::EvidenceRequest& request,
                                                            const attest::ReportData& binding,
                                                            const std::optional<crypto::Sha256Digest>& bundle) {
  const auto ask = [&](EvidenceDesk::Done done) { desk.attest(binding, std::move(done)); };
  auto attested = co_await await_desk<EvidenceDesk::Attested>(ask);
  if (!attested) {
    const bool never = attested.error().code() == Errc::kUnsupported;
    co_await refuse_evidence(exchange, denials, never ? 501 : 503, never ? "no_evidence" : "evidence_unavailable",
                             never ? "this server has nothing that attests what it is" : "there is no evidence now");
    co_return std::nullopt;
  }
  // A bundle has come into force meanwhile, and was not measured yet, or was and is not known here: whoever judged it
  // would refuse.
  if (attested->bundle && attested->bundle != bundle) {
    co_await refuse_evidence(exchange, denials, 503, "evidence_unavailable", "the bundle in force is being measured");
    co_return std::nullopt;
  }
  const bool wanted = request.kinds.empty() || std::ranges::any_of(attested->evidence->parts, [&](const auto& part) {
                        return std::ranges::count(request.kinds, part.evidence.kind) != 0;
                      });
  if (!wanted) {
    co_await refuse_evidence(exchange, denials, 406, "no_such_kind",
                             "this server's evidence is of another kind than asked for");
    co_return std::nullopt;
  }
  co_return *std::move(attested);
}

}  // namespace redoubt::gateway::internal
