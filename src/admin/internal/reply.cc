#include "admin/internal/reply.h"

#include "crypto/secret.h"

namespace redoubt::admin::internal {

Reply::Reply(const Problem& problem) : status(problem.status()), media_type(kProblemMediaType), body(problem.body()) {
  if (problem.retry_after_s > 0) headers.emplace_back("Retry-After", std::to_string(problem.retry_after_s));
  // RFC 9110 §15.5.2, RFC 6750 §3.
  if (status == 401) headers.emplace_back("WWW-Authenticate", "Bearer realm=\"redoubt\"");
}

net::Task<> send(net::Exchange& exchange, Reply& reply) {
  std::vector<net::HeaderField> headers{{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  for (const auto& [name, value] : reply.headers) headers.push_back({name, value});
  const net::ReplyHead head{.status = reply.status, .content_type = reply.media_type, .headers = headers};
  // One who has gone needs no answer.
  [[maybe_unused]] const auto sent = co_await exchange.reply(head, reply.body);
  if (reply.secret) crypto::wipe(std::as_writable_bytes(std::span(reply.body)));
}

}  // namespace redoubt::admin::internal
