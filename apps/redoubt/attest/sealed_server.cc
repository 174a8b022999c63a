#include "redoubt/attest/sealed_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/secret.h"
#include "ohttp/http_date.h"
#include "redoubt/fetch.h"

namespace redoubt::app::attest_verbs {

namespace {

constexpr std::string_view kGatewayPath = "/.well-known/ohttp-gateway";
constexpr std::string_view kUnknownKey = "http-problem-types#ohttp-key";  // RFC 9458 §5.3
constexpr std::size_t kMaxProblem = 64 * 1024;

}  // namespace

net::Task<Result<>> SealedResponse::read_more() {
  const auto piece = co_await outer_->read_some();
  if (!piece) co_return piece.error();
  ended_ = piece->empty();
  const auto opened = ended_ ? opener_.end() : opener_.feed(as_bytes(*piece));
  if (!opened) co_return opened.error();
  if (auto read = reader_.feed(*opened); !read) co_return read;
  if (ended_ && !reader_.ended()) co_return Error(Errc::kVerifyFailed, "the sealed response is cut");
  co_return Result<>();
}

net::Task<Result<>> SealedResponse::begin() {
  while (reader_.head() == nullptr) {
    if (auto read = co_await read_more(); !read) co_return read;
  }
  co_return Result<>();
}

net::Task<Result<std::string>> SealedResponse::read_some() {
  while (true) {
    std::string content = reader_.take_content();
    if (!content.empty() || ended_) co_return content;
    if (auto read = co_await read_more(); !read) co_return read.error();
  }
}

net::Task<Result<SealedServer::Reply>> SealedServer::read_all(net::ClientResponse& response, std::size_t limit) {
  Reply out{.status = response.status(), .body = {}};
  while (true) {
    const auto piece = co_await response.read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    out.body += *piece;
    if (out.body.size() > limit) co_return Error(Errc::kTooLarge, "the server's answer is too large");
  }
  co_return out;
}

net::Task<Result<>> SealedServer::ask() {
  attest::EvidenceRequest question;
  crypto::random_bytes(question.nonce);
  for (const auto& [name, part] : accepted_.policy().parts) {
    if (std::ranges::count(question.kinds, part.kind) == 0) question.kinds.push_back(part.kind);
  }
  const std::string body = attest::write_evidence_request(question);
  const std::array<net::HeaderField, 1> fields{{{"Content-Type", "application/json"}}};
  const net::ClientRequest request{
      .method = net::Method::kPost, .path = attest::kSealedKeyPath, .headers = fields, .body = body};
  auto response = co_await client_.send(request);
  if (!response) co_return response.error();
  const auto reply = co_await read_all(**response, attest::SealedKeyAnswer::kMaxBytes);
  if (!reply) co_return reply.error();
  if (reply->status != 200) co_return reply_error({.status = reply->status, .body = reply->body, .headers = {}}, "key");
  const UnixMillis now = now_();
  const attest::SealedKeyExpectation expectation{.nonce = question.nonce, .bundle = {}, .at = now, .files = {}};
  const auto verified =
      attest::verify_sealed_key(verifier_, reply->body, expectation, accepted_.policy(), accepted_.references());
  if (!verified) co_return verified.error();
  const auto configuration = ohttp::decode_key_configuration(verified->key);
  if (!configuration) co_return configuration.error();
  UnixMillis until{now.value + kKeyAgeMs};
  if (verified->appraisal.valid_until) until = std::min(until, *verified->appraisal.valid_until);
  key_ = VerifiedKey{.configuration = *configuration, .until = until};
  ++verified_;
  co_return Result<>();
}

net::Task<Result<std::unique_ptr<SealedResponse>>> SealedServer::send(const ohttp::BinaryRequest& asked) {
  const std::string date = ohttp::format_http_date(now_());
  ohttp::BinaryRequest request = asked;
  request.fields.push_back({"date", date});
  const Bytes content = ohttp::write_request(request);
  for (bool again = false;; again = true) {
    if (key_ && now_() >= key_->until) key_.reset();
    if (!key_) {
      if (auto known = co_await ask(); !known) co_return known.error();
    }
    const ohttp::KeyConfiguration configuration = key_->configuration;
    auto sealed = ohttp::seal_request(configuration, content);
    if (!sealed) co_return sealed.error();
    const std::array<net::HeaderField, 1> fields{{{"Content-Type", ohttp::kRequestType}}};
    const net::ClientRequest outer{
        .method = net::Method::kPost, .path = kGatewayPath, .headers = fields, .body = as_chars(sealed->message)};
    auto response = co_await client_.send(outer);
    if (!response) co_return response.error();
    if ((*response)->status() == 200 && (*response)->header("content-type") == ohttp::kResponseType) {
      auto out = std::make_unique<SealedResponse>(*std::move(response), std::move(sealed->response));
      if (auto begun = co_await out->begin(); !begun) co_return begun.error();
      co_return std::move(out);
    }
    const auto reply = co_await read_all(**response, kMaxProblem);
    if (!reply) co_return reply.error();
    if (again || reply->status != 400 || reply->body.find(kUnknownKey) == std::string::npos) {
      const Error why = reply_error({.status = reply->status, .body = reply->body, .headers = {}}, "answer");
      co_return Error(Errc::kUnavailable, "the answer is not sealed: " + std::string(why.message()));
    }
    if (key_ && key_->configuration == configuration) key_.reset();
  }
}

}  // namespace redoubt::app::attest_verbs
