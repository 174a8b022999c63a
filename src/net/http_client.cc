#include "net/http_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/connection_guard.h"
#include "net/internal/chunk_decoder.h"
#include "net/internal/client_connection.h"
#include "net/internal/field_syntax.h"
#include "net/internal/head_scanner.h"
#include "net/internal/response_parser.h"
#include "net/local_url.h"

namespace redoubt::net {

namespace {

using internal::BodyFraming;
using internal::ChunkDecoder;
using internal::ClientConnection;
using internal::ScanState;
using std::chrono::steady_clock;

constexpr std::size_t kMaxHeaders = 128;
constexpr std::size_t kFirstHeadBytes = 4 * 1024;
constexpr std::size_t kBodyBytes = 16 * 1024;
constexpr int kMaxInterimResponses = 8;
constexpr std::chrono::milliseconds kIdleCheck{5'000};

// RFC 9110 §9.2.1
bool is_safe(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions;
}

bool is_clients_own(std::string_view name) {
  for (const std::string_view own :
       {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"}) {
    if (internal::equals_ignoring_case(name, own)) return true;
  }
  return false;
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& io_context, DeadlineSweep& s, UpstreamUrl u, ClientLimits l)
      : io(io_context), sweep(s), url(std::move(u)), limits(std::move(l)), idle_check(sweep, [this] { drop_dead(); }) {
    const bool ipv6 = url.host.find(':') != std::string::npos;
    host_field = is_local(url) ? "localhost" : ipv6 ? "[" + url.host + "]" : url.host;
    if (url.port != (url.tls ? 443 : 80)) host_field += ":" + std::to_string(url.port);
    if (!url.tls) return;
    auto context = internal::TlsContext::create(limits.ca_file);
    if (context) {
      tls = std::move(*context);
    } else {
      setup_error = context.error();
    }
  }

  std::unique_ptr<ClientConnection> take_idle() {
    while (!idle.empty()) {
      auto connection = std::move(idle.back());  // last in, first out: the one least likely to have been closed
      idle.pop_back();
      const bool is_admitted = !connection->peer || connection->peer->is_current();
      if (is_admitted && connection->still_idle()) return connection;
    }
    return nullptr;
  }
  void give_back(std::unique_ptr<ClientConnection> connection) {
    connection->deadline().disarm();
    if (closed || idle.size() >= limits.max_idle_connections) return;
    for (internal::ByteBuffer* buffer : {&connection->head, &connection->body}) {
      buffer->clear();
      buffer->wipe_consumed();
    }
    if (idle.empty()) idle_check.arm(kIdleCheck);
    idle.push_back(std::move(connection));
  }
  // The oldest may never be taken again; this keeps them from lying half-closed.
  void drop_dead() {
    std::erase_if(idle, [](const auto& connection) { return !connection->still_idle(); });
    if (!idle.empty()) idle_check.arm(kIdleCheck);
  }

  static Task<> read_rest(std::shared_ptr<Impl> self, std::unique_ptr<ClientResponse> response);

  void append_request_head(std::string& out, const ClientRequest& request) const;
  Task<Result<std::unique_ptr<ClientResponse>>> exchange(std::unique_ptr<ClientConnection> connection,
                                                         const ClientRequest& request, std::uint64_t& sent,
                                                         bool& answered);

  class NewConnection;
  class Reserved;

  // A connection that may have requests.
  Task<Result<std::unique_ptr<ClientConnection>>> connect();

  // On `kept`, or on a new connection when that is closed and the upstream cannot have seen the request. `is_open`: as
  // far as it is known.
  Task<Result<std::unique_ptr<ClientResponse>>> exchange_kept(std::unique_ptr<ClientConnection> kept, bool is_open,
                                                              const ClientRequest& request);

  boost::asio::io_context& io;
  DeadlineSweep& sweep;
  ConnectionGuard* guard = nullptr;
  UpstreamUrl url;
  ClientLimits limits;
  std::string host_field;
  std::shared_ptr<internal::TlsContext> tls;
  std::optional<Error> setup_error;
  ClientConnection::Registry connections;  // before `idle`, whose connections enter themselves here
  std::vector<std::unique_ptr<ClientConnection>> idle;
  std::unordered_set<ClientResponse*> rests;  // each owned by its read_rest()
  Deadline idle_check;
  bool closed = false;
};

namespace {

// The body's bytes behind the head come first, from the head's buffer; then the connection's body buffer is used.
class Response final : public ClientResponse {
 public:
  Response(std::function<void(std::unique_ptr<ClientConnection>)> give_back, std::chrono::milliseconds idle_timeout,
           std::chrono::milliseconds reply_timeout, std::unique_ptr<ClientConnection> connection,
           const internal::ParsedResponse& parsed, std::size_t head_size)
      : give_back_(std::move(give_back)),
        idle_timeout_(idle_timeout),
        end_(steady_clock::now() + reply_timeout),
        connection_(std::move(connection)),
        parsed_(parsed),
        input_(connection_->head.view().substr(head_size)),
        remaining_(parsed.content_length) {
    complete_ = parsed_.framing == BodyFraming::kNone;
  }
  // The connection is closed at the end, and nobody else's.
  void keep_from_others() {
    give_back_ = [](std::unique_ptr<ClientConnection>) {};
  }
  // After the body's end; null when the connection cannot have another request.
  std::unique_ptr<ClientConnection> take_connection() {
    if (!connection_ || !complete_ || !parsed_.keep_alive || !input_.empty()) return nullptr;
    connection_->deadline().disarm();
    return std::move(connection_);
  }
  ~Response() override {
    // Bytes behind the end were not asked for: such a connection is out of step.
    if (connection_ && complete_ && parsed_.keep_alive && input_.empty()) give_back_(std::move(connection_));
  }

  int status() const override { return parsed_.status; }
  std::span<const HeaderField> headers() const override { return parsed_.headers; }
  std::string_view header(std::string_view name) const override {
    for (const HeaderField& field : parsed_.headers) {
      if (internal::equals_ignoring_case(field.name, name)) return field.value;
    }
    return {};
  }
  bool content_length(std::uint64_t& length) const override {
    length = parsed_.content_length;
    return parsed_.has_length;
  }

  void must_end_within(std::chrono::milliseconds total) override { end_ = std::min(end_, steady_clock::now() + total); }
  void cut_off() override { connection_->cut_off(); }

  Task<Result<std::string_view>> read_some() override {
    while (true) {
      if (failed_) co_return Error(Errc::kInvalidArgument, "the response body has failed before");
      std::string_view piece;
      if (!take(piece)) {
        failed_ = true;
        co_return Error(Errc::kMalformed, "the upstream's chunked body is not well-formed");
      }
      if (!piece.empty() || complete_) co_return piece;
      internal::ByteBuffer& buffer = connection_->body;
      buffer.clear();
      buffer.reserve(kBodyBytes);
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - steady_clock::now());
      if (left.count() <= 0) {
        failed_ = true;
        co_return Error(Errc::kDeadlineExceeded, "the upstream's response does not end");
      }
      connection_->deadline().arm(std::min(idle_timeout_, left));
      auto received = co_await connection_->receive(buffer.space(), buffer.space_size());
      connection_->deadline().disarm();
      if (!received) {
        failed_ = true;
        co_return received.error();
      }
      if (*received == 0) {
        if (parsed_.framing == BodyFraming::kUntilClose) {
          complete_ = true;
          continue;
        }
        failed_ = true;
        co_return Error(Errc::kUnavailable, "the upstream's response ended early");
      }
      buffer.commit(*received);
      input_ = buffer.view();
    }
  }

 private:
  // Takes the next piece from what has been received, possibly empty. False for broken framing.
  bool take(std::string_view& piece) {
    if (complete_) return true;
    switch (parsed_.framing) {
      case BodyFraming::kNone:
        break;
      case BodyFraming::kUntilClose:
        piece = std::exchange(input_, {});
        break;
      case BodyFraming::kLength:
        piece = input_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input_.size())));
        input_.remove_prefix(piece.size());
        remaining_ -= piece.size();
        complete_ = remaining_ == 0;
        break;
      case BodyFraming::kChunked:
        if (!decoder_.next(input_, piece)) return false;
        complete_ = decoder_.done();
        break;
    }
    return true;
  }

