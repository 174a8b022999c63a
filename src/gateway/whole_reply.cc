// Replies that are sent whole: what the model server answered, or why not.
#include <optional>
#include <utility>
#include <vector>

#include "gateway/clean_words.h"
#include "gateway/inspected_json.h"
#include "gateway/internal/call.h"

namespace redoubt::gateway {

using internal::add_fields;
using internal::id_of;
using internal::kContentBlocked;
using internal::kHeldForReview;
using internal::kInspectionFailed;
using internal::kJson;
using internal::kPassedFields;
using internal::kReleaseDenied;
using internal::kUpstreamNotAttested;
using internal::reply_error;
using ledger::CommitLevel;
using net::HeaderField;
using record::Finish;

// One exchange's part of a sum.
class Pipeline::HeldBytes {
 public:
  explicit HeldBytes(std::size_t& sum) : sum_(sum) {}
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { clear(); }
  void add(std::size_t size) {
    mine_ += size;
    sum_ += size;
  }
  void clear() { sum_ -= std::exchange(mine_, 0); }

 private:
  std::size_t& sum_;
  std::size_t mine_ = 0;
};

// The upstream failed before anything was sent to the caller.
net::Task<> Pipeline::fail(Call& call, Errc why) {
  call.upstream_time.reset();
  call.meter.settle(recorder_.now());
  const bool slow = why == Errc::kDeadlineExceeded;
  const bool busy = why == Errc::kResourceExhausted;
  const int status = slow ? 504 : busy ? 503 : 502;
  const std::string_view code = slow   ? "upstream_timeout"
                                : busy ? "overloaded"
                                // Another than the one that was decided on; nothing went to it.
                                : why == Errc::kVerifyFailed ? kUpstreamNotAttested
                                : why == Errc::kMalformed    ? "upstream_malformed"
                                : why == Errc::kTooLarge     ? "upstream_too_large"
                                                             : "upstream_unavailable";
  const std::string body = error_body(slow   ? "the model server took too long"
                                      : busy ? "too many replies are held, so this one was given up"
                                             : "the model server failed",
                                      "api_error", code);
  const PassedValues none;
  co_await close_and_reply(call,
                           {.finish = slow   ? Finish::kUpstreamTimeout
                                      : busy ? Finish::kAborted
                                             : Finish::kUpstreamFailed,
                            .http_status = status,
                            .error_code = code,
                            .response_size = body.size()},
                           body, none);
}

net::Task<> Pipeline::reply_whole(Call& call, std::unique_ptr<net::ClientResponse> response) {
  std::string body;
  HeldBytes held(held_bytes_);
  while (true) {
    auto piece = co_await response->read_some();
    if (!piece) {
      response.reset();
      co_await fail(call, piece.error().code());
      co_return;
    }
    if (piece->empty()) break;
    if (body.size() + piece->size() > settings_.max_reply_bytes) {
      response.reset();
      co_await fail(call, Errc::kTooLarge);
      co_return;
    }
    held.add(piece->size());
    if (held_bytes_ > settings_.max_held_bytes) {
      response.reset();
      body = std::string();
      held.clear();  // before waiting for the outcome, so that others may have it
      co_await fail(call, Errc::kResourceExhausted);
      co_return;
    }
    body += *piece;
  }
  const int status = response->status();
  PassedValues passed;
  for (std::size_t i = 0; i < passed.size(); ++i) passed[i] = response->header(kPassedFields[i]);
  response.reset();  // its connection is free for others while the outcome is recorded
  call.upstream_time.reset();
  auto usage = parse_usage(reader_, body);
  if (!usage || status < 200 || (status >= 300 && status < 400) || status > 599) {
    // Not what the API says: the caller gets an error of the right shape, not the upstream's bytes.
    co_await fail(call, Errc::kMalformed);
    co_return;
  }
  std::optional<InspectedJson> inspected;
  if (call.operation == kChatOperation) {
    const auto& rules = call.access->inspection().rules();
    auto scanner = scanners_.whole(rules);
    AnswerContracts contracts(call.chat, call.body, *call.access->inspection().contracts());
    auto found = scanner ? InspectedJson::inspect(body, **scanner, call.placeholders.get(), &contracts,
                                                  &CleanWords::of(rules, **scanner))
                         : Result<InspectedJson>(scanner.error());
    if (!found) {
      call.meter.settle(*usage, recorder_.now());
      co_await withhold(call, {.finish = Finish::kAborted, .http_status = 503, .error_code = kInspectionFailed},
                        "the answer cannot be inspected, so it is withheld");
      co_return;
    }
    inspected.emplace(*std::move(found));
  }
  const Findings found = inspected ? inspected->findings() : Findings();
  const auto ended = ended_now(call);  // since the request was let in
  const bool is_released = !ended && released(call, found);
  use_hold(call, internal::kAnswerHold, found);
  const std::vector<record::MatchCount> matches = found.counts(call.due);
  record::Outcome outcome{.matches = matches};
  if (inspected) {
    outcome.inspected = {.scanned = inspected->scanned_bytes()};
    outcome.tools = inspected->names().tools_called();
  }
  std::string_view passing = body;
  std::string changed;
  bool is_blocked = false;
  if (is_released && inspected) {
    is_blocked = found.strictest(call.due) >= ContentAction::kHold;
    auto now = is_blocked ? Result<std::string>(std::string()) : inspected->changed(call.due, nullptr);
    is_blocked = is_blocked || !now;
    if (now) changed = *std::move(now);
    if (!changed.empty()) passing = changed;
  }
  const bool within_limits =
      is_released && !is_blocked && call.meter.pass_whole(usage->text_bytes, passing.size(), recorder_.now());
  if (status < 300) {
    call.meter.settle(*usage, recorder_.now());
  } else {
    call.meter.settle(recorder_.now());
  }
  if (!is_released || is_blocked) {
    if (inspected) outcome.inspected->withheld = inspected->scanned_bytes();
    outcome.finish = Finish::kReleaseDenied;
    outcome.http_status = 403;
    outcome.error_code = is_released ? kContentBlocked : kReleaseDenied;
    std::string message = "no policy permits the answer to be released";
    if (ended) {
      const auto [code, why] = internal::held_back_answer(*ended);
      outcome.error_code = code;
      outcome.limit = ended->response;
      message = why;
    } else if (is_released && found.strictest(call.due) == ContentAction::kHold) {
      outcome.error_code = kHeldForReview;
      const std::string id = co_await place_hold(call, internal::kAnswerHold, found);
      message = internal::held_message("answer", id, found, call.due);
    } else if (is_released) {
      message = "the answer has content that is not allowed: " + internal::what_is_blocked(found, call.due);
    }
    co_await withhold(call, outcome, message);
    co_return;
  }
  if (!within_limits) {
    co_await withhold_at_limit(call);
    co_return;
  }
  if (inspected) outcome.inspected->released = inspected->scanned_bytes();
  outcome.finish = Finish::kCompleted;
  outcome.http_status = status;
  outcome.error_code = status >= 400 ? "upstream_error" : "";
  outcome.response_size = passing.size();
  outcome.prompt_tokens = usage->prompt_tokens;
  outcome.completion_tokens = usage->completion_tokens;
  outcome.total_tokens = usage->total_tokens;
  co_await close_and_reply(call, outcome, passing, passed);
}

// Records how it ended, then replies: never the other way round.
net::Task<> Pipeline::close_and_reply(Call& call, record::Outcome outcome, std::string_view body,
                                      const PassedValues& passed) {
  CompletionText completion(recorder_);
  completion.add(body);
  outcome.data = call.names.data();
  if (model_took_it(outcome)) outcome.rows = call.names.rows();
  const int status = outcome.http_status;
  const bool denied = outcome.finish == Finish::kReleaseDenied || outcome.finish == Finish::kLimitReached;
  auto receipt = co_await call.admission->close(outcome, &completion);
  if (!receipt) {
    const std::string admitted = format_receipt(call.admission->receipt());
    const HeaderField fields[] = {{"Redoubt-Receipt", admitted}, {"Retry-After", "1"}};
    co_await reply_error(call.exchange, 503, "the answer cannot be recorded, so it is withheld", "api_error",
                         "ledger_unavailable", fields);
    co_return;
  }
  const std::string receipt_text = format_receipt(*receipt);
  bool reached = true;
  if (call.level != CommitLevel::kDurable) reached = co_await reach_level(call, *receipt, 503);
  if (!reached) {
    const HeaderField fields[] = {
        {"Redoubt-Receipt", receipt_text}, {"Redoubt-Commit", to_string(CommitLevel::kDurable)}, {"Retry-After", "1"}};
    co_await reply_error(call.exchange, 503,
                         "the record of the answer has not come to its commit level, so the answer is withheld",
                         "api_error", kLevelNotReached, fields);
    co_return;
  }
  std::vector<HeaderField> fields{{"Redoubt-Decision", denied ? "deny" : "permit"},
                                  {"Redoubt-Receipt", receipt_text},
                                  {"Redoubt-Commit", to_string(call.level)}};
  if (!call.hold_id.empty()) fields.push_back({"Redoubt-Hold", call.hold_id});
  for (std::size_t i = 0; i < passed.size(); ++i) {
    if (!passed[i].empty()) fields.push_back({kPassedFields[i], passed[i]});
  }
  const std::vector<limits::Field> rates = call.meter.fields(recorder_.now());
  add_fields(fields, rates);
  [[maybe_unused]] const auto sent =
      co_await call.exchange.reply({.status = status, .content_type = kJson, .headers = fields}, body);
}

// Whether the outcome came to the level that the reply waits for. If not, the caller is answered `status` instead.
net::Task<bool> Pipeline::reach_level(Call& call, const ledger::Receipt& outcome, int status) {
  if (call.level == CommitLevel::kDurable) co_return true;
  const auto reached = co_await call.admission->reach(call.level, outcome.index, commit_.timeout, status);
  co_return reached.has_value();
}

// Which models there are is nobody's answer to release.
bool Pipeline::released(Call& call, const Findings& found) {
  if (call.operation != kChatOperation) return true;
  return permitted(call, Action::kRelease, found) && (call.level != CommitLevel::kCosigned || has_quorum_);
}

// What the model answered stays here.
net::Task<> Pipeline::withhold(Call& call, record::Outcome outcome, std::string_view message) {
  call.upstream_time.reset();
  const bool denied = outcome.finish == Finish::kReleaseDenied;
  const std::string body = error_body(message, denied ? "permission_error" : "api_error", outcome.error_code);
  outcome.response_size = body.size();
  const PassedValues none;
  co_await close_and_reply(call, outcome, body, none);
}

// The answer would be more than may go out.
net::Task<> Pipeline::withhold_at_limit(Call& call) {
  const limits::Refusal& refusal = call.meter.refusal();
  metrics_.count(refusal);
  const std::string body = error_body(refusal.message(), error_type(refusal), refusal.code());
  const PassedValues none;
  co_await close_and_reply(call,
                           {.finish = Finish::kLimitReached,
                            .http_status = refusal.status(),
                            .error_code = refusal.code(),
                            .response_size = body.size(),
                            .limit = id_of(refusal)},
                           body, none);
}

}  // namespace redoubt::gateway
