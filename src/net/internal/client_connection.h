// One connection to an upstream, plain or TLS: bytes out, bytes in, each wait under one deadline. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "net/connection_guard.h"
#include "net/deadline.h"
#include "net/exchange.h"
#include "net/http_client.h"
#include "net/internal/byte_buffer.h"
#include "net/internal/socket_io.h"
#include "net/internal/tls_client.h"
#include "net/task.h"

namespace redoubt::net::internal {

class ClientConnection {
 public:
  // Every connection of a client, so that all can be cut off.
  using Registry = std::unordered_set<ClientConnection*>;

  // Enters itself in `registry`, which must outlive it.
  ClientConnection(boost::asio::io_context& io, DeadlineSweep& sweep, Registry& registry);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
  ~ClientConnection();

  // Resolves, connects and, with `tls`, proves who the peer is; all within `timeout`, but that looking up a name cannot
  // be interrupted. The parameters must stay valid meanwhile. Errors: kUnavailable, kDeadlineExceeded.
  Task<Result<>> connect(const UpstreamUrl& url, const TlsContext* tls, std::chrono::milliseconds timeout);

  // Sends everything; `timeout` is for a wait without progress. `sent` counts what the kernel (TLS: the session) took,
  // also on failure. Errors: kUnavailable, kDeadlineExceeded.
  Task<Result<>> send(Gather gather, std::chrono::milliseconds timeout, std::uint64_t& sent);

  // Some bytes into `space`; 0 at the peer's orderly end (TLS: close_notify, so that a cut is told from an end). The
  // deadline is the caller's. Errors: kUnavailable, kDeadlineExceeded.
  Task<Result<std::size_t>> receive(char* space, std::size_t size);

  // For a kept-alive connection: false when the peer has closed it or sent something nobody asked for.
  bool still_idle();

  // Empty without TLS; the exporter, too, before TLS 1.3.
  ChannelBinding channel_binding() const;
  // DER; empty without TLS.
  std::string peer_certificate() const;

  // Closes it now; what waits on it ends with kUnavailable.
  void cut_off();

  Deadline& deadline() { return deadline_; }

  // What the client's guard found at the other end; null without one.
  std::shared_ptr<const AdmittedPeer> peer;

  // Memory for responses, kept with the connection for the next one.
  ByteBuffer head;
  ByteBuffer body;
  std::vector<HeaderField> fields;
  std::string out;

 private:
  Task<Result<>> handshake(const std::string& host, const TlsContext& tls);
  // Waits as `want` says. kFailed and kClosed must not come here.
  Task<Result<>> wait_for(TlsIo want);
  Error failed(const char* what, const boost::system::error_code& error) const;

  Registry& registry_;
  Socket socket_;
  boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor> resolver_;
  Deadline deadline_;
  std::unique_ptr<TlsSession> tls_;
  bool cut_off_ = false;
};

}  // namespace redoubt::net::internal
