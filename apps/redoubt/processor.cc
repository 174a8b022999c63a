#include "redoubt/processor.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>
#include <utility>

#include "attest/guest_interface.h"
#include "attest/producer.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "redoubt/children.h"
#include "redoubt/commands.h"
#include "redoubt/descriptor_pairs.h"

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kReadyTime{10};
constexpr std::chrono::seconds kEndTime{2};
constexpr std::size_t kReadyMax = 1024;

std::string tsm_folder(const CpuSettings& evidence) {
  return evidence.tsm.empty() ? std::string(attest::ProducerOptions::kTsmFolder) : evidence.tsm;
}

// Our request of configfs-tsm: the same at each start, so that one that a kill left behind is used again.
std::string request_of(const Layout& layout, const CpuSettings& evidence) {
  std::error_code error;
  const auto root = std::filesystem::weakly_canonical(layout.root, error);
  const std::string name = error ? std::filesystem::absolute(layout.root).string() : root.string();
  return tsm_folder(evidence) + "/redoubt-" + encoding::hex(crypto::sha256(as_bytes(name))).substr(0, 16);
}

struct Request {
  std::string path;       // empty: there is no configfs-tsm
  bool was_made = false;  // by this call
};

Result<Request> make_request(const Layout& layout, const CpuSettings& evidence) {
  if (::access(tsm_folder(evidence).c_str(), F_OK) != 0) return Request();
  Request out{.path = request_of(layout, evidence)};
  out.was_made = ::mkdir(out.path.c_str(), 0700) == 0;
  if (!out.was_made && errno != EEXIST) return errno_error("cannot make `" + out.path + "`", errno);
  return out;
}

std::vector<std::string> attester_words(const Layout& layout, const Processor::Settings& settings,
                                        const std::string& request) {
  std::vector<std::string> out{
      sibling_program("redoubt-keeper"), "attest", "--kind=" + std::string(attest::to_string(*settings.evidence.kind)),
      "--tsm-request=" + request, "--require-confinement=" + std::to_string(settings.require_confinement ? 1 : 0)};
  for (const auto& [role, path] : settings.evidence.files) {
    out.push_back("--file=" + std::string(attest::to_string(role)) + ":" + layout.configured(path));
  }
  if (settings.user) {
    out.push_back("--user=" + std::to_string(settings.user->user) + ":" + std::to_string(settings.user->group));
  }
  return out;
}

Error not_there(const CpuSettings& evidence) {
  return {Errc::kUnavailable, "no interface of this machine's makes evidence of the kind `" +
                                  std::string(attest::to_string(*evidence.kind)) + "`"};
}

}  // namespace

std::vector<FoundProcessor> find_processors(const Layout& layout, const CpuSettings& evidence) {
  // Who may make no request cannot use the interface.
  const auto request = make_request(layout, evidence);
  attest::ProducerOptions options;
  options.tsm_folder.clear();
  if (request) options.tsm_request = request->path;
  attest::LinuxGuestInterface guest;
  std::vector<FoundProcessor> out;
  for (const auto& each : attest::find_producers(guest, options)) {
    out.push_back({.kind = each->kind(), .interface = std::string(each->interface())});
  }
  if (request && request->was_made) ::rmdir(request->path.c_str());
  return out;
}

Result<> check_processor(const Layout& layout, const CpuSettings& evidence) {
  if (!evidence.kind) return {};
  for (const auto& [role, path] : evidence.files) {
    if (::access(layout.configured(path).c_str(), R_OK) != 0) {
      return errno_error("cannot open `" + layout.configured(path) + "`", errno);
    }
  }
  const auto found = find_processors(layout, evidence);
  const bool there = std::ranges::any_of(found, [&](const auto& each) { return each.kind == *evidence.kind; });
  return there ? Result<>() : not_there(evidence);
}

Result<> Processor::start(const Layout& layout, const Settings& settings) {
  if (!settings.evidence.kind) return {};
  auto request = make_request(layout, settings.evidence);
  if (!request) return request.error().in("`enclave.cpu`");
  request_ = request->path;
  auto to_keeper = SocketPair::make(SOCK_SEQPACKET);
  if (!to_keeper) return to_keeper.error();
  to_keeper_ = std::move(to_keeper->ours);
  keepers_end_ = std::move(to_keeper->theirs);
  kind_ = attest::to_string(*settings.evidence.kind);
  words_ = attester_words(layout, settings, request_);
  auto program = open_program(words_.front());
  if (!program) return program.error();
  program_ = *std::move(program);
  launcher_ = ::getpid();
  pace_.started(std::chrono::steady_clock::now());
  if (auto done = begin(); !done) return done.error().in("the attester");
  while (ready_.valid()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(ready_until_ - std::chrono::steady_clock::now());
    pollfd one{.fd = ready_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0) hear();
    act();
  }
  if (trouble_.empty()) return {};
  return Error(Errc::kUnavailable, trouble_).in("`enclave.cpu`");
}

