// What a fact keeps of a caller's Idempotency-Key.
#pragma once

#include <string>
#include <string_view>

#include "net/exchange.h"

namespace redoubt::admin::internal {

// Lower-case hex of SHA-256: over whose key it is and its text, so that nobody meets another's; and over what the
// request asks for (method, target, condition, body).
struct Idempotency {
  std::string key;
  std::string request;
};
Idempotency make_idempotency(std::string_view principal, std::string_view key, const net::RequestHead& head,
                             std::string_view body);

}  // namespace redoubt::admin::internal
