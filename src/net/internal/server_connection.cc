#include "net/internal/server_connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>
#include <tuple>

#include "base/log.h"

namespace redoubt::net::internal {

namespace {

constexpr std::size_t kIdleBufferBytes = 4 * 1024;
constexpr std::size_t kFirstBodyBytes = 64 * 1024;
constexpr std::size_t kCodedBytes = 16 * 1024;
constexpr std::size_t kSkippedBodyBytes = 64 * 1024;  // an unread body up to this size is read and forgotten
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kRecordBytes = 16 * 1024;  // of TLS (RFC 8446 §5.1)
// Less than this in a write_timeout is no progress: a reply's memory must not be held by sips.
constexpr std::uint64_t kWriteProgressBytes = 64 * 1024;
constexpr std::size_t kSpareMemories = 64;
constexpr std::size_t kSpareBytesMax = 256 * 1024;

}  // namespace

std::unique_ptr<ExchangeMemory> ServerCore::take_memory() {
  if (spare.empty()) return std::make_unique<ExchangeMemory>(limits.max_headers);
  auto memory = std::move(spare.back());
  spare.pop_back();
  held_bytes += memory->body.capacity();
  return memory;
}

void ServerCore::give_back(std::unique_ptr<ExchangeMemory> memory) {
  held_bytes -= memory->body.capacity();
  if (spare.size() == kSpareMemories) return;
  memory->out.clear();
  memory->body.clear();
  memory->coded.clear();
  memory->body.shrink(kSpareBytesMax);
  memory->body.wipe_consumed();
  memory->coded.wipe_consumed();
  spare.push_back(std::move(memory));
}

ServerConnection::ServerConnection(std::shared_ptr<ServerCore> core, Socket socket, const sockaddr_storage& peer)
    : core_(std::move(core)), socket_(std::move(socket)), deadline_(core_->sweep, [this] {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
      }) {
  std::memcpy(&peer_, &peer, sizeof peer_);
  next_ = core_->connections;
  if (next_ != nullptr) next_->previous_ = this;
  core_->connections = this;
  ++core_->stats.connections_accepted;
  ++core_->stats.connections_open;
}

ServerConnection::~ServerConnection() {
  close();
  (previous_ != nullptr ? previous_->next_ : core_->connections) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (core_->on_closed && !binding_.exporter.empty()) core_->on_closed(binding_);
  if (--core_->stats.connections_open == 0 && core_->on_last_closed) core_->on_last_closed();
}

void ServerConnection::close() {
  if (tls_) {
    // Only where nothing is cut off: elsewhere the missing close_notify is what tells the peer.
    if (idle_ && !broken_) tls_->close_notify();
    tls_->forget_socket();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::string_view ServerConnection::peer_address() const {
  if (peer_.sin6_family == AF_UNIX) return kLocalPeer;
  if (peer_text_[0] == '\0') {
    if (peer_.sin6_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, &peer_, sizeof v4);
      ::inet_ntop(AF_INET, &v4.sin_addr, peer_text_.data(), peer_text_.size());
    } else if (IN6_IS_ADDR_V4MAPPED(&peer_.sin6_addr)) {
      ::inet_ntop(AF_INET, &peer_.sin6_addr.s6_addr[12], peer_text_.data(), peer_text_.size());
    } else {
      ::inet_ntop(AF_INET6, &peer_.sin6_addr, peer_text_.data(), peer_text_.size());
    }
  }
  return peer_text_.data();
}

Task<> ServerConnection::run(std::unique_ptr<ServerConnection> self) {
  boost::system::error_code error;
  self->socket_.non_blocking(true, error);
  if (!error && self->core_->tls_only) self->keep_open_ = co_await self->start_tls();
  while (!error && self->keep_open_) {
    const Next next = co_await self->read_head();
    if (next == Next::kClosed) break;
    if (next == Next::kRefused) {
      co_await self->refuse(self->refusal_);
    } else {
      co_await self->serve();
    }
    if (self->memory_) self->core_->give_back(std::move(self->memory_));
  }
  if (self->tls_ && !self->broken_) self->tls_->close_notify();
  if (self->linger_ && !self->broken_) co_await self->linger();
}

Task<bool> ServerConnection::start_tls() {
  if (core_->tls) tls_ = core_->tls->accept(socket_.native_handle());
  if (!tls_) co_return false;
  deadline_.arm(core_->limits.handshake_timeout);
  idle_ = true;
  TlsIo state = tls_->handshake();
  while (state == TlsIo::kWantRead || state == TlsIo::kWantWrite) {
    if (!co_await wait_for(state)) break;
    state = tls_->handshake();
  }
  idle_ = false;
  deadline_.disarm();
  if (state == TlsIo::kDone) {
    // A caller with Nagle's algorithm holds its request back until its last handshake message is acknowledged. Tickets
    // would do that; without them the kernel takes 40 ms.
    const int on = 1;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    binding_.exporter = tls_->exporter();
    binding_.server_key = tls_->own_key_digest();
    co_return true;
  }
  ++core_->stats.handshakes_failed;
  if (tls_->met_plain_http()) {
    tls_.reset();
    co_await refuse(refusals::kNotTls);
  }
  co_return false;
}

Task<bool> ServerConnection::wait_for(TlsIo want) {
  // An expired deadline will wake nobody any more.
  if (deadline_.expired() || !socket_.is_open()) co_return false;
  const auto [error] =
      co_await socket_.async_wait(want == TlsIo::kWantWrite ? Socket::wait_write : Socket::wait_read, use_task);
  co_return !error;
}

Task<boost::system::error_code> ServerConnection::read_tls(char* space, std::size_t size, std::size_t& received) {
  while (true) {
    const TlsIo state = tls_->read(space, size, received);
    switch (state) {
      case TlsIo::kDone:
        co_return boost::system::error_code();
      case TlsIo::kClosed:
        co_return boost::asio::error::eof;
      case TlsIo::kFailed:  // also an end without close_notify: nothing may be taken for complete because of it
        broken_ = true;
        co_return boost::asio::error::connection_reset;
      case TlsIo::kWantRead:
      case TlsIo::kWantWrite:
        if (!co_await wait_for(state)) co_return boost::asio::error::operation_aborted;
    }
  }
}

Task<ServerConnection::Next> ServerConnection::read_head() {
  const std::size_t limit = core_->limits.max_head_bytes;
  scanner_.reset();
  parsed_ = {};
  refusal_ = {};
  bool waiting_for_rest = false;
  ScanState state = input_.empty() ? ScanState::kNeedMore : scanner_.scan(input_.view(), limit);
  while (state == ScanState::kNeedMore) {
    if (input_.empty()) {
      if (core_->draining) co_return Next::kClosed;
      if (input_.capacity() != kIdleBufferBytes) {
        input_.release();
        input_.reserve(kIdleBufferBytes);
      }
      idle_ = true;
      deadline_.arm(core_->limits.idle_timeout);
    } else if (!waiting_for_rest) {
      waiting_for_rest = true;
      deadline_.arm(core_->limits.head_timeout);
    }
    if (input_.space_size() == 0) {
      const bool full = input_.size() == input_.capacity();
      input_.reserve(full ? std::min(2 * input_.capacity(), std::max(limit, kIdleBufferBytes)) : input_.capacity());
    }
    boost::system::error_code error;
    std::size_t received = 0;
    if (tls_) {
      error = co_await read_tls(input_.space(), input_.space_size(), received);
    } else {
      // Asio tries to receive before it waits.
      std::tie(error, received) =
          co_await socket_.async_read_some(boost::asio::buffer(input_.space(), input_.space_size()), use_task);
    }
    idle_ = false;
    if (error) {
      if (!deadline_.expired() || input_.empty() || !socket_.is_open()) co_return Next::kClosed;
      refusal_ = refusals::kTimeout;
      co_return Next::kRefused;
    }
    input_.commit(received);
    state = scanner_.scan(input_.view(), limit);
    if (state == ScanState::kNeedMore && waiting_for_rest && deadline_.expired()) {
      refusal_ = refusals::kTimeout;
      co_return Next::kRefused;
    }
  }
  deadline_.disarm();
  if (state == ScanState::kTooLarge) {
    refusal_ = refusals::kHeadTooLarge;
  } else if (state == ScanState::kMalformed) {
    refusal_ = refusals::kMalformed;
  } else {
    memory_ = core_->take_memory();
    head_size_ = scanner_.head_size();
    refusal_ = parse_request_head(input_.view().substr(0, head_size_), memory_->fields, parsed_);
    if (!refusal_ && parsed_.content_length > core_->limits.max_body_bytes) refusal_ = refusals::kBodyTooLarge;
  }
  co_return refusal_ ? Next::kRefused : Next::kRequest;
}

Task<> ServerConnection::serve() {
  used_of_input_ = head_size_;
  body_ = {};
  body_state_ = parsed_.framing == BodyFraming::kNone ? BodyState::kRead : BodyState::kUnread;
  reply_state_ = ReplyState::kNone;
  stream_chunked_ = false;
  ++core_->stats.exchanges;
  try {
    co_await core_->handler.handle(*this);
  } catch (const std::exception& failure) {
    log::error("http_server", "a handler ended with an exception", {{"what", failure.what()}});
  }
  deadline_.disarm();
  switch (reply_state_) {
    case ReplyState::kNone:
      if (!broken_) co_await refuse(refusal_ ? refusal_ : refusals::kNoReply);
      keep_open_ = false;
      co_return;
    case ReplyState::kStreaming:
      abort();
      co_return;
    case ReplyState::kAborted:
      co_return;
    case ReplyState::kDone:
      break;
  }
  if (broken_) keep_open_ = false;
  if (!keep_open_) {
    linger_ = body_state_ != BodyState::kRead || input_.size() > used_of_input_;
    co_return;
  }
  if (body_state_ == BodyState::kUnread && !co_await skip_body()) {
    keep_open_ = false;
    linger_ = true;
    co_return;
  }
  input_.consume(used_of_input_);
  input_.append(memory_->coded.view());  // the start of the next request, received behind a chunked body
  memory_->coded.clear();
  input_.wipe_consumed();
}

Task<bool> ServerConnection::skip_body() {
  // decide_persistence() has let only small bodies of known length come here.
  std::uint64_t left = parsed_.content_length;
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(left, input_.size() - head_size_));
  used_of_input_ += here;
  left -= here;
  body_state_ = BodyState::kRead;
  if (left == 0) co_return true;
  deadline_.arm(core_->limits.body_timeout);
  ByteBuffer& sink = memory_->coded;
  sink.reserve(kCodedBytes);
  while (left > 0) {
    sink.clear();
    if (!co_await receive(sink, refusals::kTimeout)) co_return false;
    if (sink.size() > left) {
      sink.consume(static_cast<std::size_t>(left));
      left = 0;
    } else {
      left -= sink.size();
      sink.clear();
    }
  }
  deadline_.disarm();
  co_return true;
}

Task<> ServerConnection::refuse(Refusal refusal) {
  if (refusal.status < 500 || refusal.status == 501 || refusal.status == 505) ++core_->stats.malformed;
  keep_open_ = false;
  linger_ = true;
  const RefusalReply reply = core_->handler.refused(peer_address(), parsed_.head.path, refusal);
  std::string head;
  const ReplyHead reply_head{refusal.status, reply.content_type, {}};
  const ReplyFraming framing{BodyFraming::kLength, reply.body.size(), "close"};
  if (!append_reply_head(head, reply_head, framing, core_->sweep.http_date())) co_return;
  Gather gather;
  gather.add(head);
  // The method is unknown when the head could not be read; a body for HEAD does no harm then, as the connection closes.
  if (parsed_.head.method != Method::kHead) gather.add(reply.body);
  static_cast<void>(co_await send(gather));
}

// Closing a socket with unread input resets the connection, and the peer may lose the reply (RFC 9112 §9.6).
Task<> ServerConnection::linger() {
  if (core_->draining) co_return;
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) co_return;
  deadline_.arm(kLingerTime);
  input_.clear();
  for (std::size_t total = 0; total < kLingerBytes && !deadline_.expired();) {
    idle_ = true;
    const auto [failure, received] =
        co_await socket_.async_read_some(boost::asio::buffer(input_.space(), input_.space_size()), use_task);
    if (failure) break;
    total += received;
  }
}

