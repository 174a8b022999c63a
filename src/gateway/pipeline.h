// The request path: identify, inspect, authorise, limit, record, dispatch, inspect, record, reply. One per core.
//
// What goes to a model server and what comes back is inspected (inspected_json.h, inspected_stream.h): policies decide
// by what was found, and their obligations say what is done about it.
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
// it ends with an event that says so in the API's form, in place of the end mark. Whose key is not good any more is
// also looked for when another Access comes, and once a second: a stream on which the model server is silent ends, too.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "crypto/random_pool.h"
#include "encoding/json_reader.h"
#include "gateway/access.h"
#include "gateway/commit_settings.h"
#include "gateway/denial_counter.h"
#include "gateway/evidence_route.h"
#include "gateway/exchange_meter.h"
#include "gateway/hold_desk.h"
#include "gateway/inspected_stream.h"
#include "gateway/ledger_routes.h"
#include "gateway/openai.h"
#include "gateway/recorder.h"
#include "gateway/request_metrics.h"
#include "gateway/scanner_pool.h"
#include "gateway/sealed_route.h"
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
  // The client has an UpstreamGuard: each request is decided on by what its connection's other end has proven.
  bool attested = false;
};

class CallerEvidence;

class Pipeline final : public net::ExchangeHandler {
 public:
  // All must outlive the pipeline. `entities`: the core's. `meters`, `holds`: of all cores. `has_quorum`: of witnesses.
  // Without it, what is to wait for them is denied.
  Pipeline(Recorder& recorder, DenialCounter& denials, net::HttpClient& upstream, LedgerRoutes& ledger_routes,
           identity::EntityCache& entities, limits::Meters& meters, HoldDesk& holds, const UpstreamSettings& settings,
           const CommitSettings& commit, bool has_quorum);

  // From the next request on. Called on the core's thread. Until the first call, and while it is null, everything is
  // refused.
  void set_access(std::shared_ptr<const Access> access);
  // What gives evidence of this machine; without it, nothing does. Must outlive the pipeline.
  void serve_evidence(EvidenceRoute& route) { evidence_route_ = &route; }
  // What opens sealed requests; without it, nothing does. Must outlive the pipeline.
  void serve_sealed(SealedRoute& route) { sealed_route_ = &route; }
  // What callers are asked for; `required`: who has not answered has no request to a model server. Without it, nobody
  // is asked. Must outlive the pipeline.
  void ask_callers(CallerEvidence& callers, bool required) {
    callers_ = &callers;
    callers_required_ = required;
  }
  // On the core's thread, from time to time: ends the streams of callers whose keys have ended.
  void tick(std::chrono::steady_clock::time_point now);
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
  class LiveStream;     // a stream that waits for its upstream, or its caller

