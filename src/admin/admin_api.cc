#include "admin/admin_api.h"

#include <charconv>

#include "admin/approval_operations.h"
#include "admin/internal/awaiting.h"
#include "admin/internal/event_stream.h"
#include "admin/internal/idempotency.h"
#include "admin/internal/reply.h"
#include "admin/internal/request_parts.h"
#include "admin/openapi.h"
#include "base/check.h"
#include "base/log.h"
#include "identity/api_key.h"
#include "identity/approvals.h"

namespace redoubt::admin {
namespace {

using internal::Conditions;
using internal::Reply;

Problem problem_from(const Error& error) {
  Problem out = problem_of(error);
  if (out.status() == 500) log::error("admin", "a call failed", {{"why", error.message()}});
  return out;
}

AdminEvent event_of(const net::Exchange& exchange, const Call* call, const AdminRuling* ruling,
                    const ProblemType& problem, UnixMillis now) {
  return {.caller = call != nullptr ? &call->caller : nullptr,
          .address = exchange.peer_address(),
          .claimed = {},
          .method = net::to_string(exchange.request().method),
          .path = exchange.request().path,
          .operation = call != nullptr ? &call->operation : nullptr,
          .ruling = ruling,
          .status = problem.status,
          .problem = problem.name,
          .now = now};
}

// The name at the end of how facts name it: `alice` of `principal/alice`.
std::string id_of(std::string_view object) {
  const std::size_t slash = object.find('/');
  return std::string(slash == std::string_view::npos ? object : object.substr(slash + 1));
}

// 0 when it is not stated.
std::uint64_t stated_length(const net::RequestHead& head) {
  const std::string_view text = head.header("Content-Length");
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

Problem too_large(const Operation& operation) {
  return {.type = &problems::kTooLarge,
          .detail = "the body may have " + std::to_string(operation.max_body_bytes) + " bytes"};
}

// Why a body could not be read.
Problem body_problem(const Error& error) {
  Problem out = problem_of(error);
  if (error.code() == Errc::kDeadlineExceeded) out = {.type = &problems::kTimeout, .detail = error.message()};
  return out;
}

// Why a change was not made. What it names and is not there is the wish's fault: that the object itself is there was
// looked up before.
Problem refusal_of(const Error& error) {
  if (error.code() == Errc::kNotFound) return {.type = &problems::kInvalid, .detail = error.message()};
  Problem out = problem_from(error);
  if (error.code() == Errc::kUnavailable) {
    out.detail = "it is open whether this was done: look, or send it again with its Idempotency-Key";
  }
  return out;
}

}  // namespace

AdminApi::AdminApi(Services services)
    : services_(std::move(services)),
      operations_(all_operations()),
      router_(operations_),
      document_(openapi_document(operations_, services_.version)),
      reader_({.max_bytes = kMaxBodyBytes, .max_depth = kMaxBodyDepth}),
      waits_(std::make_unique<internal::Waits>(services_.io)),
      streams_(std::make_unique<internal::EventStreams>()) {}

AdminApi::~AdminApi() = default;

void AdminApi::stop() {
  streams_->stopped = true;
  waits_->end();
}

net::Task<> AdminApi::handle(net::Exchange& exchange) {
  Reply reply = co_await answer(exchange);
  if (!reply.sent) co_await internal::send(exchange, reply);
}

net::Task<Reply> AdminApi::answer(net::Exchange& exchange) {
  const net::RequestHead& head = exchange.request();
  const auto match = router_.find(head.method, head.path);
  const Operation* operation = match ? match->operation : nullptr;
  if (operation != nullptr && operation->action.empty()) co_return answer_anyone(*operation, head);

  // While facts are not folded, the snapshots may lack a revocation: nobody is let in by them.
  if (!services_.engine.current()) {
    co_return Reply(
        Problem{.type = &problems::kUnavailable, .detail = "the state is behind the ledger", .retry_after_s = 1});
  }
  const UnixMillis now = services_.sink.now();
  Caller caller = identify(exchange, now);
  if (caller.key == nullptr) co_return co_await refuse_stranger(exchange, now);

  if (!match) co_return Reply(problem_of(match.error()));
  if (match->allow.empty()) co_return Reply(Problem{.type = &problems::kNotFound, .detail = "there is no such path"});
  if (operation == nullptr) {
    Reply reply(Problem{.type = &problems::kMethodNotAllowed, .detail = "this path has " + match->allow});
    reply.headers.emplace_back("Allow", match->allow);
    co_return reply;
  }
  if (!internal::accepts(head.header("Accept"), operation->media_type)) {
    co_return Reply(
        Problem{.type = &problems::kNotAcceptable, .detail = "answers are " + std::string(operation->media_type)});
  }

  Call call{.operation = *operation,
            .services = services_,
            .caller = std::move(caller),
            .now = now,
            .arguments = {.path = match->parameters}};
  Conditions conditions;
  if (const auto problem = internal::read_arguments(*operation, head.query, call.arguments)) co_return Reply(*problem);
  if (operation->wish != nullptr) {
    if (const auto problem = internal::read_conditions(head, *operation, conditions)) co_return Reply(*problem);
  }

  // What is not there is asked about as this server, so that one who may not know of it does not hear that it is not.
  std::string missing_why;
  if (operation->resource != nullptr) {
    auto resource = operation->resource(call);
    if (!resource && resource.error().code() != Errc::kNotFound) co_return Reply(problem_from(resource.error()));
    if (!resource) missing_why = resource.error().message();
    const auto permitted = call.require(operation->action, resource ? *resource : kServer);
    if (!permitted) co_return co_await deny(exchange, call, permitted.error());
  }
  if (operation->wish != nullptr) co_return co_await act(exchange, call, conditions, missing_why);
  if (!missing_why.empty()) co_return Reply(Problem{.type = &problems::kNotFound, .detail = missing_why});
  if (operation->perform != nullptr) co_return co_await perform(exchange, call);
  co_return co_await read(exchange, call);
}

Reply AdminApi::answer_anyone(const Operation& operation, const net::RequestHead& head) {
  if (!internal::accepts(head.header("Accept"), operation.media_type)) {
    return Reply(
        Problem{.type = &problems::kNotAcceptable, .detail = "answers are " + std::string(operation.media_type)});
  }
  if (!head.query.empty()) {
    return Reply(Problem{.type = &problems::kMalformed, .detail = "the query has a parameter that is not known here"});
  }
  Reply reply;
  reply.media_type = operation.media_type;
  if (operation.read == nullptr) {
    reply.body = document_;
    return reply;
  }
  Call call{.operation = operation, .services = services_, .caller = {}, .now = services_.sink.now()};
  auto answer = operation.read(call);
  if (!answer) return Reply(problem_from(answer.error()));
  reply.body = std::move(answer->body);
  return reply;
}

Caller AdminApi::identify(const net::Exchange& exchange, UnixMillis now) const {
  Caller out{.identities = services_.identities.snapshot(),
             .address = std::string(exchange.peer_address()),
             .tls = !exchange.channel_binding().exporter.empty(),
             .authenticated = now};
  int count = 0;
  const std::string_view authorization = exchange.request().header("Authorization", &count);
  if (count != 1) return out;
  out.key = out.identities.find(authorization, now);
  if (out.key != nullptr) out.principal = &out.identities.principal_of(*out.key);
  return out;
}

net::Task<Reply> AdminApi::refuse_stranger(net::Exchange& exchange, UnixMillis now) {
  const auto delay = failed_.add(exchange.peer_address(), std::chrono::steady_clock::now());
  const ProblemType& type = delay ? problems::kUnauthenticated : problems::kTooMany;
  AdminEvent event = event_of(exchange, nullptr, nullptr, type, now);
  const auto presented = identity::parse_authorization(exchange.request().header("authorization"));
  if (presented) event.claimed = presented->id;
  services_.recorder.refused(event);
  if (!delay) {
    co_return Reply(
        Problem{.type = &type, .detail = "too many callers with a wrong key are waiting", .retry_after_s = 5});
  }
  if (delay->count() > 0) {
    co_await waits_->wait(*delay);
    failed_.waited();
  }
  co_return Reply(Problem{.type = &type, .detail = "send `Authorization: Bearer` and an API key that is good"});
}

net::Task<Reply> AdminApi::deny(net::Exchange& exchange, const Call& call, const Error& why) {
  const AdminRuling* ruling = call.refusal ? &*call.refusal : nullptr;
  const AdminEvent event = event_of(exchange, &call, ruling, problems::kDenied, call.now);
  const auto recorded = co_await services_.recorder.denied(event);
  if (!recorded) log::error("admin", "a denial was not recorded", {{"why", recorded.error().message()}});
  co_return Reply(Problem{.type = &problems::kDenied, .detail = why.message()});
}

net::Task<Reply> AdminApi::read(net::Exchange& exchange, Call& call) {
  const Operation& operation = call.operation;
  Answer answer;
  if (operation.read != nullptr) {
    auto given = operation.read(call);
    if (!given) co_return Reply(problem_from(given.error()));
    answer = *std::move(given);
  }
  if (operation.inquire != nullptr) {
    auto given = co_await operation.inquire(call);
    if (!given) co_return Reply(problem_from(given.error()));
    answer = *std::move(given);
  }
  REDOUBT_CHECK(call.asked);
  if (operation.recorded) {
    const AdminEvent event = event_of(exchange, &call, nullptr, {.status = operation.success}, call.now);
    const auto recorded = co_await services_.recorder.shown(event);
    if (!recorded) {
      log::error("admin", "a read was not recorded, and not answered", {{"why", recorded.error().message()}});
      co_return Reply(
          Problem{.type = &problems::kUnavailable, .detail = "nothing can be recorded now", .retry_after_s = 1});
    }
  }
  if (operation.events != nullptr) co_return co_await internal::stream_events(exchange, call, *streams_, *waits_);

  Reply reply;
  if (answer.version) reply.headers.emplace_back("ETag", internal::entity_tag(*answer.version));
  if (answer.version && internal::none_match(exchange.request().header("If-None-Match"), *answer.version)) {
    reply.status = 304;
    co_return reply;
  }
  reply.media_type = operation.media_type;
  reply.body = std::move(answer.body);
  co_return reply;
}

net::Task<Reply> AdminApi::perform(net::Exchange& exchange, Call& call) {
  const auto body = co_await exchange.read_body();
  if (!body) co_return Reply(body_problem(body.error()));
  if (!body->empty()) co_return Reply(Problem{.type = &problems::kMalformed, .detail = "this takes no body"});
  REDOUBT_CHECK(call.asked);
  auto answer = co_await call.operation.perform(call);
  if (!answer) co_return Reply(refusal_of(answer.error()));
  Reply reply;
  reply.status = call.operation.success;
  reply.media_type = call.operation.media_type;
  reply.body = std::move(answer->body);
  co_return reply;
}

net::Task<Reply> AdminApi::act(net::Exchange& exchange, Call& call, const Conditions& conditions,
                               const std::string& missing_why) {
  const Operation& operation = call.operation;
  if (operation.request != nullptr &&
      !internal::is_media_type(exchange.request().header("Content-Type"), internal::request_media_type(operation))) {
    co_return Reply(Problem{.type = &problems::kUnsupportedMediaType,
                            .detail = "send " + std::string(internal::request_media_type(operation))});
  }
  if (stated_length(exchange.request()) > operation.max_body_bytes) co_return Reply(too_large(operation));
  const auto body = co_await exchange.read_body();
  if (!body) co_return Reply(body_problem(body.error()));
  if (body->size() > operation.max_body_bytes) co_return Reply(too_large(operation));

  internal::Idempotency idempotency;
  if (!conditions.idempotency_key.empty()) {
    idempotency =
        internal::make_idempotency(call.caller.principal->id, conditions.idempotency_key, exchange.request(), *body);
    if (const auto earlier = services_.engine.earlier(idempotency.key)) {
      // Whose key it is was part of it: nobody is told of another's act.
      if (earlier->request != idempotency.request) co_return Reply(Problem{.type = &problems::kKeyReused});
      co_return shown_again(call, *earlier);
    }
  }
  if (!missing_why.empty()) co_return Reply(Problem{.type = &problems::kNotFound, .detail = missing_why});

  // No suspension from here until the wish is made: other calls parse with the same reader.
  if (auto problem = read_body(call, *body)) co_return Reply(*problem);
  auto change = operation.wish(call);
  call.body = Body();
  if (!change && call.refusal) co_return co_await deny(exchange, call, change.error());
  if (!change) co_return Reply(problem_from(change.error()));
  REDOUBT_CHECK(call.asked && !call.refusal);
  if (conditions.if_match && *conditions.if_match != change->proposal.expects) {
    co_return Reply(Problem{.type = &problems::kVersionConflict,
                            .detail = "the version is now " + std::to_string(change->proposal.expects)});
  }
  if (auto problem = ask_if_needed(call, *change)) co_return Reply(*problem);

  state::Proposal proposal = change->proposal;
  proposal.actor = actor_of(call);
  proposal.idempotency_key = idempotency.key;
  proposal.idempotency_request = idempotency.request;
  const auto applied = co_await internal::propose(services_.io, services_.engine, proposal);
  if (!applied) co_return Reply(refusal_of(applied.error()));
  // The same request was on its way when this one came.
  if (const auto earlier = applied->repeated ? services_.engine.earlier(idempotency.key) : std::nullopt) {
    co_return shown_again(call, *earlier);
  }
  co_return shown(call, *change, *applied);
}

std::optional<Problem> AdminApi::read_body(Call& call, std::string_view body) {
  const Operation& operation = call.operation;
  if (operation.request == nullptr) {
    if (body.empty()) return std::nullopt;
    return Problem{.type = &problems::kMalformed, .detail = "this takes no body"};
  }
  const auto root = reader_.parse(body);
  if (!root) return Problem{.type = &problems::kMalformed, .detail = root.error().message()};
  std::vector<Fault> faults = check(*operation.request, *root);
  if (!faults.empty()) {
    return Problem{.type = &problems::kInvalid, .detail = "the body does not fit", .faults = std::move(faults)};
  }
  simdjson::dom::object object;
  if (root->get(object) == simdjson::SUCCESS) call.body = Body(object);
  return std::nullopt;
}

std::optional<Problem> AdminApi::ask_if_needed(const Call& call, Change& change) {
  if (!may_need_approval(call.operation)) return std::nullopt;
  const auto needed = identity::needs_approval(services_.engine.tables(), change.proposal);
  if (!needed) return problem_from(needed.error());
  if (!*needed) return std::nullopt;
  if (call.arguments.why.empty()) {
    return Problem{.type = &problems::kReasonRequired,
                   .detail = "this needs two persons: say `why`, for whoever is to approve, in the query"};
  }
  auto request = identity::propose_request(change.proposal, call.arguments.why);
  if (!request) return problem_from(request.error());
  change.proposal = *std::move(request);
  change.id = id_of(change.proposal.object);
  return std::nullopt;
}

Reply AdminApi::shown(Call& call, const Change& change, const state::Applied& applied) {
  const Operation& operation = call.operation;
  const bool asked = may_need_approval(operation) && is_approval(change.proposal.object);
  Result<Answer> answer = asked                       ? show_asked(call, change)
                          : operation.show != nullptr ? operation.show(call, change)
                                                      : Result<Answer>(Answer{});
  if (!answer) return Reply(problem_from(answer.error()));
  Reply reply;
  reply.status = asked ? 202 : operation.success;
  reply.secret = !change.secret.empty();
  reply.headers.emplace_back("Redoubt-Fact", std::to_string(applied.index));
  if (applied.repeated) reply.headers.emplace_back("Idempotent-Replayed", "true");
  if (answer->version) reply.headers.emplace_back("ETag", internal::entity_tag(*answer->version));
  if (!answer->location.empty()) reply.headers.emplace_back("Location", std::move(answer->location));
  if (reply.status != 204) {
    reply.media_type = internal::kJson;
    reply.body = std::move(answer->body);
  }
  return reply;
}

Reply AdminApi::shown_again(Call& call, const state::Earlier& earlier) {
  return shown(call, Change({.object = earlier.object}, id_of(earlier.object)), earlier.applied);
}

net::RefusalReply AdminApi::refused(std::string_view peer_address, std::string_view path, const net::Refusal& refusal) {
  const ProblemType& type = problem_with_status(refusal.status);
  services_.recorder.refused({.address = peer_address,
                              .claimed = {},
                              .path = path,
                              .status = refusal.status,
                              .problem = type.name,
                              .now = services_.sink.now()});
  return {kProblemMediaType, Problem{.type = &type, .detail = std::string(refusal.message)}.body()};
}

}  // namespace redoubt::admin
