#include "standin/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <queue>

#include "base/unique_fd.h"
#include "encoding/json_writer.h"

namespace redoubt::standin {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::size_t kOutHigh = 64 * 1024;     // a stream waits while so much is unsent
constexpr std::size_t kInHigh = 64 * 1024;      // reading waits while so much is unparsed and a reply is under way
constexpr std::size_t kTurnBytes = 256 * 1024;  // of one stream before the others have their turn
constexpr std::uint64_t kListenerKey = 0;
constexpr std::uint64_t kStopKey = 1;

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

template <class Number>
void append_number(std::string& out, Number number, int base = 10) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

struct Stream {
  EventSource events;
  bool chunked = true;  // otherwise the end of the connection ends the reply
  std::size_t sent = 0;
  SteadyTime due;  // of the event to come
};

// What happens once everything in `out` has been sent.
enum class After : std::uint8_t { kContinue, kClose, kReset };

struct Connection {
  UniqueFd fd;
  std::uint32_t generation = 0;
  std::string in;        // received, not yet parsed
  std::size_t need = 0;  // `in` must hold so much before parsing can succeed
  std::string out;       // to be sent, from out_begin
  std::size_t out_begin = 0;
  // At most one of the next two: the reply under way. While there is one, later requests wait.
  std::optional<std::string> delayed;
  std::optional<Stream> stream;
  std::uint32_t interest = 0;  // what epoll has been told
  After after = After::kContinue;
  bool keep_alive = true;   // of the request being answered
  bool peer_ended = false;  // it sends no more
  bool continue_sent = false;

  bool replying() const { return delayed.has_value() || stream.has_value() || after != After::kContinue; }
  std::size_t unsent() const { return out.size() - out_begin; }
};

struct Timer {
  SteadyTime at;
  int fd = -1;
  std::uint32_t generation = 0;
  friend bool operator>(const Timer& a, const Timer& b) { return a.at > b.at; }
};

struct Counts {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t chat = 0;
  std::uint64_t with_credentials = 0;
};

}  // namespace

struct Server::Impl {
  Options options;
  ChatReader reader;
  UniqueFd listener;
  UniqueFd epoll;
  std::string url;
  std::vector<std::unique_ptr<Connection>> connections;  // by descriptor
  std::size_t open_connections = 0;
  bool accepting = true;
  std::uint32_t last_generation = 0;
  std::uint64_t last_id = 0;
  Counts counts;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  std::vector<char> read_buffer = std::vector<char>(kReadSize);
  std::string scratch;
  std::time_t date_second = -1;
  std::string date;

  explicit Impl(Options o) : options(std::move(o)), reader(options.models) {}

  Result<> listen(std::string_view address);
  Result<> run(int stop_fd);
  int next_timeout_ms() const;
  void fire_timers();

  void accept_all();
  void pause_accepting();
  void resume_accepting();
  void on_event(int fd, std::uint32_t generation, std::uint32_t events);
  bool receive(Connection& c);
  bool advance(Connection& c);
  void close(Connection& c);

  std::size_t parse_some(Connection& c, std::string_view bytes);
  void handle(Connection& c, const HttpRequest& request);
  void handle_chat(Connection& c, const HttpRequest& request);
  void reply(Connection& c, int status, std::string_view content_type, std::string_view body,
             std::string_view extra = {});
  void refuse(Connection& c, int status, std::string_view message, std::string_view type, std::string_view code = {});
  std::string whole(int status, std::string_view content_type, std::string_view body, bool keep_alive,
                    std::string_view extra);
  void append_head(std::string& out, int status, std::string_view content_type, bool keep_alive);
  void after_delay(Connection& c, std::string bytes);
  void wake_at(const Connection& c, SteadyTime at) { timers.push({at, c.fd.get(), c.generation}); }
  void pump(Connection& c);
  bool send_out(Connection& c);
  bool want(Connection& c, std::uint32_t interest);

  std::string_view http_date();
  std::string counts_json() const;
  std::string models_json() const;
};

