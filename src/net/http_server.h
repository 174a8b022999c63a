// HTTP/1.1 server (RFC 9112) on one core: accepts from one listening socket, parses with limits, hands each exchange to
// the handler, keeps connections alive, drains on request.
//
// What the server refuses by itself it answers with `Connection: close` and what ExchangeHandler::refused() says: 400
// malformed, ambiguously framed or misdirected, 408 too slow, 413 body (by its stated length) and 431 head above the
// limit, 417 unknown expectation, 500 when the handler left it without a reply, 501 CONNECT, 505 other versions of
// HTTP. src/net/README.md lists what is refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/deadline.h"
#include "net/exchange.h"
#include "net/task.h"
#include "net/tls_server.h"

namespace redoubt::net {

struct ServerLimits {
  std::size_t max_head_bytes = 16 * 1024;
  std::size_t max_headers = 64;
  std::size_t max_body_bytes = 4 * 1024 * 1024;    // after decoding
  std::size_t max_held_bytes = 256 * 1024 * 1024;  // of bodies together, per core; beyond it they are refused
  std::size_t max_connections = 20'000;            // per core, with those in a handshake; beyond it, accepting pauses
  std::chrono::milliseconds handshake_timeout{10'000};  // of TLS, from the connection's start
  std::chrono::milliseconds head_timeout{10'000};       // first byte of a request to the end of its head
  std::chrono::milliseconds body_timeout{30'000};       // end of the head to the end of the body
  std::chrono::milliseconds idle_timeout{75'000};       // between two requests of a connection
  std::chrono::milliseconds write_timeout{30'000};  // in which a peer that holds up a write takes 64 KiB more, or all
};

struct ServerStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t exchanges = 0;  // handed to the handler
  std::uint64_t malformed = 0;  // refused by the server itself, for a fault of the request
  std::uint64_t handshakes_failed = 0;
};

// Construct, start(), and later await drain() before it, the handler or the sweep goes: exchanges in flight refer to
// the handler. One thread: the io_context's.
class HttpServer {
 public:
  // `listener` is bound, as by bind_tcp() or bind_unix(). `handler` and `sweep` must outlive the server; the sweep must
  // be started for time limits to hold.
  HttpServer(boost::asio::io_context& io, DeadlineSweep& sweep, UniqueFd listener, ServerLimits limits,
             ExchangeHandler& handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  // Listens, unless the listener does already (a confined process may not), and accepts. Errors: kUnavailable, kIo,
  // from listening.
  Result<> start();
  // From the next connection on, nothing but TLS under this context; connections that are open keep what they have. A
  // request without TLS is answered 400 and closed. Null: there is no certificate to show, and connections are closed
  // as they come. The first call comes before start(); there is no way back to plain HTTP.
  void set_tls(std::shared_ptr<const TlsServerContext> context);
  // Called when a TLS connection has ended whose handshake was complete: what was remembered of it can go. Before
  // start(); what it refers to outlives the server.
  void on_closed(std::function<void(const ChannelBinding& channel)> closed);
  // Stops accepting, closes idle connections, lets exchanges in flight finish, at most for `grace`; then closes what is
  // left, so that a handler's next use of its exchange fails. Completes when no connection is open and every handler
  // has returned. Once only.
  Task<> drain(std::chrono::milliseconds grace);
  ServerStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// What a listen address says.
struct ListenAddress {
  std::string host;  // numeric, without brackets
  std::uint16_t port = 0;
  bool loopback = false;     // can be reached from this machine alone
  bool unspecified = false;  // every address of this machine
};

// `address` is numeric, `host:port` or `[v6]:port`. kInvalidArgument.
Result<ListenAddress> parse_listen_address(std::string_view address);

// A bound socket with SO_REUSEADDR and SO_REUSEPORT, not yet listening. `address` as parse_listen_address() takes it;
// port 0 takes a free one. Errors: kInvalidArgument, kUnavailable (in use), kPermissionDenied.
Result<UniqueFd> bind_tcp(std::string_view address);
// A bound Unix domain socket, not yet listening, for callers on this machine; `path` has at most 107 bytes. A socket
// that an earlier process left there is replaced; anything else there, or a socket somebody still listens on, is not.
// Who may connect is `mode`'s and the folder's business, and says nothing of who is calling. Whoever stops listening
// removes the path. Errors: kInvalidArgument, kUnavailable (in use), kAlreadyExists (not a socket), kPermissionDenied.
Result<UniqueFd> bind_unix(const std::string& path, unsigned mode = 0660);
// What Exchange::peer_address() says of callers over a Unix domain socket.
inline constexpr std::string_view kLocalPeer = "local";
// The port that a bound socket has; 0 when it is not a bound TCP socket.
std::uint16_t bound_port(int fd);

}  // namespace redoubt::net