  std::function<void(std::unique_ptr<ClientConnection>)> give_back_;
  std::chrono::milliseconds idle_timeout_;
  steady_clock::time_point end_;
  std::unique_ptr<ClientConnection> connection_;
  internal::ParsedResponse parsed_;
  std::string_view input_;
  std::uint64_t remaining_;
  ChunkDecoder decoder_;
  bool complete_ = false;
  bool failed_ = false;
};

Result<> check(const ClientRequest& request) {
  const auto invalid = [](const char* what) { return Error(Errc::kInvalidArgument, what); };
  if (request.method == Method::kOther) return invalid("upstream request method is not supported");
  if (!request.path.starts_with('/')) return invalid("upstream request path does not begin with `/`");
  for (const char c : request.path) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return invalid("upstream request path has a forbidden character");
  }
  for (const HeaderField& field : request.headers) {
    if (!internal::is_token(field.name)) return invalid("upstream request header name is not a token");
    if (!internal::is_field_value(field.value)) return invalid("upstream request header has a control character");
    if (is_clients_own(field.name)) return invalid("upstream request header is set by the client itself");
  }
  return {};
}

}  // namespace

Task<> HttpClient::Impl::read_rest(std::shared_ptr<Impl> self, std::unique_ptr<ClientResponse> response) {
  self->rests.insert(response.get());
  std::size_t total = 0;
  while (total <= kRestBytes) {
    const auto piece = co_await response->read_some();
    if (!piece || piece->empty()) break;
    total += piece->size();
  }
  self->rests.erase(response.get());
}

