// HTTP/1.1 requests (RFC 9112) in a buffer: a small parser with limits that keeps no state between calls.
//
//   ParseOutcome outcome = parse_request(buffer, limits);
//   if (outcome.state == ParseOutcome::State::kComplete) buffer.remove_prefix(outcome.size);
//
// Strict where leniency would let two parsers disagree: lines end in CRLF, one Content-Length at most, none beside
// Transfer-Encoding, no folded lines, no space before a colon. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace redoubt::standin {

struct HttpLimits {
  std::size_t max_head_bytes = 16 * 1024;  // request line and fields, with the empty line
  std::size_t max_headers = 64;
  std::size_t max_body_bytes = 4 * 1024 * 1024;
};

// Views into the buffer that was parsed.
struct HttpRequest {
  std::string_view method;
  std::string_view path;  // up to `?`, not percent-decoded; begins with `/`
  std::string_view body;
  bool http_1_1 = true;  // otherwise 1.0: no chunked replies
  bool keep_alive = true;
  bool has_credentials = false;  // an Authorization field is present
};

struct ParseOutcome {
  enum class State : std::uint8_t {
    kIncomplete,  // more bytes are needed
    kComplete,    // `request` is valid
    kRefused,     // answer `status`, then close: where the next request begins is unknown
  };

  State state = State::kIncomplete;
  // kComplete: how many bytes of the buffer the request takes. kIncomplete: how many the buffer must hold before
  // parsing again can succeed; 0 while that is not known.
  std::size_t size = 0;
  bool expects_continue = false;  // kIncomplete: the client waits for `100 Continue` before it sends the body
  int status = 0;                 // kRefused: 400, 411, 413, 417, 431, 501 or 505
  std::string_view reason;        // kRefused: for a person, a literal
  HttpRequest request;
};

ParseOutcome parse_request(std::string_view buffer, const HttpLimits& limits);

}  // namespace redoubt::standin
