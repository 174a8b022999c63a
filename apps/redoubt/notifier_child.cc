#include "redoubt/notifier_child.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/bytes.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "notify/wire.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/descriptor_pairs.h"
#include "redoubt/notifier_link.h"

namespace redoubt::app {
namespace {

constexpr const char* kProgram = "redoubt-notifier";

}  // namespace

Result<> NotifierChild::prepare(Settings settings) {
  settings_ = std::move(settings);
  launcher_ = ::getpid();
  program_ = open_program(sibling_program(kProgram));
  auto sockets = SocketPair::make(SOCK_SEQPACKET);
  if (!sockets) return sockets.error();
  gateway_socket_ = std::move(sockets->ours);
  socket_ = std::move(sockets->theirs);
  auto wanted = Pipe::make(O_NONBLOCK);
  if (!wanted) return wanted.error();
  wanted_ = std::move(wanted->read);
  gateway_wanted_ = std::move(wanted->write);
  return {};
}

void NotifierChild::close_gateway_ends() {
  gateway_socket_.reset();
  gateway_wanted_.reset();
}

void NotifierChild::offer(std::string_view notify_toml) {
  if (notify_toml.empty()) return;
  const std::string digest = encoding::hex(crypto::sha256(as_bytes(notify_toml)));
  std::erase_if(offered_, [&](const auto& each) { return each.first == digest; });
  offered_.emplace_back(digest, notify_toml);
  if (offered_.size() > kOfferedMax) {
    // What is in force stays.
    offered_.erase(offered_.front().first == digest_ ? std::next(offered_.begin()) : offered_.begin());
  }
}

void NotifierChild::restart() {
  pace_.forget();
  end();
}

void NotifierChild::hear_what_is_wanted() {
  std::array<char, kNoNotifier.size()> buffer{};
  ssize_t n = 0;
  std::string last = digest_;
  // Written whole by one who writes nothing else: what is of another length is not from there.
  while ((n = ::read(wanted_.get(), buffer.data(), buffer.size())) > 0) {
    const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
    last = text == kNoNotifier ? std::string_view() : text;
  }
  if (n == 0) wanted_.reset();  // there is no gateway any more
  if (last == digest_) return;
  digest_ = last;
  pace_.forget();
  if (!digest_.empty() && settings_of(digest_) == nullptr) {
    log::error("launcher", "nobody is told of incidents: the notify.toml in force is not the one in the folder");
    tell_gone("the notify.toml in force is not the one in the folder");
  }
  end();
}

const std::string* NotifierChild::settings_of(const std::string& digest) const {
  const auto found =
      std::find_if(offered_.begin(), offered_.end(), [&](const auto& each) { return each.first == digest; });
  return found == offered_.end() ? nullptr : &found->second;
}

bool NotifierChild::ended(pid_t child, int status) {
  if (child != pid_) return false;
  pid_ = -1;
  if (std::exchange(ending_, false) || stopped_) return true;
  const auto pause = pace_.ended(std::chrono::steady_clock::now());
  const std::string why = describe_end(status);
  log::error("launcher", "the notifier ended", {{"how", why}, {"again_in_s", static_cast<int>(pause.count())}});
  tell_gone("it ended with " + why);
  return true;
}

std::optional<RestartPace::Time> NotifierChild::wake_at() const {
  if (stopped_ || pid_ > 0 || digest_.empty() || settings_of(digest_) == nullptr) return std::nullopt;
  return pace_.next_start();
}

void NotifierChild::act() {
  const auto due = wake_at();
  const auto now = std::chrono::steady_clock::now();
  if (!due || now < *due) return;
  pace_.started(now);
  if (const auto done = start(); !done) {
    pace_.failed(now);
    log::error("launcher", "the notifier cannot be started", {{"why", done.error().message()}});
  }
}

Result<> NotifierChild::start() {
  if (!program_) return program_.error();
  auto settings = SocketPair::make(SOCK_SEQPACKET);
  if (!settings) return settings.error();
  if (auto done = send_bytes(settings->ours.get(), as_bytes(*settings_of(digest_))); !done) return done;
  const int settings_fd = settings->theirs.get();
  pid_ = ::fork();
  if (pid_ < 0) return errno_error("cannot start a process", errno);
  if (pid_ > 0) return {};
  become_child("redoubt-notify", launcher_);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<std::string> arguments{sibling_program(kProgram), "serve", "--dir=" + settings_.dir,
                                     "--settings-fd=" + std::to_string(settings_fd),
                                     "--orders-fd=" + std::to_string(socket_.get())};
  if (settings_.user) {
    arguments.push_back("--user=" + std::to_string(settings_.user->user) + ":" + std::to_string(settings_.user->group));
  }
  if (settings_.require_confinement) arguments.emplace_back("--require-confinement");
  exec_program(std::move(arguments), {settings_fd, socket_.get()}, program_->get());
}

void NotifierChild::end() {
  if (pid_ <= 0) return;
  ending_ = true;
  ::kill(pid_, SIGTERM);
}

void NotifierChild::stop() {
  stopped_ = true;
  end();
}

// On the notifier's end, behind all that it said itself.
void NotifierChild::tell_gone(const std::string& why) {
  const std::string message = notify::write_word({.kind = notify::Word::Kind::kGone, .why = why});
  if (::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    log::warning("launcher", "the gateway does not hear that there is no notifier", {{"errno", errno}});
  }
}

}  // namespace redoubt::app
