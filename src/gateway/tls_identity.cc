#include "gateway/internal/tls_identity.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <optional>

#include "base/log.h"
#include "base/pass_file.h"
#include "crypto/certificate.h"

namespace redoubt::gateway::internal {
namespace {

constexpr std::chrono::seconds kAnswerTime{10};  // of the keeper
constexpr std::chrono::milliseconds kFirstRetry{1'000};
constexpr std::chrono::milliseconds kLastRetry{60'000};
// Waits are cut into these, so that a clock that was set forward is noticed.
constexpr std::int64_t kLongestWaitMs = 10'000;
constexpr std::size_t kMaxPemBytes = 256 * 1024;
constexpr std::size_t kMaxKeyBytes = 16 * 1024;

// Not by receive_file(): no copy of a private key stays behind.
Result<crypto::Secret> receive_secret(int socket) {
  auto file = receive_open_file(socket);
  if (!file) return file.error();
  crypto::Secret buffer(kMaxKeyBytes);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n = ::read(file->get(), buffer.reveal_mutable().data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read the file", errno);
    if (n == 0) return crypto::Secret::copy_of(buffer.reveal().first(size));
    size += static_cast<std::size_t>(n);
  }
  return Error(Errc::kTooLarge, "the file is too long for a private key");
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

TlsIdentity::TlsIdentity(const TlsSettings& settings, const Clock& clock,
                         const std::vector<std::unique_ptr<Core>>& cores, Administration& administration)
    : settings_(settings),
      clock_(clock),
      cores_(cores),
      administration_(administration),
      timer_(cores.front()->io().get_executor()) {}

Result<TlsIdentity::Context> TlsIdentity::load_files() const {
  auto chain = receive_file(settings_.certificate_socket, kMaxPemBytes);
  if (!chain) return chain.error().in("TLS certificate");
  auto key = receive_secret(settings_.key_socket);
  if (!key) return key.error().in("TLS key");
  auto context = net::TlsServerContext::create(as_chars(*chain), *key);
  if (context && (*context)->not_after() <= clock_.now()) {
    return Error(Errc::kInvalidArgument, "the certificate in `" + settings_.certificate_path + "` has ended");
  }
  return context;
}

// The keeper's answer, which ends the wait for it.
struct TlsIdentity::Answer final : ledger::LedgerClient::CertifyWaiter {
  explicit Answer(Timer& t) : timer(t) {}
  void certified(Result<Bytes> der) override {
    certificate = std::move(der);
    timer.cancel();
  }
  Timer& timer;
  std::optional<Result<Bytes>> certificate;
};

net::Task<Result<TlsIdentity::Context>> TlsIdentity::obtain() {
  if (from_files()) co_return load_files();
  const auto key = crypto::P256PrivateKey::generate();
  Answer answer(timer_);
  ledger::LedgerClient& ledger = cores_.front()->ledger();
  if (auto asked = ledger.submit_certify(key.public_key(), &answer); !asked) co_return asked.error();
  ledger.flush();
  timer_.expires_after(kAnswerTime);
  co_await timer_.async_wait(net::use_task);
  ledger.abandon(&answer);
  if (!answer.certificate) co_return Error(Errc::kDeadlineExceeded, "the keeper does not answer");
  if (!*answer.certificate) co_return answer.certificate->error();
  const auto pem = crypto::certificate_to_pem(**answer.certificate);
  if (!pem) co_return pem.error();
  co_return net::TlsServerContext::create(*pem, key.pem());
}

net::Task<> TlsIdentity::obtain_into(std::shared_ptr<Result<Context>> out) {
  *out = co_await obtain();
  cores_.front()->io().stop();
}

Result<> TlsIdentity::obtain_first() {
  boost::asio::io_context& io = cores_.front()->io();
  const auto first = std::make_shared<Result<Context>>(Error(Errc::kCancelled, "no certificate was asked for"));
  boost::asio::co_spawn(io, obtain_into(first), rethrow);
  io.run();
  io.restart();
  if (!*first) return first->error().in("TLS certificate");
  adopt(**first);
  return {};
}

void TlsIdentity::adopt(const Context& context) {
  for (const auto& core : cores_) core->set_tls(context);
  administration_.set_tls(context);
  const std::int64_t now = clock_.now().value;
  renew_at_ = {now + (context->not_after().value - now) / 2};
  log::info("gateway", "TLS certificate in use", {{"ends_in_s", (context->not_after().value - now) / 1000}});
}

net::Task<> TlsIdentity::wait_until(UnixMillis time) {
  for (std::int64_t left = 1; !stopped_ && left > 0;) {
    left = time.value - clock_.now().value;
    timer_.expires_after(std::chrono::milliseconds(std::clamp<std::int64_t>(left, 0, kLongestWaitMs)));
    co_await timer_.async_wait(net::use_task);
  }
}

net::Task<> TlsIdentity::keep_fresh() {
  auto retry = kFirstRetry;
  while (!stopped_ && !from_files()) {
    co_await wait_until(renew_at_);
    if (stopped_) co_return;
    const auto context = co_await obtain();
    if (stopped_) co_return;
    if (context) {
      retry = kFirstRetry;
      adopt(*context);
      continue;
    }
    log::error("gateway", "no new TLS certificate", {{"why", context.error().message()}});
    renew_at_ = {clock_.now().value + retry.count()};
    retry = std::min(2 * retry, kLastRetry);
  }
}

void TlsIdentity::reload() {
  if (!from_files()) return;
  const auto context = load_files();
  if (context) {
    adopt(*context);
  } else {
    log::error("gateway", "the TLS certificate is kept as it was", {{"why", context.error().message()}});
  }
}

void TlsIdentity::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace redoubt::gateway::internal
