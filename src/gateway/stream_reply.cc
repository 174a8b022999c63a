// Replies that are streamed: event by event, as long as the caller may have them.
#include <utility>
#include <vector>

#include "gateway/internal/call.h"
#include "gateway/sse_relay.h"

namespace redoubt::gateway {

using internal::add_fields;
using internal::id_of;
using internal::kContentBlocked;
using internal::kHeldForReview;
using internal::kInspectionFailed;
using internal::kInvalidKey;
using internal::kReleaseDenied;
using net::HeaderField;
using record::Finish;

struct Pipeline::Cut {
  Finish finish;
  std::string_view code;
  std::string_view limit;
  std::string error;          // for the caller
  std::string response = {};  // to an incident, that ends it; there is no limit then
};

// INVARIANT: while its caller is somebody, or nothing is certain, it is never cut off.
class Pipeline::LiveStream {
 public:
  // `call` and `response` must outlive it.
  LiveStream(Pipeline& pipeline, const Call& call, net::ClientResponse& response)
      : pipeline_(pipeline), call_(call), response_(response) {
    pipeline_.live_streams_.insert(this);
    look(pipeline_.recorder_.now());  // another Access may have come since the request was let in
  }
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;
  ~LiveStream() { pipeline_.live_streams_.erase(this); }

  // Wakes what waits for the upstream when the caller is nobody any more.
  void look(UnixMillis now) {
    if (cut_ || !pipeline_.access_) return;
    if (!pipeline_.access_->find_again(*call_.caller, now)) {
      cut_ = cut_of_nobody();
    } else if (auto held = pipeline_.ended_now(call_)) {
      cut_ = cut_of_response(*std::move(held));
    }
    if (cut_) response_.cut_off();
  }
  // Why it ends, when it does.
  const std::optional<Cut>& cut() const { return cut_; }