Task<Result<>> ServerConnection::receive(ByteBuffer& buffer, const Refusal& on_timeout) {
  std::size_t received = 0;
  IoState state =
      tls_ ? IoState::kBlocked : receive_now(socket_.native_handle(), buffer.space(), buffer.space_size(), received);
  if (state == IoState::kBlocked) {
    if (deadline_.expired())
      co_return body_error(on_timeout, Errc::kDeadlineExceeded, "the request body came too slowly");
    boost::system::error_code error;
    if (tls_) {
      error = co_await read_tls(buffer.space(), buffer.space_size(), received);
    } else {
      std::tie(error, received) =
          co_await socket_.async_read_some(boost::asio::buffer(buffer.space(), buffer.space_size()), use_task);
    }
    if (error && deadline_.expired() && socket_.is_open()) {
      co_return body_error(on_timeout, Errc::kDeadlineExceeded, "the request body came too slowly");
    }
    state = error ? IoState::kFailed : IoState::kDone;
  }
  if (state != IoState::kDone || received == 0) {
    broken_ = true;
    body_state_ = BodyState::kFailed;
    co_return peer_gone();
  }
  buffer.commit(received);
  co_return Result<>();
}

Error ServerConnection::body_error(const Refusal& refusal, Errc code, const char* message) {
  refusal_ = refusal;
  body_state_ = BodyState::kFailed;
  deadline_.disarm();
  return {code, message};
}