void HttpClient::Impl::append_request_head(std::string& out, const ClientRequest& request) const {
  out += to_string(request.method);
  out += ' ';
  out += url.base_path;
  out += request.path;
  out += " HTTP/1.1\r\nHost: ";
  out += host_field;
  for (const HeaderField& field : request.headers) {
    out += "\r\n";
    out += field.name;
    out += ": ";
    out += field.value;
  }
  // RFC 9110 §8.6: methods that expect a body say so even when it is empty.
  if (!request.body.empty() || request.method == Method::kPost || request.method == Method::kPut ||
      request.method == Method::kPatch) {
    out += "\r\nContent-Length: ";
    out += std::to_string(request.body.size());
  }
  out += "\r\n\r\n";
}

Task<Result<std::unique_ptr<ClientResponse>>> HttpClient::Impl::exchange(std::unique_ptr<ClientConnection> connection,
                                                                         const ClientRequest& request,
                                                                         std::uint64_t& sent, bool& answered) {
  connection->out.clear();
  append_request_head(connection->out, request);
  internal::Gather gather;
  gather.add(connection->out);
  gather.add(request.body);
  const auto sending = co_await connection->send(gather, limits.idle_timeout, sent);
  if (!sending && (sent == 0 || sending.error().code() != Errc::kUnavailable)) co_return sending.error();
  // An upstream may answer and close before it has read everything, so its answer is looked for even then.

  internal::ByteBuffer& head = connection->head;
  head.clear();
  if (head.capacity() < kFirstHeadBytes) head.reserve(std::min(kFirstHeadBytes, limits.max_head_bytes));
  connection->fields.resize(kMaxHeaders);
  connection->deadline().arm(limits.head_timeout);
  internal::HeadScanner scanner;
  internal::ParsedResponse parsed;
  int interim = 0;
  while (true) {
    const ScanState state = head.empty() ? ScanState::kNeedMore : scanner.scan(head.view(), limits.max_head_bytes);
    if (state == ScanState::kTooLarge) {
      co_return Error(Errc::kTooLarge, "the upstream's response head exceeds the limit");
    }
    if (state == ScanState::kMalformed) co_return Error(Errc::kMalformed, "the upstream's response is not HTTP/1.1");
    if (state == ScanState::kComplete) {
      const auto verdict = internal::parse_response_head(head.view().substr(0, scanner.head_size()), request.method,
                                                         connection->fields, parsed);
      if (verdict == internal::ResponseVerdict::kTooManyFields) {
        co_return Error(Errc::kTooLarge, "the upstream's response has too many header fields");
      }
      // 101 would end HTTP on this connection, and was not asked for.
      if (verdict != internal::ResponseVerdict::kGood || parsed.status == 101) {
        co_return Error(Errc::kMalformed, "the upstream's response head is not acceptable");
      }
      if (parsed.status >= 200) break;
      if (++interim > kMaxInterimResponses) {
        co_return Error(Errc::kMalformed, "the upstream sends interim responses without end");
      }
      head.consume(scanner.head_size());
      scanner.reset();
      continue;
    }
    if (head.space_size() == 0) {
      const bool full = head.size() == head.capacity();
      head.reserve(full ? std::min(2 * head.capacity(), std::max(limits.max_head_bytes, head.capacity() + 1))
                        : head.capacity());
    }
    auto received = co_await connection->receive(head.space(), head.space_size());
    if (!received || *received == 0) {
      if (!sending) co_return sending.error();
      if (!received) co_return received.error();
      co_return Error(Errc::kUnavailable, "the upstream closed the connection without a response");
    }
    answered = true;
    head.commit(*received);
  }
  connection->deadline().disarm();
  if (!sending) parsed.keep_alive = false;
  co_return std::make_unique<Response>(
      [self = shared_from_this()](std::unique_ptr<ClientConnection> used) { self->give_back(std::move(used)); },
      limits.idle_timeout, limits.reply_timeout, std::move(connection), parsed, scanner.head_size());
}

