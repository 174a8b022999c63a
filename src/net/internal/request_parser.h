// A request head (RFC 9112 §3 to §6), judged strictly: what two parsers could read differently is refused.
//
// Beast's parser reads the grammar; HeadScanner has checked the lines before; this adds what a gateway must insist on.
// Nothing is allocated: every view is of the head's own bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/exchange.h"
#include "net/internal/message_head.h"

namespace redoubt::net::internal {

// Why the server itself answers.
namespace refusals {
inline constexpr Refusal kMalformed{400, "malformed_request", "the request head is not well-formed HTTP/1.1"};
inline constexpr Refusal kFraming{400, "ambiguous_framing", "the length of the request body is stated ambiguously"};
inline constexpr Refusal kBody{400, "malformed_body", "the chunked request body is not well-formed"};
inline constexpr Refusal kHost{400, "invalid_host", "the request needs exactly one valid `Host` field"};
inline constexpr Refusal kTarget{400, "invalid_target", "the request target is not an acceptable path"};
inline constexpr Refusal kNotTls{400, "tls_required", "this port speaks TLS: use `https://`"};
inline constexpr Refusal kTimeout{408, "request_timeout", "the request did not arrive in time"};
inline constexpr Refusal kTooManyBodies{503, "overloaded", "too many requests are being read"};
inline constexpr Refusal kBodyTooLarge{413, "body_too_large", "the request body exceeds the limit"};
inline constexpr Refusal kExpectation{417, "unknown_expectation", "only `Expect: 100-continue` is supported"};
inline constexpr Refusal kHeadTooLarge{431, "head_too_large", "the request head exceeds the limit"};
inline constexpr Refusal kTooManyFields{431, "too_many_headers", "the request has too many header fields"};
inline constexpr Refusal kNoReply{500, "internal_error", "the request could not be answered"};
inline constexpr Refusal kConnect{501, "connect_not_supported", "`CONNECT` is not supported"};
inline constexpr Refusal kVersion{505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are supported"};
}  // namespace refusals

struct ParsedRequest {
  RequestHead head;
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;
  bool http_1_0 = false;
  bool keep_alive = false;
  bool expect_continue = false;
};

// `bytes` is one complete head as HeadScanner found it, end mark included. Fields go to `storage`, whose size is the
// most that is allowed. `out` refers to both. Any thread.
Refusal parse_request_head(std::string_view bytes, std::span<HeaderField> storage, ParsedRequest& out);

}  // namespace redoubt::net::internal