 private:
  Pipeline& pipeline_;
  const Call& call_;
  net::ClientResponse& response_;
  std::optional<Cut> cut_;
};

void Pipeline::end_streams_of_nobody() {
  const UnixMillis now = recorder_.now();
  for (LiveStream* stream : live_streams_) stream->look(now);
}

Pipeline::Cut Pipeline::cut_of_nobody() {
  return {.finish = Finish::kReleaseDenied,
          .code = kInvalidKey,
          .limit = {},
          .error = error_body("the API key is not valid any more", "invalid_request_error", kInvalidKey)};
}

Pipeline::Cut Pipeline::cut_of_response(incident::Restriction held) {
  const auto [code, message] = internal::held_back_answer(held);
  return {.finish = Finish::kReleaseDenied,
          .code = code,
          .limit = {},
          .error = error_body(message, "permission_error", code),
          .response = std::move(held.response)};
}

bool Pipeline::follow_access(Call& call) {
  const UnixMillis now = recorder_.now();
  // While nothing is certain, it goes on by what was.
  if (access_ != nullptr && access_ != call.newest) {
    call.newest = access_;
    call.newest_caller = access_->find_again(*call.caller, now);
    if (call.newest_caller) call.meter.follow(access_, *call.newest_caller, now);
  }
  return call.newest_caller && !call.newest_caller->key->expired(now);
}

std::string_view Pipeline::pass(Call& call, std::string_view events, std::optional<Cut>& cut) {
  if (!follow_access(call)) {
    cut = cut_of_nobody();
    return {};
  }
  if (auto held = ended_now(call)) {
    cut = cut_of_response(*std::move(held));
    return {};
  }
  const std::string_view passing = call.meter.pass(events, recorder_.now());
  if (passing.size() < events.size()) {
    const limits::Refusal& refusal = call.meter.refusal();
    metrics_.count(refusal);
    cut = Cut{.finish = Finish::kLimitReached,
              .code = refusal.code(),
              .limit = id_of(refusal),
              .error = error_body(refusal.message(), error_type(refusal), refusal.code())};
  }
  return passing;
}

bool Pipeline::waits(const Call& call) {
  return call.due.any_acts() || call.access->release_depends_on_matches();
}

Result<std::string_view> Pipeline::inspect(Call& call, InspectedStream& stream, std::string_view events, bool ended,
                                           std::optional<Cut>& cut) {
  if (auto done = stream.feed(events); !done) return done.error();
  if (ended) {
    if (auto done = stream.finish(); !done) return done.error();
  }
  // What was found may be something that the answer is not released with.
  if (stream.found_new()) {
    if (!released(call, stream.findings())) {
      cut = Cut{.finish = Finish::kReleaseDenied,
                .code = kReleaseDenied,
                .limit = {},
                .error = error_body("no policy permits the rest of the answer to be released", "permission_error",
                                    kReleaseDenied)};
      return std::string_view();
    }
    use_hold(call, internal::kAnswerHold, stream.findings());
    stream.set_actions(call.due, waits(call));
  }
  const std::string_view passing = stream.take();
  if (stream.is_stopped() && stream.findings().strictest(call.due) == ContentAction::kHold) {
    cut = Cut{.finish = Finish::kReleaseDenied, .code = kHeldForReview, .limit = {}, .error = {}};
  } else if (stream.is_stopped()) {
    const std::string message =
        "the answer has content that is not allowed: " + internal::what_is_blocked(stream.findings(), call.due);
    cut = Cut{.finish = Finish::kReleaseDenied,
              .code = kContentBlocked,
              .limit = {},
              .error = error_body(message, "permission_error", kContentBlocked)};
  }
  return passing;
}

net::Task<> Pipeline::reply_stream(Call& call, std::unique_ptr<net::ClientResponse> response) {
  if (!released(call, {})) {
    response.reset();
    co_await withhold(call, {.finish = Finish::kReleaseDenied, .http_status = 403, .error_code = kReleaseDenied},
                      "no policy permits the answer to be released");
    co_return;
  }
  call.newest = call.access;
  call.newest_caller = call.caller;
  SseRelay relay;
  const Inspection& inspection = call.access->inspection();
  AnswerContracts contracts(call.chat, call.body, *inspection.contracts());
  InspectedStream inspected(scanners_, inspection.rules(), reader_, call.placeholders.get(), &contracts,
                            inspection.buffers_streams());
  inspected.set_actions(call.due, waits(call));
  CompletionText completion(recorder_);
  record::Outcome outcome{.finish = Finish::kCompleted};
  const std::string admitted = format_receipt(call.admission->receipt());
  std::vector<HeaderField> fields{
      {"Redoubt-Decision", "permit"}, {"Redoubt-Receipt", admitted}, {"Cache-Control", "no-cache"}};
  const std::vector<limits::Field> rates = call.meter.fields(recorder_.now());
  add_fields(fields, rates);
  std::optional<Cut> cut;
  bool broken = false;     // it cannot be inspected
  bool broke_off = false;  // by the upstream
  auto sent = co_await call.exchange.start_stream(
      {.status = 200, .content_type = "text/event-stream; charset=utf-8", .headers = fields});
  if (sent) outcome.http_status = 200;
  std::optional<LiveStream> live(std::in_place, *this, call, *response);
  while (sent && !cut && !relay.done()) {
    auto piece = co_await response->read_some();
    if (live->cut()) {
      cut = live->cut();
      break;
    }
    std::string_view passing;
    if (piece) {
      auto fed = piece->empty() ? Result<std::string_view>(relay.end()) : relay.feed(*piece);
      if (fed) {
        passing = *fed;
      } else {
        piece = fed.error();
      }
    }
    if (!piece) {
      broke_off = true;
      outcome.finish =
          piece.error().code() == Errc::kDeadlineExceeded ? Finish::kUpstreamTimeout : Finish::kUpstreamFailed;
      outcome.error_code = "upstream_broke_off";
      break;
    }
    if (outcome.response_size + passing.size() > settings_.max_stream_bytes) {
      broke_off = true;
      outcome.finish = Finish::kUpstreamFailed;
      outcome.error_code = "upstream_too_large";
      break;
    }
    auto decided = inspect(call, inspected, passing, piece->empty() || relay.done(), cut);
    if (!decided) {
      const bool malformed = decided.error().code() == Errc::kMalformed;
      outcome.finish = malformed ? Finish::kUpstreamFailed : Finish::kAborted;
      outcome.error_code = malformed ? "upstream_malformed" : kInspectionFailed;
      broken = true;
      break;
    }
    passing = *decided;
    std::optional<Cut> at_limit;
    if (!passing.empty()) passing = pass(call, passing, at_limit);
    if (at_limit) cut = at_limit;  // what lies before comes first
    if (!passing.empty()) {
      completion.add(passing);
      outcome.response_size += passing.size();
      sent = co_await call.exchange.write(passing);
    }
    if (piece->empty() && !cut && !relay.done()) {
      // The upstream ended properly but without the API's end mark: the caller must not take it for complete.
      outcome.finish = Finish::kUpstreamFailed;
      outcome.error_code = "upstream_incomplete";
      break;
    }
  }
  live.reset();
  if (sent && broke_off) {
    // No more comes: what waits is decided, and goes as far as it may.
    auto rest = inspect(call, inspected, {}, true, cut);
    std::optional<Cut> at_limit;
    if (rest && !rest->empty()) *rest = pass(call, *rest, at_limit);
    if (at_limit) cut = at_limit;
    if (rest && !rest->empty()) {
      completion.add(*rest);
      outcome.response_size += rest->size();
      sent = co_await call.exchange.write(*rest);
    }
  }
  call.upstream_time.reset();
  if (sent && !cut && !broken && !broke_off && relay.done()) {
    upstream_.finish(std::move(response));
  } else {
    response.reset();
  }
  if (sent && cut && cut->code == kHeldForReview) {
    const std::string id = co_await place_hold(call, internal::kAnswerHold, inspected.findings());
    cut->error = error_body(internal::held_message("answer", id, inspected.findings(), call.due), "permission_error",
                            kHeldForReview);
  }
  if (cut) {
    outcome.finish = cut->finish;
    outcome.error_code = cut->code;
    outcome.limit = cut->response.empty() ? cut->limit : std::string_view(cut->response);
  }
  if (!sent) {
    outcome.finish = Finish::kClientGone;
    outcome.error_code = "client_gone";
    outcome.limit = {};
  }
  const auto usage = parse_usage(reader_, relay.usage_data());
  if (usage) {
    outcome.prompt_tokens = usage->prompt_tokens;
    outcome.completion_tokens = usage->completion_tokens;
    outcome.total_tokens = usage->total_tokens;
  }
  call.meter.settle(usage ? *usage : TokenUsage{}, recorder_.now());
  const std::vector<record::MatchCount> matches = inspected.findings().counts(inspected.actions());
  outcome.matches = matches;
  outcome.tools = inspected.names().tools_called();
  outcome.data = call.names.data();
  if (model_took_it(outcome)) outcome.rows = call.names.rows();
  outcome.inspected = {.scanned = inspected.scanned_bytes(),
                       .released = inspected.released_bytes(),
                       .withheld = inspected.withheld_bytes(),
                       .held = inspected.most_held_bytes(),
                       .beyond = inspected.held_beyond()};
  const bool complete = outcome.finish == Finish::kCompleted;
  auto receipt = co_await call.admission->close(outcome, &completion);
  // What is not to end properly waits for nothing.
  bool reached = false;
  if (receipt && complete) reached = co_await reach_level(call, *receipt, 0);
  if (!reached && !(sent && receipt && cut)) {
    call.exchange.abort();
    co_return;
  }
  const std::string ending =
      ": redoubt-receipt " + format_receipt(*receipt) + "\n\ndata: " + (cut ? cut->error : "[DONE]") + "\n\n";
  if (auto last = co_await call.exchange.write(ending); !last) co_return;
  [[maybe_unused]] const auto finished = co_await call.exchange.finish();
}

}  // namespace redoubt::gateway
