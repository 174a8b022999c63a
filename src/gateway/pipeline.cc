#include "gateway/pipeline.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/caller_evidence.h"
#include "gateway/clean_words.h"
#include "gateway/inspected_json.h"
#include "gateway/internal/call.h"
#include "gateway/problem.h"
#include "identity/api_key.h"
#include "record/response_authorizer.h"

namespace redoubt::gateway {

namespace internal {

net::Task<> reply_error(net::Exchange& exchange, int status, std::string_view message, std::string_view type,
                        std::string_view code, std::span<const net::HeaderField> headers) {
  const std::string body = error_body(message, type, code);
  // A caller that has gone needs no answer.
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = status, .content_type = kJson, .headers = headers}, body);
}

void add_fields(std::vector<net::HeaderField>& fields, const std::vector<limits::Field>& rates) {
  for (const auto& [name, value] : rates) fields.push_back({name, value});
}

std::string what_is_blocked(const Findings& found, const ContentActions& due) {
  constexpr std::size_t kMaxCharacters = 200;
  return found.in_words(due, std::max(found.strictest(due), ContentAction::kHold), kMaxCharacters);
}

std::string held_message(std::string_view what, std::string_view hold_id, const Findings& found,
                         const ContentActions& due) {
  const std::string content = what_is_blocked(found, due);
  std::string message = "the " + std::string(what) +
                        (content.empty() ? " is in quarantine, in answer to an incident, until somebody releases it"
                                         : " has content that somebody must release: " + content);
  if (hold_id.empty()) return message + "; too much waits already, so ask again later";
  return message + "; repeat the request with `Redoubt-Hold: " + std::string(hold_id) + "` when that is done";
}

std::string_view id_of(const limits::Refusal& refusal) {
  return refusal.limit != nullptr ? std::string_view(refusal.limit->id) : std::string_view();
}

}  // namespace internal

