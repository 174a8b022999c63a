#include "gateway/pipeline.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "gateway/problem.h"
#include "gateway/sse_relay.h"

namespace redoubt::gateway {
namespace {

using ledger::CommitLevel;
using net::Exchange;
using net::HeaderField;
using record::DenialReason;
using record::Finish;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kAuthorizer = "cedar";  // in records
constexpr std::string_view kReleaseDenied = "release_denied";

// What the caller says that it wants the answer for.
constexpr std::string_view kPurposeField = "redoubt-purpose";
constexpr std::size_t kMaxPurpose = 128;

bool is_purpose(std::string_view text) {
  return text.size() <= kMaxPurpose &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What the reader of JSON takes at least. Bodies come bounded by net::ServerLimits, whose limit is never above this.
constexpr std::size_t kMaxBodyBytes = 64 * 1024 * 1024;

// Fields of the upstream's reply that the caller gets; all others stay behind.
constexpr std::array<std::string_view, 2> kPassedFields = {"retry-after", "x-request-id"};

std::string_view upstream_path(std::string_view operation) {
  return operation == kChatOperation ? "/v1/chat/completions" : "/v1/models";
}

net::Task<> reply_error(Exchange& exchange, int status, std::string_view message, std::string_view type,
                        std::string_view code, std::span<const HeaderField> headers = {}) {
  const std::string body = error_body(message, type, code);
  // A caller that has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = status, .content_type = kJson, .headers = headers}, body);
}

// Refused for want of something that comes back soon.
net::Task<> reply_busy(Exchange& exchange, std::string_view message, std::string_view code) {
  const HeaderField fields[] = {{"Redoubt-Decision", "deny"}, {"Retry-After", "1"}};
  co_await reply_error(exchange, 503, message, "api_error", code, fields);
}

bool is_event_stream(const net::ClientResponse& response) {
  return response.header("content-type").starts_with("text/event-stream");
}

}  // namespace

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

// Counts how long the upstream had the request.
class Pipeline::UpstreamTime {
 public:
  UpstreamTime(RequestMetrics& metrics, const Clock& clock)
      : metrics_(metrics), clock_(clock), began_(clock.steady()) {}
  UpstreamTime(const UpstreamTime&) = delete;
  UpstreamTime& operator=(const UpstreamTime&) = delete;
  ~UpstreamTime() { metrics_.upstream_duration.observe(clock_.steady() - began_); }