// ---------------------------------------------------------------------------------------------- sockets

Result<> Server::Impl::listen(std::string_view address) {
  const auto bad = [&] {
    return Error(Errc::kInvalidArgument, "`" + std::string(address) + "` is not a numeric address with a port");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string host(address.substr(0, colon));
  const std::string_view port_text = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (parsed.ec != std::errc() || parsed.ptr != port_text.data() + port_text.size()) return bad();

  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  const std::string shown_host = host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return bad();
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof(sockaddr_in6);
  } else {
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return bad();
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof(sockaddr_in);
  }

  listener = UniqueFd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return errno_error("socket", errno);
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) {
    if (errno == EADDRINUSE) return Error(Errc::kUnavailable, "`" + std::string(address) + "` is in use");
    return errno_error("bind", errno);
  }
  if (::listen(listener.get(), 4096) != 0) return errno_error("listen", errno);
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return errno_error("getsockname", errno);
  }
  const std::uint16_t bound = ntohs(storage.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
  url = "http://" + shown_host + ":" + std::to_string(bound);

  epoll = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return errno_error("epoll_create1", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenerKey;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event) != 0) return errno_error("epoll_ctl", errno);
  return {};
}

void Server::Impl::accept_all() {
  while (accepting) {
    if (open_connections >= options.max_connections) {
      pause_accepting();
      return;
    }
    UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause_accepting();
      if (errno == ECONNABORTED || errno == EINTR) continue;
      return;
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const auto slot = static_cast<std::size_t>(fd.get());
    if (slot >= connections.size()) connections.resize(slot + 1);
    auto connection = std::make_unique<Connection>();
    connection->generation = ++last_generation;
    connection->interest = EPOLLIN;
    epoll_event event{};
    event.events = EPOLLIN;
    // A generation is at least 1, so no key of a connection is that of the listener or the stop.
    event.data.u64 = (std::uint64_t{connection->generation} << 32) | static_cast<std::uint32_t>(fd.get());
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) continue;
    connection->fd = std::move(fd);
    connections[slot] = std::move(connection);
    ++open_connections;
    ++counts.connections;
  }
}

// The kernel's queue holds those who wait until a connection closes.
void Server::Impl::pause_accepting() {
  accepting = false;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, listener.get(), nullptr);
}

void Server::Impl::resume_accepting() {
  if (accepting) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenerKey;
  accepting = ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event) == 0;
}

void Server::Impl::close(Connection& c) {
  connections[static_cast<std::size_t>(c.fd.get())].reset();  // ends `c`
  --open_connections;
  resume_accepting();
}

bool Server::Impl::want(Connection& c, std::uint32_t interest) {
  if (interest == c.interest) return true;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = (std::uint64_t{c.generation} << 32) | static_cast<std::uint32_t>(c.fd.get());
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, c.fd.get(), &event) != 0) return false;
  c.interest = interest;
  return true;
}

// ---------------------------------------------------------------------------------------------- the loop

Result<> Server::Impl::run(int stop_fd) {
  epoll_event stop{};
  stop.events = EPOLLIN;
  stop.data.u64 = kStopKey;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, stop_fd, &stop) != 0) return errno_error("epoll_ctl", errno);
  std::array<epoll_event, 256> events{};
  for (bool stopping = false; !stopping;) {
    const int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), next_timeout_ms());
    if (count < 0 && errno != EINTR) return errno_error("epoll_wait", errno);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kStopKey) {
        stopping = true;
      } else if (event.data.u64 == kListenerKey) {
        accept_all();
      } else {
        on_event(static_cast<int>(event.data.u64 & 0xffffffff), static_cast<std::uint32_t>(event.data.u64 >> 32),
                 event.events);
      }
    }
    fire_timers();
  }
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, stop_fd, nullptr);
  connections.clear();
  open_connections = 0;
  return {};
}

