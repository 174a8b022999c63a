// HTTP/1.1 client (RFC 9112) for upstreams: a pool of kept-alive connections per core, plain or TLS.
//
//   HttpClient client(io, sweep, *UpstreamUrl::parse("https://models.example:8443/base"), limits);
//   auto response = co_await client.send(request);      // returns once the response head has arrived
//   while (true) {
//     auto piece = co_await (*response)->read_some();
//     if (!piece || piece->empty()) break;              // error, or the body's proper end
//   }
//
// One thread. A response that is destroyed before its body's end closes its connection; otherwise the connection goes
// back to the pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/deadline.h"
#include "net/exchange.h"
#include "net/task.h"

namespace redoubt::net {

class AdmittedPeer;
class ConnectionGuard;

struct UpstreamUrl {
  bool tls = false;
  std::string host;  // name or numeric address, without brackets
  std::uint16_t port = 0;
  std::string base_path;  // without a trailing slash; often empty

  // `http://` or `https://`, no user part, query or fragment. kInvalidArgument with the reason.
  static Result<UpstreamUrl> parse(std::string_view url);

  // Whether what is sent there crosses a network without TLS: `http` to another host than a loopback address (RFC 1122
  // §3.2.1.3, RFC 4291 §2.5.3) or `localhost` (RFC 6761 §6.3). Looks no name up.
  bool in_the_clear() const;
};

struct ClientLimits {
  std::chrono::milliseconds connect_timeout{5'000};  // with name and TLS; looking up a name is not interrupted
  std::chrono::milliseconds head_timeout{120'000};   // from the request sent to the response head
  std::chrono::milliseconds idle_timeout{60'000};    // between two pieces of the body, in either direction
  std::chrono::milliseconds reply_timeout{600'000};  // from the response head to the body's end, however it trickles
  std::size_t max_head_bytes = 32 * 1024;
  std::size_t max_idle_connections = 256;  // kept alive, per core
  std::string ca_file;                     // PEM; empty: the system's trust anchors
};

struct ClientRequest {
  Method method = Method::kGet;
  std::string_view path;                 // joined to the URL's base_path; with query if any
  std::span<const HeaderField> headers;  // without those that frame or steer: Host, Content-Length, Connection, Expect…
  std::string_view body;
};

class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  virtual int status() const = 0;
  virtual std::string_view header(std::string_view name) const = 0;
  virtual std::span<const HeaderField> headers() const = 0;  // all, in their order
  // Body length when the head states it.
  virtual bool content_length(std::uint64_t& length) const = 0;
  // The next piece, decoded, valid until the next call; empty at the body's proper end. Trailer fields are dropped.
  // Errors: kUnavailable when the connection ends early, kMalformed for broken framing, kDeadlineExceeded; then no
  // more. The response must stay alive until the call returns.
  virtual Task<Result<std::string_view>> read_some() = 0;
  // The body must end within `total` from now, if it had more time before.
  virtual void must_end_within(std::chrono::milliseconds total) = 0;
  // Closes the connection: a read_some() that waits fails soon, with kUnavailable, and every later one. What was
  // received already may still be read. Any number of times.
  virtual void cut_off() = 0;
};

// A connection for one request, taken before there is one: for whoever decides on a request by what the peer is.
// Destroyed unused, it goes back to the pool. Not after the client.
class ReservedConnection {
 public:
  virtual ~ReservedConnection() = default;
  // Null without a guard.
  virtual const std::shared_ptr<const AdmittedPeer>& peer() const = 0;
};

class HttpClient {
 public:
  HttpClient(boost::asio::io_context& io, DeadlineSweep& sweep, UpstreamUrl url, ClientLimits limits);
  ~HttpClient();

  // Everything in `request` must stay valid until this returns. A kept-alive connection that turns out closed before
  // any byte of a response is replaced once when the upstream cannot have seen the request; a POST whose bytes may have
  // arrived is never sent twice. Errors: kUnavailable (refused, reset, name unknown, TLS refused: the message says
  // which), kDeadlineExceeded, kMalformed (nonsense instead of HTTP), kTooLarge (head), kInvalidArgument (method, path
  // or headers of the request, or ca_file). Interim (1xx) responses are passed over.
  Task<Result<std::unique_ptr<ClientResponse>>> send(const ClientRequest& request);

  // From now on no request goes out on a new connection before `guard` has admitted it; send() then fails as the guard
  // says, too. Before the first send(). `guard` must outlive the client.
  void guard(ConnectionGuard& guard);

  // One that is kept alive, or a new one. Errors: as send() has them before a request goes out.
  Task<Result<std::unique_ptr<ReservedConnection>>> reserve();
  // As send(), on the connection reserved; where it turns out closed, on another one to the same peer
  // (AdmittedPeer::is_same_as()). kVerifyFailed, with nothing sent, when the peer there is another.
  Task<Result<std::unique_ptr<ClientResponse>>> send(const ClientRequest& request,
                                                     std::unique_ptr<ReservedConnection> reserved);

  // Takes a response of which no more is wanted and reads on to its end by itself, so that its connection can be used
  // again; one whose end does not come within kRestBytes and kRestTime is closed. At most kRestsMax at a time.
  void finish(std::unique_ptr<ClientResponse> response);
  static constexpr std::size_t kRestBytes = 64 * 1024;
  static constexpr std::chrono::milliseconds kRestTime{1'000};
  static constexpr std::size_t kRestsMax = 256;

  // Closes idle connections, and those of finish(); others close when they end.
  void close_idle();

  // Ends everything now: exchanges under way fail with kUnavailable, and no connection is made any more.
  void cut_off();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redoubt::net