// Each exchange gives the connection back to this, and to nobody else.
class HttpClient::Impl::NewConnection final : public GuardedConnection {
 public:
  NewConnection(Impl& client, std::unique_ptr<ClientConnection> connection)
      : client_(client),
        connection_(std::move(connection)),
        binding_(connection_->channel_binding()),
        certificate_(connection_->peer_certificate()) {}

  const ChannelBinding& channel_binding() const override { return binding_; }
  const std::string& server_certificate() const override { return certificate_; }

  Task<Result<Reply>> exchange(Method method, std::string_view path, std::string_view body,
                               std::size_t answer_limit) override {
    if (!connection_) co_return Error(Errc::kUnavailable, "the connection to the upstream has failed before");
    static constexpr HeaderField kJson[] = {{"Content-Type", "application/json"}};
    const std::span<const HeaderField> fields(kJson, body.empty() ? 0 : 1);
    const ClientRequest request{.method = method, .path = path, .headers = fields, .body = body};
    std::uint64_t sent = 0;
    bool answered = false;
    auto response = co_await client_.exchange(std::move(connection_), request, sent, answered);
    if (!response) co_return response.error();
    auto& own = static_cast<Response&>(**response);
    own.keep_from_others();  // until it is admitted
    Reply out{.status = own.status(), .body = {}};
    while (true) {
      const auto piece = co_await own.read_some();
      if (!piece) co_return piece.error();
      if (piece->empty()) break;
      if (out.body.size() + piece->size() > answer_limit) {
        co_return Error(Errc::kTooLarge, "the upstream says too much of what it is");
      }
      out.body += *piece;
    }
    connection_ = own.take_connection();
    if (!connection_) {
      co_return Error(Errc::kUnavailable, "the upstream closed the connection on which it was asked what it is");
    }
    co_return out;
  }

  std::unique_ptr<ClientConnection> take() { return std::move(connection_); }

 private:
  Impl& client_;
  std::unique_ptr<ClientConnection> connection_;
  const ChannelBinding binding_;
  const std::string certificate_;
};

Task<Result<std::unique_ptr<ClientConnection>>> HttpClient::Impl::connect() {
  if (closed) co_return Error(Errc::kUnavailable, "the connection to the upstream is shut down");
  auto connection = std::make_unique<ClientConnection>(io, sweep, connections);
  if (auto done = co_await connection->connect(url, tls.get(), limits.connect_timeout); !done) co_return done.error();
  if (guard == nullptr) co_return connection;
  NewConnection fresh(*this, std::move(connection));
  auto peer = co_await guard->admit(fresh);
  if (!peer) co_return peer.error();
  auto admitted = fresh.take();
  if (!admitted) co_return Error(Errc::kUnavailable, "the connection to the upstream was not left open");
  admitted->peer = *std::move(peer);
  co_return admitted;
}

