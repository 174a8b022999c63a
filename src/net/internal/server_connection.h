// One connection of the server, and the exchange that is going on in it. One thread: the io_context's.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/deadline.h"
#include "net/exchange.h"
#include "net/http_server.h"
#include "net/internal/byte_buffer.h"
#include "net/internal/chunk_decoder.h"
#include "net/internal/head_scanner.h"
#include "net/internal/reply_writer.h"
#include "net/internal/request_parser.h"
#include "net/internal/socket_io.h"
#include "net/internal/tls_session.h"
#include "net/tls_server.h"

namespace redoubt::net::internal {

class ServerConnection;

// What an exchange needs and an idle connection does not; the server keeps a few to hand out again.
struct ExchangeMemory {
  explicit ExchangeMemory(std::size_t max_headers) : fields(max_headers) {}

  std::vector<HeaderField> fields;
  std::string out;   // the reply's head, or a chunk's
  ByteBuffer body;   // of a request, when it did not arrive with the head
  ByteBuffer coded;  // received, to be decoded
};

// What the connections of a server share. Connections keep it alive.
struct ServerCore {
  ServerCore(DeadlineSweep& s, const ServerLimits& l, ExchangeHandler& h) : sweep(s), limits(l), handler(h) {}

  std::unique_ptr<ExchangeMemory> take_memory();
  void give_back(std::unique_ptr<ExchangeMemory> memory);

  DeadlineSweep& sweep;
  ServerLimits limits;
  ExchangeHandler& handler;
  ServerStats stats;
  std::size_t held_bytes = 0;  // capacity of the bodies of exchanges under way
  bool draining = false;
  bool tls_only = false;
  std::shared_ptr<const TlsServerContext> tls;  // for new connections; null with tls_only: there are none
  std::unique_ptr<char[]> record;               // where TLS puts small pieces together
  ServerConnection* connections = nullptr;      // intrusive list; each is owned by its coroutine
  std::vector<std::unique_ptr<ExchangeMemory>> spare;
  std::function<void()> on_last_closed;  // set while draining
  std::function<void(const ChannelBinding&)> on_closed;
};

class ServerConnection final : public Exchange {
 public:
  ServerConnection(std::shared_ptr<ServerCore> core, Socket socket, const sockaddr_storage& peer);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection() override;

  // Serves exchanges until the connection ends.
  static Task<> run(std::unique_ptr<ServerConnection> self);

  // Between two exchanges, with nothing of the next one received, or before the first.
  bool idle() const { return idle_; }
  // Ends whatever the coroutine waits for at the socket.
  void close();
  ServerConnection* next() const { return next_; }

  const RequestHead& request() const override { return parsed_.head; }
  std::string_view peer_address() const override;
  const ChannelBinding& channel_binding() const override { return binding_; }
  Task<Result<std::string_view>> read_body() override;
  Task<Result<>> reply(const ReplyHead& head, std::string_view body) override;
  Task<Result<>> start_stream(const ReplyHead& head) override;
  Task<Result<>> write(std::string_view bytes) override;
  Task<Result<>> finish() override;
  void abort() override;

 private:
  enum class Next : std::uint8_t { kRequest, kRefused, kClosed };
  enum class BodyState : std::uint8_t { kUnread, kRead, kFailed };
  enum class ReplyState : std::uint8_t { kNone, kStreaming, kDone, kAborted };

  // The handshake. False when the connection is over; a peer that spoke plain HTTP has been told.
  Task<bool> start_tls();
  Task<Next> read_head();
  Task<> serve();
  Task<> refuse(Refusal refusal);
  Task<> linger();
  // After the reply: makes what is left of the request disappear. False when the connection must close.
  Task<bool> skip_body();

  Task<Result<std::string_view>> read_sized_body();
  Task<Result<std::string_view>> read_chunked_body();
  // Some bytes over TLS, as Asio's async_read_some without it.
  Task<boost::system::error_code> read_tls(char* space, std::size_t size, std::size_t& received);
  // Waits as `want` says; false when the deadline is over, or the socket.
  Task<bool> wait_for(TlsIo want);
  // Room for `capacity` bytes of the body. kResourceExhausted when all bodies together would be more than they may.
  Result<> reserve_body(std::size_t capacity);
  // At least one byte into `buffer`, whose space is not empty.
  Task<Result<>> receive(ByteBuffer& buffer, const Refusal& on_timeout);
  Error body_error(const Refusal& refusal, Errc code, const char* message);

  void decide_persistence();
  std::string_view connection_value() const;
  // Sends until everything is sent or the socket would block, as send_now().
  IoState send_some(Gather& gather, std::uint64_t& sent) {
    return tls_ ? send_tls(gather, sent) : send_now(socket_.native_handle(), gather, sent);
  }
  IoState send_tls(Gather& gather, std::uint64_t& sent);
  Task<Result<>> send(Gather gather);
  Task<Result<>> send_rest(Gather gather);
  Error peer_gone();

  std::shared_ptr<ServerCore> core_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;  // null: plain HTTP
  Deadline deadline_;
  ByteBuffer input_;
  std::unique_ptr<ExchangeMemory> memory_;
  HeadScanner scanner_;
  ParsedRequest parsed_;
  ChannelBinding binding_;
  Refusal refusal_;  // why the request could not be read, if so
  std::string_view body_;
  std::size_t head_size_ = 0;
  std::size_t used_of_input_ = 0;  // head and body bytes at the front of input_
  BodyState body_state_ = BodyState::kUnread;
  ReplyState reply_state_ = ReplyState::kNone;
  bool idle_ = false;
  bool keep_open_ = true;
  bool broken_ = false;  // nothing can be sent any more
  bool stream_chunked_ = false;
  bool linger_ = false;

  sockaddr_in6 peer_{};  // large enough for either family
  mutable std::array<char, INET6_ADDRSTRLEN> peer_text_{};
  ServerConnection* previous_ = nullptr;
  ServerConnection* next_ = nullptr;
};

}  // namespace redoubt::net::internal
