// The pipeline's two ends that can prove what they are: the caller's connection, and the upstream's.
#include <utility>

#include "gateway/caller_evidence.h"
#include "gateway/internal/call.h"
#include "gateway/upstream_guard.h"

namespace redoubt::gateway {

using internal::kUpstreamNotAttested;
using record::DenialReason;

net::Task<bool> Pipeline::check_caller(Call& call) {
  if (callers_ == nullptr) co_return true;
  call.attested_caller = callers_->find(call.exchange.channel_binding());
  if (call.attested_caller) {
    call.facts.caller_evidence = evidence_of(*call.attested_caller);
    co_return true;
  }
  if (!callers_required_) co_return true;
  co_await deny(call, DenialReason::kAuthentication, 403,
                "this connection has not proven what is at its other end: POST evidence to "
                "/.well-known/redoubt/attestation/caller first",
                "permission_error", "attestation_required");
  co_return false;
}

// INVARIANT: what policies see of the upstream is what is at the other end of the connection that the request goes on.
// So it is asked before them, and the connection is kept for this request until it is refused or sent.
net::Task<bool> Pipeline::reserve_upstream(Call& call) {
  if (!settings_.attested) co_return true;
  auto reserved = co_await upstream_.reserve();
  if (reserved) {
    call.upstream_connection = *std::move(reserved);
    call.attested_upstream = call.upstream_connection->peer();
    call.facts.upstream_evidence = evidence_of(static_cast<const AttestedUpstream&>(*call.attested_upstream).peer());
    co_return true;
  }
  const Error& why = reserved.error();
  if (why.code() == Errc::kVerifyFailed) {
    call.upstream_refusal = why.message();
    call.facts.upstream_evidence = {.tier = {}, .measurer = {}, .identity = {}, .refused = call.upstream_refusal};
    co_await deny(call, DenialReason::kUnavailable, 502,
                  "the model server has not proven what it must, so the request was not forwarded", "api_error",
                  kUpstreamNotAttested);
    co_return false;
  }
  const bool slow = why.code() == Errc::kDeadlineExceeded;
  co_await deny(call, DenialReason::kUnavailable, slow ? 504 : 502,
                slow ? "the model server took too long" : "the model server cannot be reached", "api_error",
                slow ? "upstream_timeout" : "upstream_unavailable");
  co_return false;
}

}  // namespace redoubt::gateway
