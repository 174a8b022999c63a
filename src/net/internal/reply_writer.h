// The bytes of a reply head (RFC 9112 §4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/exchange.h"
#include "net/internal/request_parser.h"

namespace redoubt::net::internal {

struct ReplyFraming {
  BodyFraming body = BodyFraming::kLength;
  std::uint64_t length = 0;     // with kLength
  std::string_view connection;  // value of `Connection`; empty: none
};

// Whether a reply of this status has neither body nor Content-Length (RFC 9110 §8.6).
constexpr bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

// Appends the head with its empty line. kInvalidArgument, and nothing appended, for a status outside 200 to 599, a
// field name that is no token, a value with control characters, or a field that is the server's own business: what an
// upstream said may be passed on here, so this is what stops response splitting.
Result<> append_reply_head(std::string& out, const ReplyHead& head, const ReplyFraming& framing, std::string_view date);

}  // namespace redoubt::net::internal