  // `received_at`: the path to which the request came, for records. Of what was sealed it is the outer one.
  net::Task<> answer(net::Exchange& exchange, std::string_view received_at);
  net::Task<> answer_inner(net::Exchange& inner);
  net::Task<> relay(net::Exchange& exchange, std::string_view operation, std::string_view received_at);
  net::Task<> dispatch(Call& call);
  // Whether the caller has proven what it must; when not, it has been answered.
  net::Task<bool> check_caller(Call& call);
  // Takes a connection to an attested upstream, so that policies see what is at its other end; when there is none, the
  // caller has been answered.
  net::Task<bool> reserve_upstream(Call& call);
  net::Task<> reply_whole(Call& call, std::unique_ptr<net::ClientResponse> response);
  net::Task<> reply_stream(Call& call, std::unique_ptr<net::ClientResponse> response);
  net::Task<> fail(Call& call, Errc why);
  net::Task<> close_and_reply(Call& call, record::Outcome outcome, std::string_view body, const PassedValues& passed);
  net::Task<bool> reach_level(Call& call, const ledger::Receipt& outcome, int status);
  // Asks the policies; false when they refuse, and then the caller's facts say which did. Then `due` says what is to be
  // done about what was found.
  bool permitted(Call& call, Action action, const Findings& found);
  bool released(Call& call, const Findings& found);
  // Inspects the request, asks the policies and does what they demand about it; false when it was answered by that.
  net::Task<bool> check_request(Call& call);
  // The hold that the caller names (held.cc); false when it is not released, and the caller was told so.
  net::Task<bool> look_at_hold(Call& call);
  // What is due, where the hold that the caller named permits what was found.
  void use_hold(Call& call, std::string_view kind, const Findings& found);
  // What was found, or the request as such, waits for a decision: the hold's id, also in `hold_id`; empty when there
  // is no place for it.
  net::Task<std::string> place_hold(Call& call, std::string_view kind, const Findings& found);
  // The answer stays here; `outcome` says as what, and `error_code` why.
  net::Task<> withhold(Call& call, record::Outcome outcome, std::string_view message);
  net::Task<> refuse_at_limit(Call& call);
  net::Task<> withhold_at_limit(Call& call);
  // Brings a stream to what is in force now; false when its caller is nobody any more.
  bool follow_access(Call& call);
  // Ends the streams whose callers are nobody any more.
  void end_streams_of_nobody();
  static Cut cut_of_nobody();
  // What responses to incidents hold back of this call by `access`.
  incident::Restriction held_back(const Call& call, const Access& access) const;
  // What ends this call now; nothing: none does.
  std::optional<incident::Restriction> ended_now(const Call& call) const;
  // Precondition: it ends what is under way.
  static Cut cut_of_response(incident::Restriction held);
  // Whether responses to incidents let the request go on to the policies; when not, it has been answered.
  net::Task<bool> check_responses(Call& call);
  // Whether the model server took the request, as far as its end tells. What it did not take comes again: callers'
  // programs repeat by themselves what failed, and rows are to be counted once.
  static bool model_took_it(const record::Outcome& outcome);
  // What tools gave, of which rows were counted, becomes data sets of the request.
  static void note_tool_rows(Call& call, inspect::Scanner& scanner);
  // Whether a stream's events wait to be inspected: something may come of what is found.
  static bool waits(const Call& call);
  // What of the answer may go out by what is in it, the end being reached or not; the reason in `cut` when the rest may
  // not. Errors: as InspectedStream::feed().
  Result<std::string_view> inspect(Call& call, InspectedStream& stream, std::string_view events, bool ended,
                                   std::optional<Cut>& cut);
  // How much of it may go out by who gets it and its limits; less than all with the reason in `cut`.
  std::string_view pass(Call& call, std::string_view events, std::optional<Cut>& cut);
  net::Task<> deny(Call& call, record::DenialReason reason, int status, std::string_view message, std::string_view type,
                   std::string_view code);

  Recorder& recorder_;
  DenialCounter& denials_;
  net::HttpClient& upstream_;
  LedgerRoutes& ledger_routes_;
  EvidenceRoute* evidence_route_ = nullptr;
  SealedRoute* sealed_route_ = nullptr;
  CallerEvidence* callers_ = nullptr;
  bool callers_required_ = false;
  identity::EntityCache& entities_;
  KeptRulings rulings_;
  limits::Meters& meters_;
  HoldDesk& holds_;
  const UpstreamSettings& settings_;
  const CommitSettings& commit_;
  const bool has_quorum_;
  std::shared_ptr<const Access> access_;
  bool withdrawn_ = false;                             // there was one, and it is not certain any more
  std::unordered_set<LiveStream*> live_streams_;       // each enters and leaves by itself
  std::chrono::steady_clock::time_point next_look_{};  // at them
  std::size_t held_bytes_ = 0;                         // of whole replies, until they are sent
  RequestMetrics metrics_;
  encoding::JsonReader reader_;  // not used across a suspension
  ScannerPool scanners_;         // likewise, but for those of streams
  crypto::RandomPool random_;
};

}  // namespace redoubt::gateway
