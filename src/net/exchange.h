// One request and its reply, as the pipeline sees it: no HTTP parser's types, so that HTTP/1.1 today and HTTP/2 later
// stand behind the same interface.
//
// An exchange lives on one core's thread. Views returned by it are valid until the exchange ends unless stated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/task.h"

namespace redoubt::net {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

std::string_view to_string(Method method);

struct HeaderField {
  std::string_view name;   // as received or to be sent; compared without regard to case
  std::string_view value;  // without surrounding white space
};

// What the channel to the peer proves about itself. Empty on plain HTTP.
struct ChannelBinding {
  std::string exporter;          // RFC 9266 tls-exporter, 32 bytes
  std::string server_key;        // SHA-256 of the SubjectPublicKeyInfo (DER) of the certificate that the peer was shown
  std::string peer_certificate;  // DER; empty without client authentication
};

// The request head, parsed once; what it says alone decides.
struct RequestHead {
  Method method = Method::kOther;
  std::string_view path;   // up to `?`, not percent-decoded; begins with `/`, or is `*` for kOptions. Visible ASCII
  std::string_view query;  // after `?`
  std::span<const HeaderField> headers;

  // The field's value, or empty when it is absent. `count`, when given, receives how often the field occurs.
  std::string_view header(std::string_view name, int* count = nullptr) const;
};

// The reply head. `Content-Length`, `Transfer-Encoding`, `Connection` and `Date` are the server's own business.
struct ReplyHead {
  int status = 200;
  std::string_view content_type;
  std::span<const HeaderField> headers;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& request() const = 0;
  virtual std::string_view peer_address() const = 0;  // numeric, without port; or kLocalPeer (http_server.h)
  virtual const ChannelBinding& channel_binding() const = 0;

  // The whole body, valid until the exchange ends; before the reply is started. Errors: kTooLarge above the server's
  // body limit (chunked; a stated length above it never reaches the handler), kMalformed for broken framing,
  // kDeadlineExceeded for a slow sender, kUnavailable when the peer has gone, kResourceExhausted when the bodies of all
  // exchanges together reach the server's limit. After an error the handler may still
  // reply, or leave the fitting error to the server; the connection then closes. A body left unread is skipped when it
  // is small; otherwise the connection closes after the reply.
  virtual Task<Result<std::string_view>> read_body() = 0;

  // Sends a whole reply. Exactly one of reply() and start_stream() is called, once. Errors: kInvalidArgument, with
  // nothing sent and another reply possible, for a status outside 200 to 599, a header name that is no token, a control
  // character in a value, a header that is the server's; kUnavailable when the peer has gone; kDeadlineExceeded when it
  // reads too slowly.
  virtual Task<Result<>> reply(const ReplyHead& head, std::string_view body) = 0;

  // Sends the head of a reply whose length is not known, then pieces, then the end. write() suspends while the peer is
  // slow. Errors: as reply(). A handler that returns before finish() aborts.
  virtual Task<Result<>> start_stream(const ReplyHead& head) = 0;
  virtual Task<Result<>> write(std::string_view bytes) = 0;
  virtual Task<Result<>> finish() = 0;

  // Ends the reply without its end mark: the connection is closed so that the peer can tell that it is incomplete.
  virtual void abort() = 0;
};

// A request that the server refuses by itself: it could not be read, or the handler left it without a reply. `code` and
// `message` are static; http_server.h lists the statuses.
struct Refusal {
  int status = 0;  // 0: none
  std::string_view code;
  std::string_view message;

  explicit operator bool() const { return status != 0; }
};

// What the peer of a refused request is told.
struct RefusalReply {
  std::string_view content_type;  // static
  std::string body;
};

// What answers exchanges. One object per core; must outlive the server. A handler that returns without replying leaves
// the server to answer 500 and close.
class ExchangeHandler {
 public:
  virtual ~ExchangeHandler() = default;
  virtual Task<> handle(Exchange& exchange) = 0;

  // Called once for each reply that the server gives by itself, before it goes out: to count it, and to say it in the
  // API's own form. `peer_address` as in Exchange; `path` is empty when the head could not be read. Not called for a
  // connection that closes or idles without a byte of a request. Does not throw. The default says `message` as text.
  virtual RefusalReply refused(std::string_view peer_address, std::string_view path, const Refusal& refusal);
};

}  // namespace redoubt::net
