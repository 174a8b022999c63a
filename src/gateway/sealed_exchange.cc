#include "gateway/sealed_exchange.h"

#include <array>

namespace redoubt::gateway {

namespace {

using net::HeaderField;

// A balancer that keeps pieces back until it has many would undo streaming.
constexpr std::array<HeaderField, 2> kOuterFields{{{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}};

// Whatever the status inside (RFC 9458 §4.4).
net::ReplyHead outer_head() {
  return {.status = 200, .content_type = ohttp::kResponseType, .headers = kOuterFields};
}

net::Method method_of(std::string_view name) {
  using net::Method;
  for (const Method each :
       {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete, Method::kOptions}) {
    if (name == net::to_string(each)) return each;
  }
  return Method::kOther;
}

}  // namespace

SealedExchange::SealedExchange(net::Exchange& outer, const ohttp::BinaryRequest& request,
                               ohttp::ResponseSealer& response)
    : outer_(outer), response_(response), content_(request.content) {
  for (const ohttp::Field& each : request.fields) fields_.push_back({each.name, each.value});
  const std::size_t end = request.path.find('?');
  head_ = {.method = method_of(request.method),
           .path = request.path.substr(0, end),
           .query = end == std::string_view::npos ? std::string_view() : request.path.substr(end + 1),
           .headers = fields_};
}

net::Task<Result<std::string_view>> SealedExchange::read_body() {
  co_return content_;
}

Bytes SealedExchange::begin(const net::ReplyHead& head) {
  std::vector<ohttp::Field> fields;
  if (!head.content_type.empty()) fields.push_back({"content-type", head.content_type});
  for (const HeaderField& each : head.headers) fields.push_back({each.name, each.value});
  Bytes out;
  ohttp::append_response_head(out, head.status, fields);
  return out;
}

net::Task<Result<>> SealedExchange::reply(const net::ReplyHead& head, std::string_view body) {
  Bytes plain = begin(head);
  ohttp::append_content(plain, body);
  ohttp::append_end(plain);
  Bytes out = to_bytes(response_.begin());
  response_.add(out, plain);
  response_.end(out);
  const net::ReplyHead outer = outer_head();
  co_return co_await outer_.reply(outer, as_chars(out));
}

net::Task<Result<>> SealedExchange::start_stream(const net::ReplyHead& head) {
  Bytes out = to_bytes(response_.begin());
  response_.add(out, begin(head));
  const net::ReplyHead outer = outer_head();
  if (auto started = co_await outer_.start_stream(outer); !started) co_return started;
  co_return co_await outer_.write(as_chars(out));
}

net::Task<Result<>> SealedExchange::write(std::string_view bytes) {
  Bytes plain;
  ohttp::append_content(plain, bytes);
  Bytes out;
  response_.add(out, plain);
  co_return co_await outer_.write(as_chars(out));
}

net::Task<Result<>> SealedExchange::finish() {
  Bytes plain;
  ohttp::append_end(plain);
  Bytes out;
  response_.end(out, plain);
  if (auto sent = co_await outer_.write(as_chars(out)); !sent) co_return sent;
  co_return co_await outer_.finish();
}

}  // namespace redoubt::gateway