int Server::Impl::next_timeout_ms() const {
  if (timers.empty()) return -1;
  const auto left = timers.top().at - std::chrono::steady_clock::now();
  if (left <= left.zero()) return 0;
  // Rounded up, so that the timer is due when the wait ends.
  return static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 60'000));
}

// A connection has at most one timer: it has at most one reply under way. A timer of a closed one finds nothing.
void Server::Impl::fire_timers() {
  if (timers.empty()) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!timers.empty() && timers.top().at <= now) {
    const Timer timer = timers.top();
    timers.pop();
    Connection* c = connections[static_cast<std::size_t>(timer.fd)].get();
    if (c == nullptr || c->generation != timer.generation) continue;
    if (c->delayed) {
      c->out += *c->delayed;
      c->delayed.reset();
      if (options.reset_after_chunks) {
        c->after = After::kReset;
      } else if (options.close_after_chunks || !c->keep_alive) {
        c->after = After::kClose;
      }
    }
    if (!advance(*c)) close(*c);
  }
}

void Server::Impl::on_event(int fd, std::uint32_t generation, std::uint32_t events) {
  const auto slot = static_cast<std::size_t>(fd);
  Connection* c = slot < connections.size() ? connections[slot].get() : nullptr;
  if (c == nullptr || c->generation != generation) return;  // closed earlier in the same batch
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(*c);
  if ((events & EPOLLIN) != 0 && !receive(*c)) return close(*c);
  if (!advance(*c)) close(*c);
}

// Reads once; epoll comes back while there is more. False when the connection is of no more use.
bool Server::Impl::receive(Connection& c) {
  const ssize_t count = ::recv(c.fd.get(), read_buffer.data(), read_buffer.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) {
    c.peer_ended = true;
    return true;
  }
  if (options.hang) return true;
  if (options.nonsense) {
    c.out = "\x16\x03 \xff\xfe there is no HTTP here\r\n\r\n";
    c.after = After::kClose;
    return true;
  }
  std::string_view bytes(read_buffer.data(), static_cast<std::size_t>(count));
  if (c.in.empty()) {  // the usual case: whole requests, never copied
    bytes.remove_prefix(parse_some(c, bytes));
    c.in.assign(bytes);
  } else {
    c.in += bytes;
  }
  return true;
}