Result<> ServerConnection::reserve_body(std::size_t capacity) {
  ByteBuffer& body = memory_->body;
  const std::size_t before = body.capacity();
  const std::size_t more = std::max(capacity, before) - before;
  if (more > 0 && core_->held_bytes + more > core_->limits.max_held_bytes) {
    return body_error(refusals::kTooManyBodies, Errc::kResourceExhausted, "too many request bodies are held");
  }
  body.reserve(capacity);
  core_->held_bytes += body.capacity() - before;
  return {};
}

Error ServerConnection::peer_gone() {
  broken_ = true;
  return {Errc::kUnavailable, "the client has closed the connection"};
}

Task<Result<std::string_view>> ServerConnection::read_body() {
  if (body_state_ == BodyState::kRead) co_return body_;
  if (body_state_ == BodyState::kFailed || reply_state_ != ReplyState::kNone) {
    co_return Error(Errc::kInvalidArgument, "the request body cannot be read any more");
  }
  if (parsed_.expect_continue) {
    parsed_.expect_continue = false;
    if (input_.size() == head_size_) {
      Gather gather;
      gather.add("HTTP/1.1 100 Continue\r\n\r\n");
      if (auto sent = co_await send(gather); !sent) {
        body_state_ = BodyState::kFailed;
        co_return sent.error();
      }
    }
  }
  if (parsed_.framing == BodyFraming::kLength) {
    const std::string_view rest = input_.view().substr(head_size_);
    if (rest.size() >= parsed_.content_length) {
      body_ = rest.substr(0, static_cast<std::size_t>(parsed_.content_length));
      used_of_input_ += body_.size();
      body_state_ = BodyState::kRead;
      co_return body_;
    }
    co_return co_await read_sized_body();
  }
  co_return co_await read_chunked_body();
}