 private:
  RequestMetrics& metrics_;
  const Clock& clock_;
  const std::chrono::steady_clock::time_point began_;
};

struct Pipeline::PassedValues : std::array<std::string, kPassedFields.size()> {};

struct Pipeline::Call {
  Exchange& exchange;
  std::shared_ptr<const Access> access;  // pinned: it decides, and facts point into it
  const ApiKey* principal = nullptr;
  const Log* log = nullptr;  // the principal's
  std::string_view operation;
  std::string_view body;
  ChatRequest chat;
  std::string_view purpose;
  std::string policies;  // the determining ones of the last decision; facts point into it
  record::ExchangeFacts facts;
  CommitLevel level = CommitLevel::kDurable;                 // that the reply waits for
  std::optional<Admission> admission;                        // once there is one; it refers to what is above
  std::optional<UpstreamTime> upstream_time = std::nullopt;  // while the upstream is at work
};

Pipeline::Pipeline(Recorder& recorder, DenialCounter& denials, net::HttpClient& upstream, LedgerRoutes& ledger_routes,
                   const UpstreamSettings& settings, const CommitSettings& commit, bool has_quorum)
    : recorder_(recorder),
      denials_(denials),
      upstream_(upstream),
      ledger_routes_(ledger_routes),
      settings_(settings),
      commit_(commit),
      has_quorum_(has_quorum),
      reader_({.max_bytes = std::max(settings.max_reply_bytes, kMaxBodyBytes)}) {}

net::Task<> Pipeline::handle(Exchange& exchange) {
  MeteredExchange metered(metrics_, exchange, recorder_.clock());
  co_await answer(metered);
}

net::Task<> Pipeline::answer(Exchange& exchange) {
  const net::RequestHead& head = exchange.request();
  if (head.path == "/v1/chat/completions" || head.path == "/v1/models") {
    const bool chat = head.path == "/v1/chat/completions";
    const net::Method expected = chat ? net::Method::kPost : net::Method::kGet;
    if (head.method == expected) {
      co_await relay(exchange, chat ? kChatOperation : kModelsOperation);
      co_return;
    }
    const HeaderField allow[] = {{"Allow", chat ? "POST" : "GET"}};
    denials_.add(exchange.peer_address(), DenialReason::kMalformed, 405, "method_not_allowed");
    co_await reply_error(exchange, 405, "this resource does not have that method", "invalid_request_error",
                         "method_not_allowed", allow);
    co_return;
  }
  const std::shared_ptr<const Access> access = access_;
  if (co_await ledger_routes_.handle(exchange, access.get())) co_return;
  denials_.add(exchange.peer_address(), DenialReason::kMalformed, 404, "unknown_url");
  co_await reply_error(exchange, 404, "no such resource", "invalid_request_error", "unknown_url");
}

net::RefusalReply Pipeline::refused(std::string_view peer_address, std::string_view path, const net::Refusal& refusal) {
  const DenialReason reason = refusal.status == 413 || refusal.status == 431 ? DenialReason::kTooLarge
                              : refusal.status == 500                        ? DenialReason::kUnavailable
                                                                             : DenialReason::kMalformed;
  denials_.add(peer_address, reason, refusal.status, refusal.code);
  // An exchange that was left without a reply is counted as that already.
  if (refusal.status != 500) metrics_.count(route_of(path), DecisionSaid::kNone, refusal.status);
  if (is_ledger_path(path)) return {kProblemType, problem_body(refusal.status, refusal.message)};
  const std::string_view type = refusal.status == 500 ? "api_error" : "invalid_request_error";
  return {kJson, error_body(refusal.message, type, refusal.code)};
}

net::Task<> Pipeline::relay(Exchange& exchange, std::string_view operation) {
  const net::RequestHead& head = exchange.request();
  int credentials = 0;
  const std::string_view authorization = head.header("authorization", &credentials);
  Call call{.exchange = exchange, .access = access_, .operation = operation};
  if (call.access == nullptr) {
    co_await reply_busy(exchange, "the policies are not in force yet", "starting");
    co_return;
  }
  call.principal = credentials == 1 ? call.access->keys().find(authorization) : nullptr;
  if (call.principal == nullptr) {
    denials_.add(exchange.peer_address(), DenialReason::kAuthentication, 401, "invalid_api_key");
    const HeaderField fields[] = {{"WWW-Authenticate", "Bearer"}, {"Redoubt-Decision", "deny"}};
    co_await reply_error(exchange, 401, "the API key is missing or not known here", "invalid_request_error",
                         "invalid_api_key", fields);
    co_return;
  }
  call.log = recorder_.logs().find(call.principal->tenant);
  REDOUBT_CHECK(call.log != nullptr);  // Logs::check() let the keys in
  call.facts = {.method = to_string(head.method),
                .path = head.path,
                .principal_uid = call.principal->id,
                .principal_name = call.principal->id,
                .principal_type = record::PrincipalType::kService,
                .credential_uid = call.principal->id,
                .operation = operation,
                .provider = settings_.provider,
                .upstream = settings_.name,
                .authorizer = kAuthorizer,
                .policy_version = call.access->policies().digest()};
  int purposes = 0;
  call.purpose = head.header(kPurposeField, &purposes);
  if (purposes > 1 || !is_purpose(call.purpose)) {
    co_await deny(call, DenialReason::kMalformed, 400,
                  "Redoubt-Purpose is one field of at most 128 printable characters", "invalid_request_error",
                  "invalid_request");
    co_return;
  }

  if (operation == kChatOperation) {
    auto body = co_await exchange.read_body();
    if (!body) {
      switch (body.error().code()) {
        case Errc::kTooLarge:
          co_await deny(call, DenialReason::kTooLarge, 413, "the request body is too large", "invalid_request_error",
                        "request_too_large");
          break;
        case Errc::kDeadlineExceeded:
          co_await deny(call, DenialReason::kMalformed, 408, "the request body took too long", "invalid_request_error",
                        "request_timeout");
          break;
        case Errc::kResourceExhausted:
          co_await reply_busy(exchange, "too many requests are being read, so this one was not forwarded",
                              "overloaded");
          break;
        default:
          co_await deny(call, DenialReason::kMalformed, 400, "the request body is broken", "invalid_request_error",
                        "malformed_body");
      }
      co_return;
    }
    call.body = *body;
    call.facts.request_size = call.body.size();
    auto chat = parse_chat_request(reader_, call.body);
    if (!chat) {
      // The bytes are within the limit; what can be too large is the depth of the JSON.
      const bool large = chat.error().code() == Errc::kTooLarge;
      co_await deny(call, large ? DenialReason::kTooLarge : DenialReason::kMalformed, 400, chat.error().message(),
                    "invalid_request_error", "invalid_request");
      co_return;
    }
    call.chat = *std::move(chat);
    call.facts.model = call.chat.model;
    call.facts.stream = call.chat.stream;
  }

  call.level = commit_.level(operation);
  if (!permitted(call, operation == kChatOperation ? Action::kInvoke : Action::kListModels)) {
    co_await deny(call, DenialReason::kAuthorization, 403, "no policy permits this key to do that", "permission_error",
                  "permission_denied");
    co_return;
  }
  if (call.level == CommitLevel::kCosigned && !has_quorum_) {
    co_await deny(call, DenialReason::kUnavailable, 503, "the answer is to wait for witnesses, and there are none",
                  "api_error", kLevelNotReached);
    co_return;
  }

  auto admission = co_await recorder_.admit(*call.log, call.facts, call.body, exchange.peer_address());
  if (admission) {
    call.admission.emplace(*std::move(admission));
  } else {
    const std::string_view code = recorder_.client().full(call.log->number)              ? "ledger_full"
                                  : admission.error().code() == Errc::kResourceExhausted ? "overloaded"
                                                                                         : "ledger_unavailable";
    co_await reply_busy(exchange, "the request cannot be recorded now, so it was not forwarded", code);
    co_return;
  }
  co_await dispatch(call);
}

net::Task<> Pipeline::dispatch(Call& call) {
  const net::RequestHead& head = call.exchange.request();
  std::array<HeaderField, 3> fields;
  std::size_t count = 0;
  if (!call.body.empty()) {
    // What was parsed as JSON is said to be JSON, whatever the caller called it.
    fields[count++] = {"Content-Type", kJson};
  }
  const std::string_view accept = head.header("accept");
  if (!accept.empty()) fields[count++] = {"Accept", accept};
  // The caller's key is for Redoubt; the upstream gets its own.
  if (!settings_.authorization.empty()) fields[count++] = {"Authorization", settings_.authorization};

  call.upstream_time.emplace(metrics_, recorder_.clock());
  auto response = co_await upstream_.send({.method = head.method,
                                           .path = upstream_path(call.operation),
                                           .headers = std::span(fields).first(count),
                                           .body = call.body});
  if (!response) {
    co_await fail(call, response.error().code());
    co_return;
  }
  if (call.chat.stream && (*response)->status() == 200 && is_event_stream(**response)) {
    co_await reply_stream(call, *std::move(response));
  } else {
    co_await reply_whole(call, *std::move(response));
  }
}

// The upstream failed before anything was sent to the caller.
net::Task<> Pipeline::fail(Call& call, Errc why) {
  call.upstream_time.reset();
  const bool slow = why == Errc::kDeadlineExceeded;
  const bool busy = why == Errc::kResourceExhausted;
  const int status = slow ? 504 : busy ? 503 : 502;
  const std::string_view code = slow                      ? "upstream_timeout"
                                : busy                    ? "overloaded"
                                : why == Errc::kMalformed ? "upstream_malformed"
                                : why == Errc::kTooLarge  ? "upstream_too_large"
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
  if (!released(call)) {
    co_await withhold(call);
    co_return;
  }
  co_await close_and_reply(call,
                           {.finish = Finish::kCompleted,
                            .http_status = status,
                            .error_code = status >= 400 ? "upstream_error" : "",
                            .response_size = body.size(),
                            .prompt_tokens = usage->prompt_tokens,
                            .completion_tokens = usage->completion_tokens,
                            .total_tokens = usage->total_tokens},
                           body, passed);
}

// Records how it ended, then replies: never the other way round.
net::Task<> Pipeline::close_and_reply(Call& call, record::Outcome outcome, std::string_view body,
                                      const PassedValues& passed) {
  CompletionText completion(recorder_);
  completion.add(body);
  const int status = outcome.http_status;
  const std::string_view decision = outcome.finish == Finish::kReleaseDenied ? "deny" : "permit";
  auto receipt = co_await call.admission->close(outcome, &completion);
  if (!receipt) {
    const std::string admitted = format_receipt(call.admission->receipt());
    const HeaderField fields[] = {{"Redoubt-Receipt", admitted}, {"Retry-After", "1"}};
    co_await reply_error(call.exchange, 503, "the answer cannot be recorded, so it is withheld", "api_error",
                         "ledger_unavailable", fields);
    co_return;
  }
  const std::string receipt_text = format_receipt(*receipt);
  const bool reached = co_await reach_level(call, *receipt, 503);
  if (!reached) {
    const HeaderField fields[] = {
        {"Redoubt-Receipt", receipt_text}, {"Redoubt-Commit", to_string(CommitLevel::kDurable)}, {"Retry-After", "1"}};
    co_await reply_error(call.exchange, 503,
                         "the record of the answer has not come to its commit level, so the answer is withheld",
                         "api_error", kLevelNotReached, fields);
    co_return;
  }
  std::array<HeaderField, 3 + std::size(kPassedFields)> fields{
      {{"Redoubt-Decision", decision}, {"Redoubt-Receipt", receipt_text}, {"Redoubt-Commit", to_string(call.level)}}};
  std::size_t count = 3;
  for (std::size_t i = 0; i < passed.size(); ++i) {
    if (!passed[i].empty()) fields[count++] = {kPassedFields[i], passed[i]};
  }
  [[maybe_unused]] const auto sent = co_await call.exchange.reply(
      {.status = status, .content_type = kJson, .headers = std::span(fields).first(count)}, body);
}

// Whether the outcome came to the level that the reply waits for. If not, the caller is answered `status` instead.
net::Task<bool> Pipeline::reach_level(Call& call, const ledger::Receipt& outcome, int status) {
  if (call.level == CommitLevel::kDurable) co_return true;
  const auto reached = co_await call.admission->reach(call.level, outcome.index, commit_.timeout, status);
  co_return reached.has_value();
}

net::Task<> Pipeline::reply_stream(Call& call, std::unique_ptr<net::ClientResponse> response) {
  if (!released(call)) {
    response.reset();
    co_await withhold(call);
    co_return;
  }
  SseRelay relay;
  CompletionText completion(recorder_);
  record::Outcome outcome{.finish = Finish::kCompleted};
  const std::string admitted = format_receipt(call.admission->receipt());
  const HeaderField fields[] = {
      {"Redoubt-Decision", "permit"}, {"Redoubt-Receipt", admitted}, {"Cache-Control", "no-cache"}};
  auto sent = co_await call.exchange.start_stream(
      {.status = 200, .content_type = "text/event-stream; charset=utf-8", .headers = fields});
  if (sent) outcome.http_status = 200;
  while (sent && !relay.done()) {
    auto piece = co_await response->read_some();
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
      outcome.finish =
          piece.error().code() == Errc::kDeadlineExceeded ? Finish::kUpstreamTimeout : Finish::kUpstreamFailed;
      outcome.error_code = "upstream_broke_off";
      break;
    }
    if (outcome.response_size + passing.size() > settings_.max_stream_bytes) {
      outcome.finish = Finish::kUpstreamFailed;
      outcome.error_code = "upstream_too_large";
      break;
    }
    if (!passing.empty()) {
      completion.add(passing);
      outcome.response_size += passing.size();
      sent = co_await call.exchange.write(passing);
    }
    if (piece->empty() && !relay.done()) {
      // The upstream ended properly but without the API's end mark: the caller must not take it for complete.
      outcome.finish = Finish::kUpstreamFailed;
      outcome.error_code = "upstream_incomplete";
      break;
    }
  }
  call.upstream_time.reset();
  if (sent && relay.done()) {
    upstream_.finish(std::move(response));
  } else {
    response.reset();
  }
  if (!sent) {
    outcome.finish = Finish::kClientGone;
    outcome.error_code = "client_gone";
  }
  if (auto usage = parse_usage(reader_, relay.usage_data()); usage) {
    outcome.prompt_tokens = usage->prompt_tokens;
    outcome.completion_tokens = usage->completion_tokens;
    outcome.total_tokens = usage->total_tokens;
  }
  const bool complete = outcome.finish == Finish::kCompleted;
  auto receipt = co_await call.admission->close(outcome, &completion);
  // What is not to end properly waits for nothing.
  bool reached = false;
  if (receipt && complete) reached = co_await reach_level(call, *receipt, 0);
  if (!reached) {
    call.exchange.abort();
    co_return;
  }
  const std::string ending = ": redoubt-receipt " + format_receipt(*receipt) + "\n\ndata: [DONE]\n\n";
  if (auto last = co_await call.exchange.write(ending); !last) co_return;
  [[maybe_unused]] const auto finished = co_await call.exchange.finish();
}

bool Pipeline::permitted(Call& call, Action action) {
  const net::ChannelBinding& channel = call.exchange.channel_binding();
  const Ruling ruling = call.access->rule({.principal = call.principal,
                                           .action = action,
                                           .model = call.chat.model,
                                           .log = {},
                                           .time = recorder_.now(),
                                           .peer_address = call.exchange.peer_address(),
                                           .tls = !channel.exporter.empty(),
                                           .purpose = call.purpose,
                                           .upstream_name = settings_.name,
                                           .upstream_provider = settings_.provider,
                                           .stream = call.chat.stream});
  call.policies = ruling.reasons_text();
  call.facts.policy_uid = call.policies;
  if (!ruling.permit) return false;
  call.level = std::max(call.level, ruling.obligations.commit.value_or(CommitLevel::kDurable));
  return true;
}

// Which models there are is nobody's answer to release.
bool Pipeline::released(Call& call) {
  if (call.operation != kChatOperation) return true;
  return permitted(call, Action::kRelease) && (call.level != CommitLevel::kCosigned || has_quorum_);
}

// What the model answered stays here.
net::Task<> Pipeline::withhold(Call& call) {
  call.upstream_time.reset();
  const std::string body =
      error_body("no policy permits the answer to be released", "permission_error", kReleaseDenied);
  const PassedValues none;
  co_await close_and_reply(call,
                           {.finish = Finish::kReleaseDenied,
                            .http_status = 403,
                            .error_code = kReleaseDenied,
                            .response_size = body.size()},
                           body, none);
}

net::Task<> Pipeline::deny(Call& call, DenialReason reason, int status, std::string_view message, std::string_view type,
                           std::string_view code) {
  const std::string text(message);  // may point into an error of the caller's
  auto receipt =
      co_await recorder_.deny(*call.log, call.facts, {.reason = reason, .http_status = status, .error_code = code},
                              call.exchange.peer_address());
  const std::string receipt_text = receipt ? format_receipt(*receipt) : std::string();
  std::vector<HeaderField> fields{{"Redoubt-Decision", "deny"}};
  if (receipt) {
    fields.push_back({"Redoubt-Receipt", receipt_text});
    fields.push_back({"Redoubt-Commit", to_string(CommitLevel::kDurable)});
  }
  co_await reply_error(call.exchange, status, text, type, code, fields);
}

}  // namespace redoubt::gateway
