#include "redoubt/start_check.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file.h"
#include "redoubt/confinement.h"
#include "redoubt/descriptor_pairs.h"
#include "redoubt/enclave.h"
#include "redoubt/processor.h"
#include "redoubt/settings.h"
#include "sealing/keeper_keys.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kYes = "yes";
constexpr timeval kWait{.tv_sec = 5, .tv_usec = 0};

}  // namespace

StartNeeds StartNeeds::of(const Settings& settings) {
  return {.tpm = settings.tpm,
          .keeper_user = settings.keeper_user,
          .gateway_user = settings.gateway_user,
          .notifier_user = settings.notifier_user,
          .attester_user = settings.attester_user,
          .cpu = settings.cpu};
}

std::string StartNeeds::format() const {
  std::string out;
  for (const std::string* const each : {&tpm, &keeper_user, &gateway_user, &notifier_user, &attester_user}) {
    out += *each + "\n";
  }
  if (cpu.kind) out += attest::to_string(*cpu.kind);
  return out + "\n";
}

Result<StartNeeds> StartNeeds::parse(std::string_view text) {
  if (text.size() > kBytesMax) return Error(Errc::kTooLarge, "names of users and of the TPM are longer than 4 KiB");
  const Error malformed(Errc::kMalformed, "names of users and of the TPM are lines of text");
  if (text.find('\0') != std::string_view::npos) return malformed;
  StartNeeds out;
  std::string cpu;
  for (std::string* const each :
       {&out.tpm, &out.keeper_user, &out.gateway_user, &out.notifier_user, &out.attester_user, &cpu}) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return malformed;
    *each = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (!text.empty() || (!out.tpm.empty() && !is_tpm(out.tpm))) return malformed;
  out.cpu.kind = find_cpu_kind(cpu);
  if (!cpu.empty() && !out.cpu.kind) return malformed;
  return out;
}

Result<> check_start(const Layout& layout, const StartNeeds& needs) {
  Settings next;
  next.keeper_user = needs.keeper_user;
  next.gateway_user = needs.gateway_user;
  next.notifier_user = needs.notifier_user;
  next.attester_user = needs.attester_user;
  next.cpu = needs.cpu;
  if (auto users = find_process_users(next); !users) return users.error();
  if (auto there = check_tpm(needs.tpm); !there) return there.error().in("`enclave.tpm`");
  if (auto there = check_processor(layout, needs.cpu); !there) return there.error().in("`enclave.cpu`");
  PosixFileSystem fs;
  const auto sealed = sealing::is_sealed(fs, layout.keeper());
  if (!sealed) return sealed.error();
  if (*sealed && needs.tpm.empty()) {
    return Error(Errc::kInvalidArgument, "the keys are sealed to a TPM, and redoubt.toml has no `enclave.tpm`");
  }
  return {};
}

Result<> StartQuestion::ask(const StartNeeds& needs) const {
  const std::string text = needs.format();
  const Error silent(Errc::kUnavailable, "the launcher, which knows whether a server would start, does not answer");
  std::array<char, kAnswerBytesMax> buffer;
  // An answer that came too late for its question is not taken for another's.
  while (::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
  }
  if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(text.size())) {
    return silent;
  }
  ssize_t n = 0;
  do {
    n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return silent;
  const std::string_view said(buffer.data(), static_cast<std::size_t>(n));
  if (said == kYes) return {};
  return Error(Errc::kInvalidArgument, "a server would not start with it: " + std::string(said));
}

Result<> StartAnswers::prepare() {
  auto sockets = SocketPair::make(SOCK_SEQPACKET);
  if (!sockets) return sockets.error();
  launcher_ = std::move(sockets->ours);
  gateway_ = std::move(sockets->theirs);
  if (::setsockopt(gateway_.get(), SOL_SOCKET, SO_RCVTIMEO, &kWait, sizeof kWait) != 0) {
    return errno_error("cannot limit how long a socket waits", errno);
  }
  return {};
}

void StartAnswers::answer(const Layout& layout) {
  std::array<char, StartNeeds::kBytesMax + 1> buffer;
  const ssize_t n = ::recv(launcher_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return launcher_.reset();
  const auto needs = StartNeeds::parse(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  const auto starts = needs ? check_start(layout, *needs) : Result<>(needs.error());
  std::string text = starts ? std::string(kYes) : starts.error().message();
  text.resize(std::min(text.size(), StartQuestion::kAnswerBytesMax));
  // Who asks much and takes nothing is not waited for.
  [[maybe_unused]] const ssize_t sent = ::send(launcher_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace redoubt::app