Task<Result<std::unique_ptr<ClientResponse>>> HttpClient::Impl::exchange_kept(std::unique_ptr<ClientConnection> kept,
                                                                              bool is_open,
                                                                              const ClientRequest& request) {
  const std::shared_ptr<const AdmittedPeer> peer = kept->peer;
  std::uint64_t sent = 0;
  bool answered = false;
  if (is_open) {
    auto response = co_await exchange(std::move(kept), request, sent, answered);
    if (response || response.error().code() != Errc::kUnavailable || answered) co_return response;
    // The upstream had closed it meanwhile. Where it may have seen the request, only a safe one is repeated
    // (RFC 9110 §9.2.2).
    if (sent > 0 && !is_safe(request.method)) co_return response;
  }
  auto connection = co_await connect();
  if (!connection) co_return connection.error();
  if (peer && !peer->is_same_as(*(*connection)->peer)) {
    give_back(*std::move(connection));
    co_return Error(Errc::kVerifyFailed, "the upstream is another than the one that was decided on");
  }
  sent = 0;
  co_return co_await exchange(*std::move(connection), request, sent, answered);
}

class HttpClient::Impl::Reserved final : public ReservedConnection {
 public:
  Reserved(std::shared_ptr<Impl> client, std::unique_ptr<ClientConnection> connection)
      : client_(std::move(client)), connection_(std::move(connection)) {}
  ~Reserved() override {
    if (connection_) client_->give_back(std::move(connection_));
  }
  const std::shared_ptr<const AdmittedPeer>& peer() const override { return connection_->peer; }
  std::unique_ptr<ClientConnection> take() { return std::move(connection_); }

 private:
  const std::shared_ptr<Impl> client_;
  std::unique_ptr<ClientConnection> connection_;
};

HttpClient::HttpClient(boost::asio::io_context& io, DeadlineSweep& sweep, UpstreamUrl url, ClientLimits limits)
    : impl_(std::make_shared<Impl>(io, sweep, std::move(url), std::move(limits))) {}

HttpClient::~HttpClient() {
  impl_->closed = true;
  close_idle();
}

Task<Result<std::unique_ptr<ClientResponse>>> HttpClient::send(const ClientRequest& request) {
  const std::shared_ptr<Impl> impl = impl_;
  if (impl->setup_error) co_return *impl->setup_error;
  if (auto good = check(request); !good) co_return good.error();
  if (auto kept = impl->take_idle()) co_return co_await impl->exchange_kept(std::move(kept), true, request);
  auto connection = co_await impl->connect();
  if (!connection) co_return connection.error();
  std::uint64_t sent = 0;
  bool answered = false;
  co_return co_await impl->exchange(*std::move(connection), request, sent, answered);
}

Task<Result<std::unique_ptr<ReservedConnection>>> HttpClient::reserve() {
  const std::shared_ptr<Impl> impl = impl_;
  if (impl->setup_error) co_return *impl->setup_error;
  auto connection = impl->take_idle();
  if (!connection) {
    auto fresh = co_await impl->connect();
    if (!fresh) co_return fresh.error();
    connection = *std::move(fresh);
  }
  co_return std::make_unique<Impl::Reserved>(impl, std::move(connection));
}

Task<Result<std::unique_ptr<ClientResponse>>> HttpClient::send(const ClientRequest& request,
                                                               std::unique_ptr<ReservedConnection> reserved) {
  const std::shared_ptr<Impl> impl = impl_;
  if (auto good = check(request); !good) co_return good.error();
  auto connection = static_cast<Impl::Reserved&>(*reserved).take();
  // It has waited while the request was decided on and recorded.
  const bool is_open = connection->still_idle();
  co_return co_await impl->exchange_kept(std::move(connection), is_open, request);
}

void HttpClient::guard(ConnectionGuard& guard) {
  impl_->guard = &guard;
}

void HttpClient::finish(std::unique_ptr<ClientResponse> response) {
  if (impl_->closed || impl_->rests.size() >= kRestsMax) return;
  response->must_end_within(kRestTime);
  boost::asio::co_spawn(impl_->io, Impl::read_rest(impl_, std::move(response)), boost::asio::detached);
}

void HttpClient::close_idle() {
  impl_->idle.clear();
  for (ClientResponse* rest : impl_->rests) rest->cut_off();
}

void HttpClient::cut_off() {
  impl_->closed = true;
  close_idle();
  for (ClientConnection* connection : impl_->connections) connection->cut_off();
}

}  // namespace redoubt::net
