#include "notifier/serve.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <deque>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "base/unique_fd.h"
#include "confine/common_needs.h"
#include "confine/restrict.h"
#include "crypto/secret.h"
#include "notifier/endpoint_files.h"
#include "notify/curl_transport.h"
#include "notify/message.h"
#include "notify/notifier.h"
#include "notify/wire.h"

namespace redoubt {
namespace {

constexpr std::size_t kKnownMax = 8192;  // orders that are not taken a second time
constexpr timeval kWordPatience{.tv_sec = 10, .tv_usec = 0};

// Who gives orders may say something twice: what an earlier notifier had not read, and then again all of it.
class KnownOrders {
 public:
  // Of the endpoints those that were not told this yet.
  std::vector<std::string> fresh(const notify::Order& order) {
    std::vector<std::string> out;
    for (const std::string& endpoint : order.endpoints) {
      const std::string key = order.notice.id + "/" + endpoint;
      if (!known_.insert(key).second) continue;
      order_.push_back(key);
      if (order_.size() > kKnownMax) {
        known_.erase(order_.front());
        order_.pop_front();
      }
      out.push_back(endpoint);
    }
    return out;
  }

 private:
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;  // the oldest first
};

struct Sender {
  std::vector<notify::Endpoint> endpoints;
  notify::Notifier::Secrets secrets;
};

// An endpoint whose files cannot be read gives up what it is told, which is on record; others are told.
Sender read_files(const std::string& dir, std::vector<notify::Endpoint> endpoints) {
  PosixFileSystem fs;
  Sender out;
  for (notify::Endpoint& each : endpoints) {
    auto secret = read_endpoint_files(fs, dir, each);
    if (secret) {
      out.secrets.emplace(each.name, *std::move(secret));
    } else {
      log::error("notifier", "an endpoint cannot be told", {{"why", secret.error().message()}});
    }
    out.endpoints.push_back(std::move(each));
  }
  return out;
}

// Where an endpoint is: of some that is the secret.
std::string_view url_of(const Sender& sender, const notify::Endpoint& endpoint) {
  if (endpoint.type == notify::EndpointType::kSlack) {
    const auto secret = sender.secrets.find(endpoint.name);
    return secret == sender.secrets.end() ? std::string_view() : as_chars(secret->second.reveal());
  }
  return endpoint.url.empty() && endpoint.type == notify::EndpointType::kPagerDuty ? notify::kPagerDutyUrl
                                                                                   : std::string_view(endpoint.url);
}

confine::Restrictions restrictions_for(const Sender& sender) {
  confine::Restrictions wanted;
  bool by_name = false;
  for (const notify::Endpoint& each : sender.endpoints) {
    const auto target = notify::target_of(each, url_of(sender, each));
    if (!target) continue;  // it cannot be told anything, and says so when it is
    wanted.connect_ports.push_back(target->port);
    by_name = by_name || !confine::is_address(target->host);
  }
  if (by_name) confine::allow_name_lookup(wanted);
  confine::allow_trust_anchors(wanted);
  wanted.syscalls.add(confine::runtime_syscalls());
  wanted.syscalls.add(confine::thread_syscalls());
  wanted.syscalls.add(confine::read_file_syscalls());
  wanted.syscalls.add(confine::tcp_syscalls());
  // libcurl wakes itself through a pair of sockets, and asks whether a file is there before it opens it.
  wanted.syscalls.add({.name = "socketpair", .when = {confine::argument_is(0, AF_UNIX)}});
  wanted.syscalls.add_names({"access"});
  return wanted;
}

Result<std::optional<confine::UserIds>> parse_user(std::string_view text) {
  if (text.empty()) return std::optional<confine::UserIds>();
  confine::UserIds ids;
  const std::size_t colon = text.find(':');
  const char* const end = text.data() + text.size();
  const char* const middle = text.data() + std::min(colon, text.size());
  const bool good = colon != std::string_view::npos && std::from_chars(text.data(), middle, ids.user).ptr == middle &&
                    std::from_chars(middle + 1, end, ids.group).ptr == end && colon > 0 && middle + 1 < end;
  if (!good) return Error(Errc::kInvalidArgument, "`--user` is `user:group`");
  return std::optional(ids);
}

// SIGTERM as bytes on a descriptor, for the calling thread and all that it starts.
Result<UniqueFd> take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd.valid()) return errno_error("cannot wait for signals", errno);
  return fd;
}

