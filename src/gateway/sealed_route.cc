#include "gateway/sealed_route.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/channel_binding.h"
#include "attest/sealed_key.h"
#include "encoding/json_writer.h"
#include "gateway/internal/evidence_replies.h"
#include "gateway/problem.h"
#include "gateway/sealed_exchange.h"
#include "ohttp/binary_http.h"
#include "ohttp/encapsulation.h"
#include "ohttp/http_date.h"

namespace redoubt::gateway {

using net::Exchange;
using net::HeaderField;
using record::DenialReason;

// What is refused here. Types are those that are registered for it (RFC 9458 §5.3, §6.5.2); none: `about:blank`.
struct SealedRoute::Problem {
  int status;
  DenialReason reason;
  std::string_view code;  // static
  std::string_view detail;
  std::string_view type = {};
  std::string_view title = {};
  std::string_view date = {};  // of this server, by which a client corrects its clock
};

namespace {

// What is reached by sealed requests: the APIs, which all ask who is calling.
constexpr std::string_view kApiPrefix = "/v1/";

std::string body_of(int status, std::string_view detail, std::string_view type, std::string_view title) {
  if (type.empty()) return problem_body(status, detail);
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("type", type);
  json.member("title", title);
  json.member("status", status);
  json.member("detail", detail);
  json.end_object();
  return out;
}

}  // namespace

net::Task<int> SealedRoute::refuse(Exchange& exchange, const Problem& problem) {
  denials_.add(exchange.peer_address(), problem.reason, problem.status, problem.code);
  std::vector<HeaderField> fields{{"Cache-Control", "no-store"}};
  if (problem.status == 405) fields.push_back({"Allow", "GET, POST"});
  if (problem.status == 503) fields.push_back({"Retry-After", "1"});
  if (!problem.date.empty()) fields.push_back({"Date", problem.date});
  fields.push_back({"Redoubt-Decision", "deny"});
  const std::string body = body_of(problem.status, problem.detail, problem.type, problem.title);
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = problem.status, .content_type = kProblemType, .headers = fields}, body);
  co_return problem.status;
}

net::Task<int> SealedRoute::handle(Exchange& exchange, const Access* access, const Serve& serve) {
  const net::RequestHead& head = exchange.request();
  if (head.method == net::Method::kGet) co_return co_await show_key(exchange);
  if (head.method != net::Method::kPost) {
    const Problem problem{405, DenialReason::kMalformed, "method_not_allowed", "requests are sealed in a POST"};
    co_return co_await refuse(exchange, problem);
  }
  if (head.header("content-type") != ohttp::kRequestType) {
    const Problem problem{415, DenialReason::kMalformed, "not_sealed",
                          "a sealed request is `message/ohttp-chunked-req`"};
    co_return co_await refuse(exchange, problem);
  }
  co_return co_await open(exchange, access, serve);
}

net::Task<int> SealedRoute::show_key(Exchange& exchange) {
  const Bytes keys = ohttp::encode_list(shared_.keys.current(recorder_.clock().steady())->configuration);
  const HeaderField fields[] = {{"Cache-Control", "no-store"}};
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 200, .content_type = ohttp::kKeysType, .headers = fields}, as_chars(keys));
  co_return 200;
}