Task<Result<std::string_view>> ServerConnection::read_sized_body() {
  const auto length = static_cast<std::size_t>(parsed_.content_length);
  ByteBuffer& body = memory_->body;
  // Memory grows with what has arrived, not with what was promised.
  if (auto done = reserve_body(std::min(length, std::max(kFirstBodyBytes, body.capacity()))); !done) {
    co_return done.error();
  }
  body.append(input_.view().substr(head_size_));
  used_of_input_ = input_.size();
  deadline_.arm(core_->limits.body_timeout);
  while (body.size() < length) {
    if (body.space_size() == 0) {
      if (auto done = reserve_body(std::min(length, 2 * body.capacity())); !done) co_return done.error();
    }
    // The buffer may be larger than the body, and what follows is the next request.
    std::size_t received = 0;
    const std::size_t wanted = std::min(body.space_size(), length - body.size());
    const IoState state =
        tls_ ? IoState::kBlocked : receive_now(socket_.native_handle(), body.space(), wanted, received);
    if (state == IoState::kBlocked && !deadline_.expired()) {
      boost::system::error_code error;
      if (tls_) {
        error = co_await read_tls(body.space(), wanted, received);
      } else {
        std::tie(error, received) =
            co_await socket_.async_read_some(boost::asio::buffer(body.space(), wanted), use_task);
      }
      if (!error) {
        body.commit(received);
        continue;
      }
    }
    if (state == IoState::kDone && received > 0) {
      body.commit(received);
      continue;
    }
    if (deadline_.expired() && socket_.is_open()) {
      co_return body_error(refusals::kTimeout, Errc::kDeadlineExceeded, "the request body came too slowly");
    }
    body_state_ = BodyState::kFailed;
    co_return peer_gone();
  }
  deadline_.disarm();
  body_ = body.view();
  body_state_ = BodyState::kRead;
  co_return body_;
}

