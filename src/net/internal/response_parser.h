// A response head (RFC 9112 §4 to §6) from an upstream, as strict about framing as the request parser.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/exchange.h"
#include "net/internal/message_head.h"

namespace redoubt::net::internal {

struct ParsedResponse {
  int status = 0;  // 100 to 999
  std::span<const HeaderField> headers;
  BodyFraming framing = BodyFraming::kNone;
  bool has_length = false;
  std::uint64_t content_length = 0;  // as stated, also where no body follows (HEAD, 304)
  bool keep_alive = false;
};

enum class ResponseVerdict : std::uint8_t { kGood, kMalformed, kTooManyFields };

// `bytes` is one complete head as HeadScanner found it; `to` the method of the request it answers. `out` refers to
// `bytes` and `storage`. Any thread.
ResponseVerdict parse_response_head(std::string_view bytes, Method to, std::span<HeaderField> storage,
                                    ParsedResponse& out);

}  // namespace redoubt::net::internal