// Any thread: a message is sent whole. It waits a while for a server that does not read; what finds no room even then
// is not told, and counts there as never answered.
void say(int socket, const notify::Word& word) {
  const std::string message = notify::write_word(word);
  ssize_t sent = 0;
  do {
    sent = ::send(socket, message.data(), message.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) log::warning("notifier", "the server does not hear what became of a notice", {{"errno", errno}});
}

// Takes orders until SIGTERM, or until nobody can give any.
Result<> take_orders(int socket, int signals, notify::Notifier& notifier) {
  KnownOrders known;
  std::vector<char> buffer(notify::kWireMessageMax + 1);
  while (true) {
    std::array<pollfd, 2> wait{
        {{.fd = signals, .events = POLLIN, .revents = 0}, {.fd = socket, .events = POLLIN, .revents = 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return errno_error("cannot wait for orders", errno);
    if (wait[0].revents != 0) return {};
    if (wait[1].revents == 0) continue;
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0) return {};
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return errno_error("cannot read an order", errno);
    const auto order = notify::read_order({buffer.data(), static_cast<std::size_t>(n)});
    if (!order) {
      log::error("notifier", "an order is passed over", {{"why", order.error().message()}});
      continue;
    }
    notifier.tell(order->notice, known.fresh(*order));
  }
}

}  // namespace

Result<> serve_notices(const NotifierOptions& options) {
  ::prctl(PR_SET_NAME, "redoubt-notify");
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // the launcher decides when the notifier goes
  auto signals = take_signals();
  if (!signals) return signals.error();
  const auto user = parse_user(options.user);
  if (!user) return user.error();
  if (auto done = confine::close_other_descriptors(std::array{options.settings_fd, options.orders_fd, signals->get()});
      !done) {
    return done;
  }
  if (!crypto::init_secure_heap()) log::warning("notifier", "key pages cannot be locked in memory");
  auto text = receive_file(options.settings_fd, ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  ::close(options.settings_fd);
  auto settings = notify::parse_notify_settings(as_chars(*text), "notify.toml");
  if (!settings) return settings.error();
  Sender sender = read_files(options.dir, std::move(settings->endpoints));
  const auto make = []() -> Result<std::unique_ptr<notify::Transport>> {
    auto made = notify::CurlTransport::create();
    if (!made) return made.error();
    return std::unique_ptr<notify::Transport>(*std::move(made));
  };
  // libcurl and OpenSSL read their own configuration with their first use, which is now.
  if (auto first = make(); !first) return first.error();
  const auto seed = std::random_device{}();

  if (auto done = confine::shed_privileges(*user); !done) return done;
  auto report = confine::restrict_process(restrictions_for(sender));
  if (!report) return report.error();
  if (auto done = confine::log_confinement("notifier", *report, options.require_confinement); !done) return done;

  ::setsockopt(options.orders_fd, SOL_SOCKET, SO_SNDTIMEO, &kWordPatience, sizeof kWordPatience);
  const SystemClock clock;
  auto notifier = notify::Notifier::start(std::move(sender.endpoints), std::move(sender.secrets), make, clock, seed,
                                          [&](const notify::Attempt& attempt) {
                                            say(options.orders_fd, {.kind = notify::Word::Kind::kAttempt,
                                                                    .notice = attempt.notice.id,
                                                                    .endpoint = attempt.endpoint,
                                                                    .number = attempt.number,
                                                                    .outcome = attempt.outcome,
                                                                    .why = attempt.why});
                                          });
  if (!notifier) return notifier.error();
  say(options.orders_fd, {.kind = notify::Word::Kind::kReady});
  log::info("notifier", "takes orders");
  return take_orders(options.orders_fd, signals->get(), **notifier);
}

}  // namespace redoubt