Result<> Processor::begin() {
  auto sockets = SocketPair::make(SOCK_STREAM);
  if (!sockets) return sockets.error();
  auto ready = Pipe::make();
  if (!ready) return ready.error();
  attester_ = ::fork();
  if (attester_ < 0) return errno_error("cannot start a process", errno);
  if (attester_ == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    become_child("redoubt-attest", launcher_);
    const int socket = sockets->theirs.get();
    const int tells = ready->write.get();
    std::vector<std::string> words = words_;
    words.push_back("--socket=" + std::to_string(socket));
    words.push_back("--ready-fd=" + std::to_string(tells));
    exec_program(std::move(words), {socket, tells}, program_.get());
  }
  socket_ = std::move(sockets->ours);
  ready_ = std::move(ready->read);
  ready_until_ = std::chrono::steady_clock::now() + kReadyTime;
  return {};
}

// One read, which does not wait: something is there, or the end. Nothing: the line is not whole yet.
std::optional<Result<std::string>> Processor::read_readiness() {
  std::array<char, 256> buffer;
  const ssize_t n = ::read(ready_.get(), buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return std::nullopt;
  if (n > 0) said_.append(buffer.data(), static_cast<std::size_t>(n));
  if (n > 0 && !said_.ends_with('\n') && said_.size() < kReadyMax) return std::nullopt;
  ready_.reset();
  std::string line = std::exchange(said_, {});
  if (line.ends_with('\n')) line.pop_back();
  if (line.starts_with("ok ")) return line.substr(3);
  return Error(Errc::kUnavailable, line.starts_with("failed ") ? line.substr(7) : "the attester did not start");
}

void Processor::hear() {
  const auto interface = read_readiness();
  if (!interface) return;
  Result<> done = *interface ? send_open_file(to_keeper_.get(), socket_.get()) : interface->error();
  socket_.reset();  // of the keeper alone; or of nobody, and the attester ends
  if (done) {
    log::info("launcher", "the processor attests", {{"kind", kind_}, {"interface", **interface}});
  } else {
    trouble_ = done.error().message();
  }
}

bool Processor::ended(pid_t child, int status) {
  if (attester_ < 0 || child != attester_) return false;
  while (ready_.valid()) hear();  // what it said last
  attester_ = -1;
  const std::string trouble = std::exchange(trouble_, {});
  if (ending_) return true;
  const bool was_left = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string how = was_left ? "its socket to the keeper was closed" : describe_end(status);
  const auto pause = pace_.ended(std::chrono::steady_clock::now());
  log::error("launcher", "the attester ended",
             {{"how", trouble.empty() ? how : how + ": " + trouble}, {"again_in_s", static_cast<int>(pause.count())}});
  return true;
}

std::optional<RestartPace::Time> Processor::wake_at() const {
  if (words_.empty() || ending_) return std::nullopt;
  if (attester_ > 0) return ready_.valid() ? std::optional(ready_until_) : std::nullopt;
  return pace_.next_start();
}

void Processor::act() {
  const auto due = wake_at();
  const auto now = std::chrono::steady_clock::now();
  if (!due || now < *due) return;
  if (attester_ > 0) {
    trouble_ = "the attester does not get ready";
    ready_.reset();
    socket_.reset();
    ::kill(attester_, SIGKILL);
    return;
  }
  pace_.started(now);
  if (const auto done = begin(); !done) {
    pace_.failed(now);
    log::error("launcher", "the attester cannot be started", {{"why", done.error().message()}});
  }
}

void Processor::stop() {
  start_no_more();
  keepers_end_.reset();
  if (attester_ > 0) {
    ::kill(attester_, SIGKILL);  // it keeps nothing
    const auto until = std::chrono::steady_clock::now() + kEndTime;
    while (::waitpid(attester_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    attester_ = -1;
  }
  // What cannot be removed is used again by the next start, or goes with the machine.
  if (!request_.empty()) ::rmdir(request_.c_str());
  request_.clear();
}

}  // namespace redoubt::app
