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
                                        const std::string& request, int socket, int ready) {
  std::vector<std::string> out{sibling_program("redoubt-keeper"),
                               "attest",
                               "--socket=" + std::to_string(socket),
                               "--ready-fd=" + std::to_string(ready),
                               "--kind=" + std::string(attest::to_string(*settings.evidence.kind)),
                               "--tsm-request=" + request,
                               "--require-confinement=" + std::to_string(settings.require_confinement ? 1 : 0)};
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
  auto sockets = SocketPair::make(SOCK_STREAM);
  if (!sockets) return sockets.error();
  auto ready = Pipe::make();
  if (!ready) return ready.error();
  const pid_t launcher = ::getpid();
  attester_ = ::fork();
  if (attester_ < 0) return errno_error("cannot start the attester", errno);
  if (attester_ == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    become_child("redoubt-attest", launcher);
    const int socket = sockets->theirs.get();
    const int tells = ready->write.get();
    exec_program(attester_words(layout, settings, request_, socket, tells), {socket, tells});
  }
  sockets->theirs.reset();
  ready->write.reset();
  const auto interface = wait_ready(ready->read);
  if (!interface) {
    stop();
    return interface.error().in("`enclave.cpu`");
  }
  keepers_end_ = std::move(sockets->ours);
  log::info("launcher", "the processor attests",
            {{"kind", attest::to_string(*settings.evidence.kind)}, {"interface", *interface}});
  return {};
}

Result<std::string> Processor::wait_ready(const UniqueFd& ready) {
  const auto until = std::chrono::steady_clock::now() + kReadyTime;
  std::string line;
  while (!line.ends_with('\n') && line.size() < kReadyMax) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd one{.fd = ready.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0) return Error(Errc::kUnavailable, "the attester does not get ready");
    const int waited = ::poll(&one, 1, static_cast<int>(left.count()));
    if (waited <= 0) continue;
    std::array<char, 256> buffer;
    const ssize_t n = ::read(ready.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (line.ends_with('\n')) line.pop_back();
  if (line.starts_with("ok ")) return line.substr(3);
  return Error(Errc::kUnavailable, line.starts_with("failed ") ? line.substr(7) : "the attester did not start");
}

bool Processor::ended(pid_t child, int status) {
  if (attester_ < 0 || child != attester_) return false;
  attester_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;  // the keeper has gone
  log::error("launcher", "the attester ended: nothing attests any more", {{"how", describe_end(status)}});
  return true;
}

void Processor::stop() {
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