Task<Result<std::string_view>> ServerConnection::read_chunked_body() {
  ByteBuffer& body = memory_->body;
  ByteBuffer& coded = memory_->coded;
  ChunkDecoder decoder;
  coded.reserve(kCodedBytes);
  coded.append(input_.view().substr(head_size_));
  used_of_input_ = input_.size();
  deadline_.arm(core_->limits.body_timeout);
  while (true) {
    std::string_view rest = coded.view();
    std::string_view piece;
    if (!decoder.next(rest, piece)) {
      co_return body_error(refusals::kBody, Errc::kMalformed, "the chunked request body is not well-formed");
    }
    if (body.size() + piece.size() > core_->limits.max_body_bytes) {
      co_return body_error(refusals::kBodyTooLarge, Errc::kTooLarge, "the request body exceeds the limit");
    }
    if (body.space_size() < piece.size()) {
      if (auto done = reserve_body(std::max(body.size() + piece.size(), 2 * body.capacity())); !done) {
        co_return done.error();
      }
    }
    body.append(piece);
    coded.consume(coded.size() - rest.size());
    if (decoder.done()) break;
    if (!coded.empty()) continue;
    if (auto more = co_await receive(coded, refusals::kTimeout); !more) co_return more.error();
  }
  deadline_.disarm();
  body_ = body.view();
  body_state_ = BodyState::kRead;
  co_return body_;
}

void ServerConnection::decide_persistence() {
  keep_open_ = parsed_.keep_alive && !core_->draining;
  if (body_state_ == BodyState::kRead) return;
  const bool skippable = body_state_ == BodyState::kUnread && parsed_.framing == BodyFraming::kLength &&
                         parsed_.content_length <= kSkippedBodyBytes && !parsed_.expect_continue;
  if (!skippable) keep_open_ = false;
}

std::string_view ServerConnection::connection_value() const {
  if (!keep_open_) return "close";
  return parsed_.http_1_0 ? std::string_view("keep-alive") : std::string_view();
}

Task<Result<>> ServerConnection::reply(const ReplyHead& head, std::string_view body) {
  if (reply_state_ != ReplyState::kNone) co_return Error(Errc::kInvalidArgument, "the reply was started before");
  decide_persistence();
  std::string& out = memory_->out;
  out.clear();
  if (auto good = append_reply_head(out, head, {BodyFraming::kLength, body.size(), connection_value()},
                                    core_->sweep.http_date());
      !good) {
    co_return good.error();
  }
  reply_state_ = ReplyState::kDone;
  Gather gather;
  gather.add(out);
  if (parsed_.head.method != Method::kHead && !is_bodiless(head.status)) gather.add(body);
  std::uint64_t sent = 0;
  switch (broken_ ? IoState::kFailed : send_some(gather, sent)) {
    case IoState::kDone:
      co_return Result<>();
    case IoState::kFailed:
      co_return peer_gone();
    case IoState::kBlocked:
      break;
  }
  co_return co_await send_rest(gather);
}

Task<Result<>> ServerConnection::start_stream(const ReplyHead& head) {
  if (reply_state_ != ReplyState::kNone) co_return Error(Errc::kInvalidArgument, "the reply was started before");
  decide_persistence();
  stream_chunked_ = !parsed_.http_1_0 && !is_bodiless(head.status);
  if (parsed_.http_1_0) keep_open_ = false;  // the end of the connection is the end of the body
  std::string& out = memory_->out;
  out.clear();
  const BodyFraming framing = stream_chunked_ ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  if (auto good = append_reply_head(out, head, {framing, 0, connection_value()}, core_->sweep.http_date()); !good) {
    co_return good.error();
  }
  reply_state_ = ReplyState::kStreaming;
  if (parsed_.head.method == Method::kHead || is_bodiless(head.status)) stream_chunked_ = false;
  Gather gather;
  gather.add(out);
  co_return co_await send(gather);
}

