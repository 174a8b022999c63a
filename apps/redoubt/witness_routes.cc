#include "redoubt/witness_routes.h"

#include <algorithm>

#include "base/log.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kCheckpoint = "/checkpoint";

net::Task<> reply(net::Exchange& exchange, int status, std::string_view content_type, std::string_view body) {
  const net::ReplyHead head{.status = status, .content_type = content_type, .headers = {}};
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent = co_await exchange.reply(head, body);
}

net::Task<> refuse_method(net::Exchange& exchange, std::string_view allowed) {
  const net::HeaderField allow[] = {{"Allow", allowed}};
  const net::ReplyHead head{.status = 405, .content_type = kText, .headers = allow};
  [[maybe_unused]] const auto sent = co_await exchange.reply(head, "method not allowed\n");
}

}  // namespace

net::Task<> WitnessRoutes::handle(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  const bool reads = request.method == net::Method::kGet || request.method == net::Method::kHead;
  std::string_view path = request.path;
  if (path == "/add-checkpoint") {
    if (request.method != net::Method::kPost) co_return co_await refuse_method(exchange, "POST");
    const auto body = co_await exchange.read_body();
    if (!body) co_return;  // the server says why
    const tlog::WitnessReply answer = witness_.add_checkpoint(*body);
    if (!answer.alert.empty()) log::error("witness", answer.alert);
    co_return co_await reply(exchange, answer.status, answer.content_type, answer.body);
  }
  if (path == "/healthz") {
    if (!reads) co_return co_await refuse_method(exchange, "GET, HEAD");
    co_return co_await reply(exchange, 200, kText, "ok\n");
  }
  if (path.starts_with('/') && path.ends_with(kCheckpoint)) {
    if (!reads) co_return co_await refuse_method(exchange, "GET, HEAD");
    path.remove_prefix(1);
    path.remove_suffix(std::min(path.size(), kCheckpoint.size()));
    const tlog::WitnessReply answer = witness_.checkpoint(path);
    co_return co_await reply(exchange, answer.status, answer.content_type, answer.body);
  }
  co_await reply(exchange, 404, kText, "not found\n");
}

net::ServerLimits witness_server_limits() {
  return {.max_body_bytes = tlog::kMaxWitnessRequestSize,
          .max_held_bytes = 32 * 1024 * 1024,
          .max_connections = 500,
          .body_timeout = std::chrono::milliseconds(10'000),
          .idle_timeout = std::chrono::milliseconds(30'000),
          .write_timeout = std::chrono::milliseconds(10'000)};
}

}  // namespace redoubt::app