net::Task<int> SealedRoute::open(Exchange& exchange, const Access* access, const Serve& serve) {
  const auto body = co_await exchange.read_body();
  if (!body) {
    if (body.error().code() != Errc::kTooLarge) co_return 0;  // the server answers
    const Problem problem{413, DenialReason::kTooLarge, "request_too_large", "the sealed request is too large"};
    co_return co_await refuse(exchange, problem);
  }
  const ByteView message = as_bytes(*body);
  const auto head = ohttp::read_request_head(message);
  const auto key = head ? shared_.keys.find(head->key_id, recorder_.clock().steady()) : nullptr;
  auto opened = key    ? ohttp::open_request(key->pair, message)
                : head ? Result<ohttp::OpenedRequest>(Error(Errc::kVerifyFailed, "the key is not known here"))
                       : Result<ohttp::OpenedRequest>(head.error());
  if (!opened) {
    const bool other_key = opened.error().code() == Errc::kVerifyFailed;
    const std::string why(opened.error().message());
    const Problem problem = other_key ? Problem{400,
                                                DenialReason::kMalformed,
                                                "sealed_to_another_key",
                                                why,
                                                "https://iana.org/assignments/http-problem-types#ohttp-key",
                                                "key identifier unknown, or the request is sealed to another key"}
                                      : Problem{400, DenialReason::kMalformed, "malformed_sealed_request", why};
    co_return co_await refuse(exchange, problem);
  }

  // From here on, whatever is answered is sealed.
  const auto request = ohttp::read_request(opened->content);
  if (!request) {
    const ohttp::BinaryRequest nothing{};
    SealedExchange sealed(exchange, nothing, opened->response);
    const std::string why(request.error().message());
    const Problem problem{400, DenialReason::kMalformed, "malformed_request_inside", why};
    co_return co_await refuse(sealed, problem);
  }
  SealedExchange inner(exchange, *request, opened->response);
  const UnixMillis now = recorder_.now();
  int dates = 0;
  const auto date = ohttp::parse_http_date(inner.request().header("date", &dates));
  if (dates != 1 || !date || !shared_.seen.in_time(*date, now)) {
    const std::string ours = ohttp::format_http_date(now);
    const Problem problem{400,
                          DenialReason::kMalformed,
                          "date_not_accepted",
                          "a sealed request has one `date`, within two minutes of this server's time",
                          "https://iana.org/assignments/http-problem-types#date",
                          "date not acceptable",
                          ours};
    co_return co_await refuse(inner, problem);
  }
  if (!inner.request().path.starts_with(kApiPrefix)) {
    const Problem problem{404, DenialReason::kMalformed, "not_for_sealed_requests",
                          "sealed requests are for the API alone"};
    co_return co_await refuse(inner, problem);
  }
  // Of strangers nothing is remembered, so that they cannot fill the memory: they are refused, the second time as well.
  if (access != nullptr && access->find(inner.request().header("authorization"), now)) {
    switch (shared_.seen.remember(opened->head.encapsulated_key, *date, now)) {
      case SeenRequests::Answer::kNew:
        break;
      case SeenRequests::Answer::kFull: {
        const Problem problem{503, DenialReason::kUnavailable, "too_many_sealed",
                              "too many sealed requests came, so this one was not served"};
        co_return co_await refuse(inner, problem);
      }
      case SeenRequests::Answer::kSeen:
      case SeenRequests::Answer::kOutside: {
        const Problem problem{409, DenialReason::kAuthentication, "replayed", "this sealed request was served before"};
        co_return co_await refuse(inner, problem);
      }
    }
  }
  co_await serve(inner);
  co_return 0;
}

net::Task<bool> SealedRoute::handle_key(Exchange& exchange, const Access* access) {
  const net::RequestHead& head = exchange.request();
  if (head.path != attest::kSealedKeyPath) co_return false;
  if (head.method != net::Method::kPost) {
    co_await internal::refuse_evidence(exchange, denials_, 405, "method_not_allowed", "evidence is asked for by POST");
  } else if (access == nullptr) {
    co_await internal::refuse_evidence(exchange, denials_, 503, "starting",
                                       "the policies are not in force, so there is nothing to vouch for");
  } else {
    co_await answer_key(exchange, *access);
  }
  co_return true;
}

net::Task<> SealedRoute::answer_key(Exchange& exchange, const Access& access) {
  const auto request = co_await internal::read_question(exchange, denials_);
  if (!request) co_return;
  if (request->sender != attest::Sender::kServer || request->lease) {
    co_await internal::refuse_evidence(exchange, denials_, 400, "no_such_sender",
                                       "evidence of the server's own key is asked for here, and it has no leases");
    co_return;
  }
  const auto key = shared_.keys.current(recorder_.clock().steady());
  attest::SealedKeyAnswer answer{.key = ohttp::encode(key->configuration), .evidence = {}};
  const auto bundle = internal::bundle_digest(access);
  const attest::ReportData binding = attest::sealed_key_binding(answer.key, request->nonce, bundle);
  const auto attested = co_await internal::quote_over(exchange, denials_, desk_, *request, binding, bundle);
  if (!attested) co_return;
  answer.evidence = *attested->evidence;
  answer.evidence.sender = attest::Sender::kServer;
  answer.evidence.vouched = {.lease_key = {}, .bundle = bundle};
  answer.evidence.place = attested->place;
  const auto text = attest::write_sealed_key_answer(answer);
  if (!text) {
    co_await internal::refuse_evidence(exchange, denials_, 503, "evidence_unavailable", "there is no evidence now");
    co_return;
  }
  co_await internal::reply_evidence(exchange, *text);
}

}  // namespace redoubt::gateway