// Moves the connection on as far as it goes: parse, produce, send. False when it has ended.
bool Server::Impl::advance(Connection& c) {
  std::size_t turn = 0;
  bool more = false;
  while (true) {
    if (!c.in.empty() && !c.replying()) c.in.erase(0, parse_some(c, c.in));
    if (c.stream) pump(c);
    const std::size_t unsent = c.unsent();
    if (!send_out(c)) return false;
    if (c.unsent() > 0) break;
    if (c.after == After::kClose) return false;
    if (c.after == After::kReset) {
      const linger now{1, 0};
      ::setsockopt(c.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
      return false;
    }
    // Sent all of it: whatever waits behind may go on, as long as something moves.
    if (unsent == 0 || (!c.stream && c.in.empty())) break;
    turn += unsent;
    more = turn >= kTurnBytes;
    if (more) break;
  }
  if (!more && c.peer_ended && !c.replying() && c.unsent() == 0) return false;
  std::uint32_t interest = 0;
  if (!c.peer_ended && (!c.replying() || c.in.size() < kInHigh)) interest |= EPOLLIN;
  const bool stream_is_due = c.stream && c.stream->due <= std::chrono::steady_clock::now();
  if (c.unsent() > 0 || stream_is_due || more) interest |= EPOLLOUT;
  return want(c, interest);
}

bool Server::Impl::send_out(Connection& c) {
  while (c.unsent() > 0) {
    const ssize_t count = ::send(c.fd.get(), c.out.data() + c.out_begin, c.unsent(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    c.out_begin += static_cast<std::size_t>(count);
  }
  c.out.clear();
  c.out_begin = 0;
  return true;
}

// ---------------------------------------------------------------------------------------------- requests

// Answers the requests at the start of `bytes` and returns how much they took. Stops at one whose reply takes time.
std::size_t Server::Impl::parse_some(Connection& c, std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !c.replying() && c.unsent() < kOutHigh) {
    const std::string_view rest = bytes.substr(taken);
    if (rest.size() < c.need) break;
    const ParseOutcome outcome = parse_request(rest, options.limits);
    if (outcome.state == ParseOutcome::State::kIncomplete) {
      c.need = outcome.size;
      if (outcome.expects_continue && !c.continue_sent) {
        c.out += "HTTP/1.1 100 Continue\r\n\r\n";
        c.continue_sent = true;
      }
      break;
    }
    c.need = 0;
    c.continue_sent = false;
    ++counts.requests;
    if (outcome.state == ParseOutcome::State::kRefused) {
      c.keep_alive = false;
      refuse(c, outcome.status, outcome.reason, "invalid_request_error");
      return bytes.size();  // where the next request begins is unknown
    }
    taken += outcome.size;
    c.keep_alive = outcome.request.keep_alive;
    if (outcome.request.has_credentials) ++counts.with_credentials;
    handle(c, outcome.request);
  }
  return taken;
}

void Server::Impl::handle(Connection& c, const HttpRequest& request) {
  if (request.method == "HEAD") return reply(c, 405, "application/json", "", "Allow: GET, POST\r\n");
  if (request.path == "/v1/chat/completions") {
    if (request.method != "POST") {
      return reply(c, 405, "application/json", error_body("only POST is supported here", "invalid_request_error", ""),
                   "Allow: POST\r\n");
    }
    return handle_chat(c, request);
  }
  const bool known = request.path == "/v1/models" || request.path == "/healthz" || request.path == "/standin/counts";
  if (!known) return refuse(c, 404, "unknown path", "invalid_request_error", "not_found");
  if (request.method != "GET") {
    return reply(c, 405, "application/json", error_body("only GET is supported here", "invalid_request_error", ""),
                 "Allow: GET\r\n");
  }
  if (request.path == "/v1/models") return reply(c, 200, "application/json", models_json());
  if (request.path == "/standin/counts") return reply(c, 200, "application/json", counts_json());
  reply(c, 200, "text/plain; charset=utf-8", "ok\n");
}

void Server::Impl::handle_chat(Connection& c, const HttpRequest& request) {
  ++counts.chat;
  if (options.fail_status) {
    return after_delay(
        c, whole(*options.fail_status, "application/json",
                 error_body("the stand-in was told to fail", "server_error", "told_to_fail"), c.keep_alive, {}));
  }
  Result<ChatRequest> chat = reader.read(request.body);
  if (!chat) {
    if (chat.error().code() == Errc::kNotFound) {
      return refuse(c, 404, chat.error().message(), "invalid_request_error", "model_not_found");
    }
    return refuse(c, 400, chat.error().message(), "invalid_request_error");
  }
  const std::uint64_t id = ++last_id;
  http_date();
  const bool cut = options.reset_after_chunks || options.close_after_chunks;
  if (!chat->stream) {
    const std::string body = whole_reply(*chat, options.shape, id, date_second);
    if (!cut && options.delay.count() == 0) return reply(c, 200, "application/json", body);
    std::string bytes = whole(200, "application/json", body, c.keep_alive, {});
    if (cut) bytes.resize(bytes.size() - body.size() / 2);
    return after_delay(c, std::move(bytes));
  }
  c.stream.emplace(Stream{EventSource(std::move(*chat), options.shape, id, date_second), request.http_1_1, 0,
                          std::chrono::steady_clock::now() + options.delay});
  if (options.delay.count() > 0) wake_at(c, c.stream->due);
}

void Server::Impl::after_delay(Connection& c, std::string bytes) {
  c.delayed = std::move(bytes);
  wake_at(c, std::chrono::steady_clock::now() + options.delay);
}

// Produces what is due of the stream, up to what may wait unsent.
void Server::Impl::pump(Connection& c) {
  Stream& stream = *c.stream;
  const bool paced = options.token_delay.count() > 0;
  while (c.unsent() < kOutHigh) {
    if ((paced || stream.sent == 0) && stream.due > std::chrono::steady_clock::now()) return;  // its timer is set
    if (stream.sent == 0) {
      append_head(c.out, 200, "text/event-stream; charset=utf-8", c.keep_alive && stream.chunked);
      c.out += stream.chunked ? "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
                              : "Cache-Control: no-cache\r\n\r\n";
    }
    if (options.reset_after_chunks == stream.sent || options.close_after_chunks == stream.sent) {
      c.after = options.reset_after_chunks == stream.sent ? After::kReset : After::kClose;
      c.stream.reset();
      return;
    }
    scratch.clear();
    if (!stream.events.next(scratch)) {
      if (stream.chunked) c.out += "0\r\n\r\n";
      if (!stream.chunked || !c.keep_alive) c.after = After::kClose;
      c.stream.reset();
      return;
    }
    if (stream.chunked) {
      append_number(c.out, scratch.size(), 16);
      c.out += "\r\n";
      c.out += scratch;
      c.out += "\r\n";
    } else {
      c.out += scratch;
    }
    ++stream.sent;
    if (paced && stream.events.next_is_content()) {
      stream.due += options.token_delay;
      if (stream.due > std::chrono::steady_clock::now()) {
        wake_at(c, stream.due);
        return;
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------- replies

void Server::Impl::append_head(std::string& out, int status, std::string_view content_type, bool keep_alive) {
  out += "HTTP/1.1 ";
  append_number(out, status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\nServer: redoubt-standin\r\nDate: ";
  out += http_date();
  out += "\r\nContent-Type: ";
  out += content_type;
  out += keep_alive ? "\r\n" : "\r\nConnection: close\r\n";
}

std::string Server::Impl::whole(int status, std::string_view content_type, std::string_view body, bool keep_alive,
                                std::string_view extra) {
  std::string out;
  append_head(out, status, content_type, keep_alive);
  out += extra;
  out += "Content-Length: ";
  append_number(out, body.size());
  out += "\r\n\r\n";
  out += body;
  return out;
}

void Server::Impl::reply(Connection& c, int status, std::string_view content_type, std::string_view body,
                         std::string_view extra) {
  append_head(c.out, status, content_type, c.keep_alive);
  c.out += extra;
  c.out += "Content-Length: ";
  append_number(c.out, body.size());
  c.out += "\r\n\r\n";
  c.out += body;
  if (!c.keep_alive) c.after = After::kClose;
}

void Server::Impl::refuse(Connection& c, int status, std::string_view message, std::string_view type,
                          std::string_view code) {
  reply(c, status, "application/json", error_body(message, type, code));
}

// RFC 9110 §5.6.7: IMF-fixdate, made once a second.
std::string_view Server::Impl::http_date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second) {
    date_second = now.tv_sec;
    std::tm utc{};
    ::gmtime_r(&date_second, &utc);
    std::array<char, 64> text{};
    date.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return date;
}

std::string Server::Impl::models_json() const {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("object", "list");
  json.key("data");
  json.begin_array();
  for (const std::string& model : options.models) {
    json.begin_object();
    json.member("id", std::string_view(model));
    json.member("object", "model");
    json.member("created", 0);
    json.member("owned_by", "redoubt-standin");
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

std::string Server::Impl::counts_json() const {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("connections", counts.connections);
  json.member("requests", counts.requests);
  json.member("chat", counts.chat);
  json.member("with_credentials", counts.with_credentials);
  json.end_object();
  return out;
}

// ---------------------------------------------------------------------------------------------- the interface

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(std::string_view address, Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (const Result<> listening = impl->listen(address); !listening) return listening.error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::url() const {
  return impl_->url;
}

Result<> Server::run(int stop_fd) {
  return impl_->run(stop_fd);
}

}  // namespace redoubt::standin
