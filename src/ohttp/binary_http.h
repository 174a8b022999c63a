// Messages of HTTP as bytes without a connection (RFC 9292): what is in a sealed request and its response.
//
//   const auto request = read_request(content);          // both of its forms
//   append_response_head(out, 200, fields); append_content(out, "…"); append_end(out);
//
//   ResponseReader reader;                                // the other end
//   reader.feed(bytes); if (reader.head()) … reader.take_content() …
//
// Requests are written in the form of known length and read in both; responses are written and read in the form of
// indeterminate length alone, which lets them be sent as they come to be. Without interim responses and trailers: the
// fields of trailers are read and dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::ohttp {

struct Field {
  std::string_view name;   // lower case when read; written in lower case
  std::string_view value;  // without white space around it

  friend bool operator==(const Field&, const Field&) = default;
};

inline constexpr std::size_t kMaxFields = 64;
inline constexpr std::size_t kMaxFieldBytes = 16 * 1024;   // of names and values together
inline constexpr std::size_t kMaxControlBytes = 8 * 1024;  // method, scheme, authority and path together

struct BinaryRequest {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // with the query if there is one
  std::vector<Field> fields;
  std::string_view content;
  std::vector<char> joined;  // what `content` points into when it came in several pieces
};

// Views are into `message`, and into what is returned. kMalformed for another form: control data that are no token or
// have white space or controls, fields that are none or have upper case, bytes other than padding after the end;
// kTooLarge above the limits.
Result<BinaryRequest> read_request(ByteView message);

// `joined` is not looked at. Precondition: fields are token and value, as net::HeaderField.
Bytes write_request(const BinaryRequest& request);

// A response: its head, pieces of its content, its end.
void append_response_head(Bytes& out, int status, std::span<const Field> fields);
void append_content(Bytes& out, std::string_view content);  // nothing for an empty piece
void append_end(Bytes& out);

// A response as it comes, in pieces of any size. One thread at a time.
class ResponseReader {
 public:
  struct Head {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
  };

  // Errors are final: kMalformed for another form, an interim response, bytes other than padding after the end;
  // kTooLarge for a head above the limits.
  Result<> feed(ByteView bytes);
  // Null until it is there whole.
  const Head* head() const { return head_ ? &*head_ : nullptr; }
  // What of the content has come since the last call.
  std::string take_content();
  // Whether all of it has come. One that stays without an end was cut.
  bool ended() const { return state_ == State::kEnded; }

 private:
  enum class State : std::uint8_t { kHead, kLength, kContent, kTrailers, kEnded, kFailed };

  Result<> failed(Error why);
  Result<bool> step(ByteView& rest);
  Result<bool> read_head(ByteView& rest);

  State state_ = State::kHead;
  std::optional<Head> head_;
  Bytes held_;                      // not read yet
  std::uint64_t content_left_ = 0;  // of the piece
  std::string content_;
};

}  // namespace redoubt::ohttp
