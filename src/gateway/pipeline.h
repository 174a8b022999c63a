// The request path: identify, authorise, record, dispatch, record, reply. One per core.
//
// Two decisions for each exchange, both by the Access that it pinned when it came: `invoke` before anything is recorded
// as admitted, `release` on what the model answered, before the first byte of it.
// Order (docs/architecture.md): the admission is durable before a byte goes upstream; the outcome is durable before the
// last byte, or the end mark of a stream, goes to the caller, and at the commit level that its route or policy asks for
// (commit_settings.h). If the ledger cannot commit, the answer is 503 and nothing was forwarded, or the reply ends
// without its end mark.
#pragma once

#include <memory>
#include <string>

#include "encoding/json_reader.h"
#include "gateway/access.h"
#include "gateway/commit_settings.h"
#include "gateway/denial_counter.h"
#include "gateway/ledger_routes.h"
#include "gateway/openai.h"
#include "gateway/recorder.h"
#include "gateway/request_metrics.h"
#include "net/exchange.h"
#include "net/http_client.h"

namespace redoubt::gateway {

struct UpstreamSettings {
  std::string name = "default";                           // ours, for the records
  std::string provider;                                   // who serves the models; for the records
  std::string authorization;                              // the `Authorization` field sent to it; empty for none
  std::size_t max_reply_bytes = 16 * 1024 * 1024;         // of a whole reply
  std::uint64_t max_stream_bytes = 256ULL * 1024 * 1024;  // of a streamed one
  std::size_t max_held_bytes = 256 * 1024 * 1024;         // of whole replies together, per core
};

class Pipeline final : public net::ExchangeHandler {
 public:
  // All must outlive the pipeline. `has_quorum`: of witnesses. Without it, what is to wait for them is denied.
  Pipeline(Recorder& recorder, DenialCounter& denials, net::HttpClient& upstream, LedgerRoutes& ledger_routes,
           const UpstreamSettings& settings, const CommitSettings& commit, bool has_quorum);

  // From the next request on. Called on the core's thread. Until the first call everything is refused.
  void set_access(std::shared_ptr<const Access> access) { access_ = std::move(access); }

  net::Task<> handle(net::Exchange& exchange) override;
  // What the server refuses by itself is counted as a denial, and told in the form of the API that the path speaks.
  net::RefusalReply refused(std::string_view peer_address, std::string_view path, const net::Refusal& refusal) override;

  // What this core has answered so far.
  const RequestMetrics& metrics() const { return metrics_; }

 private:
  class HeldBytes;
  class UpstreamTime;
  struct Call;          // one authenticated request to a model server
  struct PassedValues;  // of the reply's fields that the caller gets

  net::Task<> answer(net::Exchange& exchange);
  net::Task<> relay(net::Exchange& exchange, std::string_view operation);
  net::Task<> dispatch(Call& call);
  net::Task<> reply_whole(Call& call, std::unique_ptr<net::ClientResponse> response);
  net::Task<> reply_stream(Call& call, std::unique_ptr<net::ClientResponse> response);
  net::Task<> fail(Call& call, Errc why);
  net::Task<> close_and_reply(Call& call, record::Outcome outcome, std::string_view body, const PassedValues& passed);
  net::Task<bool> reach_level(Call& call, const ledger::Receipt& outcome, int status);
  // Asks the policies; false when they refuse, and then the caller's facts say which did.
  bool permitted(Call& call, Action action);
  bool released(Call& call);
  net::Task<> withhold(Call& call);
  net::Task<> deny(Call& call, record::DenialReason reason, int status, std::string_view message, std::string_view type,
                   std::string_view code);

  Recorder& recorder_;
  DenialCounter& denials_;
  net::HttpClient& upstream_;
  LedgerRoutes& ledger_routes_;
  const UpstreamSettings& settings_;
  const CommitSettings& commit_;
  const bool has_quorum_;
  std::shared_ptr<const Access> access_;
  std::size_t held_bytes_ = 0;  // of whole replies, until they are sent
  RequestMetrics metrics_;
  encoding::JsonReader reader_;  // not used across a suspension
};

}  // namespace redoubt::gateway