namespace {

using internal::add_fields;
using internal::kContentBlocked;
using internal::kInspectionFailed;
using internal::kInvalidKey;
using internal::kJson;
using internal::reply_error;
using ledger::CommitLevel;
using net::Exchange;
using net::HeaderField;
using record::DenialReason;

constexpr std::string_view kAuthorizer = "cedar";  // in records

// What the caller says that it wants the answer for.
constexpr std::string_view kPurposeField = "redoubt-purpose";
constexpr std::size_t kMaxPurpose = 128;

bool is_purpose(std::string_view text) {
  return text.size() <= kMaxPurpose &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What the reader of JSON takes at least. Bodies come bounded by net::ServerLimits, whose limit is never above this.
constexpr std::size_t kMaxBodyBytes = 64 * 1024 * 1024;

std::string_view upstream_path(std::string_view operation) {
  return operation == kChatOperation ? "/v1/chat/completions" : "/v1/models";
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

Pipeline::Pipeline(Recorder& recorder, DenialCounter& denials, net::HttpClient& upstream, LedgerRoutes& ledger_routes,
                   identity::EntityCache& entities, limits::Meters& meters, HoldDesk& holds,
                   const UpstreamSettings& settings, const CommitSettings& commit, bool has_quorum)
    : recorder_(recorder),
      denials_(denials),
      upstream_(upstream),
      ledger_routes_(ledger_routes),
      entities_(entities),
      meters_(meters),
      holds_(holds),
      settings_(settings),
      commit_(commit),
      has_quorum_(has_quorum),
      reader_({.max_bytes = std::max(settings.max_reply_bytes, kMaxBodyBytes)}) {}

void Pipeline::set_access(std::shared_ptr<const Access> access) {
  withdrawn_ = access == nullptr && (withdrawn_ || access_ != nullptr);
  access_ = std::move(access);
  end_streams_of_nobody();
}

void Pipeline::tick(std::chrono::steady_clock::time_point now) {
  constexpr std::chrono::seconds kLookEvery{1};
  if (now < next_look_) return;
  next_look_ = now + kLookEvery;
  end_streams_of_nobody();
}

net::Task<> Pipeline::handle(Exchange& exchange) {
  const std::string_view path = exchange.request().path;
  if (sealed_route_ != nullptr && path == kSealedPath) {
    const std::shared_ptr<const Access> access = access_;
    const SealedRoute::Serve serve = [this](Exchange& inner) { return answer_inner(inner); };
    const int status = co_await sealed_route_->handle(exchange, access.get(), serve);
    if (status != 0) metrics_.count(Route::kOther, DecisionSaid::kNone, status);
    co_return;
  }
  MeteredExchange metered(metrics_, exchange, recorder_.clock());
  co_await answer(metered, path);
}

net::Task<> Pipeline::answer_inner(Exchange& inner) {
  MeteredExchange metered(metrics_, inner, recorder_.clock());
  co_await answer(metered, kSealedPath);
}

net::Task<> Pipeline::answer(Exchange& exchange, std::string_view received_at) {
  const net::RequestHead& head = exchange.request();
  if (head.path == "/v1/chat/completions" || head.path == "/v1/models") {
    const bool chat = head.path == "/v1/chat/completions";
    const net::Method expected = chat ? net::Method::kPost : net::Method::kGet;
    if (head.method == expected) {
      co_await relay(exchange, chat ? kChatOperation : kModelsOperation, received_at);
      co_return;
    }
    const HeaderField allow[] = {{"Allow", chat ? "POST" : "GET"}};
    denials_.add(exchange.peer_address(), DenialReason::kMalformed, 405, "method_not_allowed");
    co_await reply_error(exchange, 405, "this resource does not have that method", "invalid_request_error",
                         "method_not_allowed", allow);
    co_return;
  }
  const std::shared_ptr<const Access> access = access_;
  if (callers_ != nullptr) {
    if (co_await callers_->handle(exchange)) co_return;
  }
  if (evidence_route_ != nullptr) {
    if (co_await evidence_route_->handle(exchange, access.get())) co_return;
  }
  if (sealed_route_ != nullptr) {
    if (co_await sealed_route_->handle_key(exchange, access.get())) co_return;
  }
  if (co_await ledger_routes_.handle(exchange, access.get(), withdrawn_)) co_return;
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

net::Task<> Pipeline::relay(Exchange& exchange, std::string_view operation, std::string_view received_at) {
  const net::RequestHead& head = exchange.request();
  int credentials = 0;
  const std::string_view authorization = head.header("authorization", &credentials);
  Call call{.exchange = exchange, .access = access_, .operation = operation, .meter = ExchangeMeter(meters_, reader_)};
  if (call.access == nullptr) {
    co_await reply_busy(exchange,
                        withdrawn_ ? "changes that are recorded are not in force yet, so nothing is permitted"
                                   : "the policies are not in force yet",
                        withdrawn_ ? "state_behind" : "starting");
    co_return;
  }
  if (credentials == 1) call.caller = call.access->find(authorization, recorder_.now());
  // Who belongs to a tenant that is not configured has no log: what cannot be recorded is nobody's.
  if (call.caller) call.log = recorder_.logs().find(call.caller->principal->tenant);
  if (call.log == nullptr) {
    const auto presented = identity::parse_authorization(authorization);
    denials_.add(exchange.peer_address(), DenialReason::kAuthentication, 401, kInvalidKey,
                 presented ? presented->id : std::string_view());
    const HeaderField fields[] = {{"WWW-Authenticate", "Bearer"}, {"Redoubt-Decision", "deny"}};
    co_await reply_error(exchange, 401, "the API key is missing or not known here", "invalid_request_error",
                         kInvalidKey, fields);
    co_return;
  }
  const identity::Principal& principal = *call.caller->principal;
  call.facts = {.method = to_string(head.method),
                .path = received_at,
                .principal_uid = principal.id,
                .principal_name = principal.id,
                .principal_type = record_type(principal),
                .credential_uid = call.caller->key->id,
                .operation = operation,
                .provider = settings_.provider,
                .upstream = settings_.name,
                .authorizer = kAuthorizer,
                .policy_version = call.access->bundle()};
  int purposes = 0;
  call.purpose = head.header(kPurposeField, &purposes);
  if (purposes > 1 || !is_purpose(call.purpose)) {
    co_await deny(call, DenialReason::kMalformed, 400,
                  "Redoubt-Purpose is one field of at most 128 printable characters", "invalid_request_error",
                  "invalid_request");
    co_return;
  }

  // A coroutine costs a frame, also where there is nothing to wait for: none is begun that has nothing to do.
  if (callers_ != nullptr) {
    const bool is_known = co_await check_caller(call);
    if (!is_known) co_return;
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

  if (settings_.attested) {
    const bool is_reserved = co_await reserve_upstream(call);
    if (!is_reserved) co_return;
  }
  call.level = commit_.level(operation);
  const bool passes = co_await check_request(call);
  if (!passes) co_return;
  if (call.level == CommitLevel::kCosigned && !has_quorum_) {
    co_await deny(call, DenialReason::kUnavailable, 503, "the answer is to wait for witnesses, and there are none",
                  "api_error", kLevelNotReached);
    co_return;
  }

  if (!call.meter.admit(call.access, *call.caller, operation == kChatOperation ? &call.chat : nullptr, call.body.size(),
                        recorder_.now())) {
    co_await refuse_at_limit(call);
    co_return;
  }

  auto admission = co_await recorder_.admit(*call.log, call.facts, call.body, exchange.peer_address(), call.forward,
                                            call.question ? &*call.question : nullptr);
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
  const net::ClientRequest request{.method = head.method,
                                   .path = upstream_path(call.operation),
                                   .headers = std::span(fields).first(count),
                                   .body = call.forward.empty() ? call.body : call.forward};
  auto sending =
      call.upstream_connection ? upstream_.send(request, std::move(call.upstream_connection)) : upstream_.send(request);
  auto response = co_await std::move(sending);
  if (!response) {
    co_await fail(call, response.error().code());
    co_return;
  }
  if ((*response)->status() < 300) call.meter.begun(recorder_.now());
  if (call.chat.stream && (*response)->status() == 200 && is_event_stream(**response)) {
    co_await reply_stream(call, *std::move(response));
  } else {
    co_await reply_whole(call, *std::move(response));
  }
}

net::Task<bool> Pipeline::check_request(Call& call) {
  std::optional<InspectedJson> inspected;
  if (call.operation == kChatOperation) {
    const bool goes_on = co_await look_at_hold(call);
    if (!goes_on) co_return false;
    const auto& rules = call.access->inspection().rules();
    auto scanner = scanners_.whole(rules);
    const behaviour::FeatureKey* const features = recorder_.feature_key();
    std::string question;
    auto found = scanner ? InspectedJson::inspect_request(call.body, **scanner, call.chat.roles,
                                                          features != nullptr ? &question : nullptr,
                                                          behaviour::kSketchTextMax, &CleanWords::of(rules, **scanner))
                         : Result<InspectedJson>(scanner.error());
    if (!found) {
      co_await deny(call, DenialReason::kUnavailable, 503, "the request cannot be inspected, so it was not forwarded",
                    "api_error", kInspectionFailed);
      co_return false;
    }
    inspected.emplace(*std::move(found));
    call.found = inspected->findings();
    call.names = inspected->names();
    note_tool_rows(call, **scanner);
    if (features != nullptr) {
      const std::string_view asked = question;
      call.question = features->text({&asked, 1});
    }
    call.facts.tools_offered = call.names.tools_offered();
  }
  if (!call.access->restrictions().empty()) {
    const bool passes = co_await check_responses(call);
    if (!passes) co_return false;
  }
  const bool is_permitted = permitted(call, inspected ? Action::kInvoke : Action::kListModels, call.found);
  call.matches = call.found.counts(call.due);
  call.facts.matches = call.matches;
  if (!is_permitted) {
    co_await deny(call, DenialReason::kAuthorization, 403, "no policy permits this key to do that", "permission_error",
                  "permission_denied");
    co_return false;
  }
  if (!inspected) co_return true;
  use_hold(call, internal::kRequestHold, call.found);
  const ContentAction strictest = call.found.strictest(call.due);
  if (strictest == ContentAction::kHold || (!call.quarantine.empty() && strictest < ContentAction::kHold)) {
    const std::string id = co_await place_hold(call, internal::kRequestHold, call.found);
    const std::string message = internal::held_message("request", id, call.found, call.due);
    const bool found_something = strictest == ContentAction::kHold;
    if (!found_something) {
      call.policies = call.quarantine;
      call.facts.policy_version = {};
      call.facts.authorizer = record::kResponseAuthorizer;
      call.facts.policy_uid = call.policies;
    }
    co_await deny(call, found_something ? DenialReason::kContent : DenialReason::kAuthorization, 403, message,
                  "permission_error", internal::kHeldForReview);
    co_return false;
  }
  if (strictest == ContentAction::kBlock) {
    const std::string message =
        "the request has content that is not allowed: " + internal::what_is_blocked(call.found, call.due);
    co_await deny(call, DenialReason::kContent, 403, message, "invalid_request_error", kContentBlocked);
    co_return false;
  }
  call.placeholders = std::make_unique<Placeholders>(random_);
  call.placeholders->permit(call.restore);
  auto changed = inspected->changed(call.due, call.placeholders.get());
  if (!changed) {
    co_await deny(call, DenialReason::kContent, 403,
                  "the request has content that would have to be replaced, and cannot be", "invalid_request_error",
                  kContentBlocked);
    co_return false;
  }
  call.forward = *std::move(changed);
  co_return true;
}

// A name in which something is found is content, and in no record.
void Pipeline::note_tool_rows(Call& call, inspect::Scanner& scanner) {
  std::vector<inspect::Match> matches;
  for (const ToolRows& each : call.chat.tool_rows) {
    matches.clear();
    const bool is_clean = scanner.scan(each.tool, matches).has_value() && matches.empty();
    call.names.add_rows(is_clean ? std::string_view(each.tool) : kUnknownTool, each.rows);
  }
}

bool Pipeline::model_took_it(const record::Outcome& outcome) {
  switch (outcome.finish) {
    case record::Finish::kCompleted:
      return outcome.http_status < 400;
    case record::Finish::kClientGone:
    case record::Finish::kReleaseDenied:
    case record::Finish::kLimitReached:
      return true;
    case record::Finish::kUpstreamFailed:
    case record::Finish::kUpstreamTimeout:
    case record::Finish::kAborted:
      break;
  }
  return false;
}

bool Pipeline::permitted(Call& call, Action action, const Findings& found) {
  const net::ChannelBinding& channel = call.exchange.channel_binding();
  const std::vector<std::string_view> matches = found.names();
  const Ruling& ruling = call.access->rule({.principal = call.caller->principal,
                                            .key = call.caller->key,
                                            .action = action,
                                            .model = call.chat.model,
                                            .log = {},
                                            .time = recorder_.now(),
                                            .peer_address = call.exchange.peer_address(),
                                            .tls = !channel.exporter.empty(),
                                            .purpose = call.purpose,
                                            .upstream_name = settings_.name,
                                            .upstream_provider = settings_.provider,
                                            .stream = call.chat.stream,
                                            .matches = matches,
                                            .upstream_evidence = call.facts.upstream_evidence,
                                            .caller_evidence = call.facts.caller_evidence},
                                           entities_, rulings_);
  call.policies = ruling.reasons_text();
  call.facts.policy_uid = call.policies;
  if (!ruling.permit) {
    call.due = {};
    return false;
  }
  call.due = ruling.obligations.content;
  for (const std::string& family : call.stopped_families) call.due.add(family, ContentAction::kBlock);
  if (action == Action::kInvoke) call.restore = ruling.obligations.restore.value_or(RestorePermits{});
  call.level = std::max(call.level, ruling.obligations.commit.value_or(CommitLevel::kDurable));
  return true;
}

net::Task<> Pipeline::refuse_at_limit(Call& call) {
  const limits::Refusal& refusal = call.meter.refusal();
  metrics_.count(refusal);
  DenialReason reason = DenialReason::kUnavailable;
  if (refusal.limit != nullptr) {
    reason = DenialReason::kLimit;
    // The policies permitted it.
    call.facts.authorizer = record::kLimitsAuthorizer;
    call.facts.policy_uid = refusal.limit->id;
    call.facts.policy_version = {};
  }
  const std::string message = refusal.message();
  co_await deny(call, reason, refusal.status(), message, error_type(refusal), refusal.code());
}

net::Task<> Pipeline::deny(Call& call, DenialReason reason, int status, std::string_view message, std::string_view type,
                           std::string_view code) {
  const std::string text(message);  // may point into an error of the caller's
  auto receipt =
      co_await recorder_.deny(*call.log, call.facts, {.reason = reason, .http_status = status, .error_code = code},
                              call.exchange.peer_address(), call.question ? &*call.question : nullptr);
  const std::string receipt_text = receipt ? format_receipt(*receipt) : std::string();
  std::vector<HeaderField> fields{{"Redoubt-Decision", "deny"}};
  if (receipt) {
    fields.push_back({"Redoubt-Receipt", receipt_text});
    fields.push_back({"Redoubt-Commit", to_string(CommitLevel::kDurable)});
  }
  if (!call.hold_id.empty()) fields.push_back({"Redoubt-Hold", call.hold_id});
  const std::vector<limits::Field> rates = call.meter.fields(recorder_.now());
  add_fields(fields, rates);
  co_await reply_error(call.exchange, status, text, type, code, fields);
}

}  // namespace redoubt::gateway
