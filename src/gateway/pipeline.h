// The request path: identify, authorise, limit, record, dispatch, record, reply. One per core.
//
// Two decisions for each exchange, both by the Access that it pinned when it came: `invoke` before anything is recorded
// as admitted, `release` on what the model answered, before the first byte of it.
// Order (docs/architecture.md): the admission is durable before a byte goes upstream; the outcome is durable before the
// last byte, or the end mark of a stream, goes to the caller, and at the commit level that its route or policy asks for
// (commit_settings.h). If the ledger cannot commit, the answer is 503 and nothing was forwarded, or the reply ends
// without its end mark.
//
// What is permitted is still limited (exchange_meter.h): before the admission, and while a stream flows. With each
// event a stream is held to the newest Access: when its key or its holder is not good any more, or a limit is reached,
// it ends with an event that says so in the API's form, in place of the end mark.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "encoding/json_reader.h"
#include "gateway/access.h"
#include "gateway/commit_settings.h"
#include "gateway/denial_counter.h"
#include "gateway/exchange_meter.h"
#include "gateway/hold_desk.h"
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
  // All must outlive the pipeline. `entities`: the core's. `meters`, `holds`: of all cores. `has_quorum`: of witnesses.
  // Without it, what is to wait for them is denied.
  Pipeline(Recorder& recorder, DenialCounter& denials, net::HttpClient& upstream, LedgerRoutes& ledger_routes,
           identity::EntityCache& entities, limits::Meters& meters, HoldDesk& holds, const UpstreamSettings& settings,
           const CommitSettings& commit, bool has_quorum);

  // From the next request on. Called on the core's thread. Until the first call, and while it is null, everything is
  // refused.
  void set_access(std::shared_ptr<const Access> access) {
    withdrawn_ = access == nullptr && (withdrawn_ || access_ != nullptr);
    access_ = std::move(access);
  }
  const std::shared_ptr<const Access>& access() const { return access_; }

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
  struct Cut;           // why a stream ends before its end

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
  net::Task<> refuse_at_limit(Call& call);
  net::Task<> withhold_at_limit(Call& call);
  // Brings a stream to what is in force now; false when its caller is nobody any more.
  bool follow_access(Call& call);
  // How much of what came may go out; less than all with the reason in `cut`.
  std::string_view pass(Call& call, std::string_view events, std::optional<Cut>& cut);
  net::Task<> deny(Call& call, record::DenialReason reason, int status, std::string_view message, std::string_view type,
                   std::string_view code);

  Recorder& recorder_;
  DenialCounter& denials_;
  net::HttpClient& upstream_;
  LedgerRoutes& ledger_routes_;
  identity::EntityCache& entities_;
  limits::Meters& meters_;
  HoldDesk& holds_;
  const UpstreamSettings& settings_;
  const CommitSettings& commit_;
  const bool has_quorum_;
  std::shared_ptr<const Access> access_;
  bool withdrawn_ = false;      // there was one, and it is not certain any more
  std::size_t held_bytes_ = 0;  // of whole replies, until they are sent
  RequestMetrics metrics_;
  encoding::JsonReader reader_;  // not used across a suspension
};

}  // namespace redoubt::gateway