Task<Result<>> ServerConnection::write(std::string_view bytes) {
  if (reply_state_ != ReplyState::kStreaming) co_return Error(Errc::kInvalidArgument, "no stream is open");
  if (bytes.empty()) co_return Result<>();
  Gather gather;
  std::array<char, 20> line;
  if (stream_chunked_) {
    char* end = std::to_chars(line.data(), line.data() + 16, bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    gather.add({line.data(), static_cast<std::size_t>(end - line.data())});
    gather.add(bytes);
    gather.add("\r\n");
  } else if (parsed_.http_1_0 && parsed_.head.method != Method::kHead) {
    gather.add(bytes);
  }
  std::uint64_t sent = 0;
  switch (broken_ ? IoState::kFailed : send_some(gather, sent)) {
    case IoState::kDone:
      co_return Result<>();
    case IoState::kFailed:
      co_return peer_gone();
    case IoState::kBlocked:
      break;
  }
  co_return co_await send_rest(gather);
}

Task<Result<>> ServerConnection::finish() {
  if (reply_state_ != ReplyState::kStreaming) co_return Error(Errc::kInvalidArgument, "no stream is open");
  Gather gather;
  if (stream_chunked_) gather.add("0\r\n\r\n");
  auto sent = co_await send(gather);
  reply_state_ = sent ? ReplyState::kDone : ReplyState::kAborted;
  if (!sent) keep_open_ = false;
  co_return sent;
}

void ServerConnection::abort() {
  reply_state_ = ReplyState::kAborted;
  keep_open_ = false;
  linger_ = false;
  broken_ = true;
  boost::system::error_code ignored;
  // Without chunks an orderly end would look like the body's end, so the connection is reset.
  if (!stream_chunked_) socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  close();
}

// A record each would be a packet each: small pieces go into one record.
IoState ServerConnection::send_tls(Gather& gather, std::uint64_t& sent) {
  if (!core_->record) core_->record = std::make_unique_for_overwrite<char[]>(kRecordBytes);
  while (!gather.empty()) {
    const bool alone = gather.count() == 1 || gather.front().size() >= kRecordBytes;
    // After kWantWrite the same bytes are wanted again; copied again, that they are.
    const std::string_view bytes = alone ? gather.front() : gather.copy_front(core_->record.get(), kRecordBytes);
    std::size_t taken = 0;
    const TlsIo state = tls_->write(bytes, taken);
    sent += taken;
    gather.consume(taken);
    if (state == TlsIo::kDone) continue;
    return state == TlsIo::kWantWrite ? IoState::kBlocked : IoState::kFailed;
  }
  return IoState::kDone;
}

Task<Result<>> ServerConnection::send(Gather gather) {
  std::uint64_t sent = 0;
  switch (broken_ ? IoState::kFailed : send_some(gather, sent)) {
    case IoState::kDone:
      co_return Result<>();
    case IoState::kFailed:
      co_return peer_gone();
    case IoState::kBlocked:
      break;
  }
  co_return co_await send_rest(gather);
}

Task<Result<>> ServerConnection::send_rest(Gather gather) {
  deadline_.arm(core_->limits.write_timeout);
  std::uint64_t progress = 0;
  while (true) {
    const auto [error] = co_await socket_.async_wait(Socket::wait_write, use_task);
    if (error && deadline_.expired() && socket_.is_open()) {
      broken_ = true;
      keep_open_ = false;
      co_return Error(Errc::kDeadlineExceeded, "the client reads too slowly");
    }
    if (error) co_return peer_gone();
    std::uint64_t sent = 0;
    const IoState state = send_some(gather, sent);
    if (state == IoState::kFailed) co_return peer_gone();
    if (state == IoState::kDone) break;
    progress += sent;
    if (progress >= kWriteProgressBytes) {
      progress = 0;
      deadline_.arm(core_->limits.write_timeout);
    } else if (deadline_.expired()) {  // it expired just as the socket became writable: nothing else will wake this
      broken_ = true;
      keep_open_ = false;
      co_return Error(Errc::kDeadlineExceeded, "the client reads too slowly");
    }
  }
  deadline_.disarm();
  co_return Result<>();
}

}  // namespace redoubt::net::internal
