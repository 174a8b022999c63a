#include "gateway/internal/activation.h"

#include <utility>

#include "base/log.h"
#include "base/pass_file.h"
#include "gateway/policy_files.h"

namespace redoubt::gateway::internal {
namespace {

constexpr std::string_view kOperation = "policy.activate";
constexpr std::chrono::milliseconds kLook{5};

}  // namespace

Activation::Activation(int keys_socket, int policies_socket, std::string by, const Logs& logs,
                       const std::vector<std::unique_ptr<Core>>& cores)
    : keys_socket_(keys_socket),
      policies_socket_(policies_socket),
      by_(std::move(by)),
      logs_(logs),
      cores_(cores),
      timer_(cores.front()->io()) {}

Result<ApiKeys> Activation::receive_keys() const {
  auto bytes = receive_file(keys_socket_, ApiKeys::kMaxFileBytes);
  if (!bytes) return bytes.error();
  auto keys = ApiKeys::parse(as_chars(*bytes));
  if (!keys) return keys.error();
  if (auto done = logs_.check(*keys); !done) return done.error();
  return keys;
}

Result<std::shared_ptr<const PolicyBundle>> Activation::receive_policies() const {
  auto bytes = receive_file(policies_socket_, kMaxPackedPolicies);
  if (!bytes) return bytes.error();
  auto files = unpack_policies(as_chars(*bytes));
  if (!files) return files.error();
  return PolicyBundle::load(*files);
}

Result<> Activation::load() {
  auto keys = receive_keys();
  if (!keys) return keys.error();
  auto policies = receive_policies();
  if (!policies) return policies.error();
  auto access = Access::make(*std::move(keys), *std::move(policies));
  if (!access) return access.error();
  wanted_ = *std::move(access);
  return {};
}

net::Task<> Activation::begin(std::function<void()> started) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!stopped_ && in_force_ == nullptr) {
    const bool ready = cores_.front()->recorder().ready();
    if (ready) {
      const auto next = wanted_;
      auto done = co_await activate(next);
      if (done) continue;
      log::error("gateway", "policies are not in force", {{"why", done.error().message()}});
    }
    if (started && std::chrono::steady_clock::now() >= deadline) std::exchange(started, nullptr)();
    timer_.expires_after(kLook);
    co_await timer_.async_wait(net::use_task);
  }
  if (started) started();
}

net::Task<> Activation::reload() {
  auto keys = receive_keys();
  if (!keys) log::error("gateway", "keys are kept as they were", {{"why", keys.error().message()}});
  auto policies = receive_policies();
  if (!policies) log::error("gateway", "policies are kept as they were", {{"why", policies.error().message()}});
  if (!keys && !policies) co_return;
  auto next = Access::make(keys ? *std::move(keys) : wanted_->keys(),
                           policies ? *std::move(policies) : wanted_->shared_policies());
  if (!next) {
    log::error("gateway", "keys and policies are kept as they were", {{"why", next.error().message()}});
    co_return;
  }
  wanted_ = *std::move(next);
  if (in_force_ == nullptr) co_return;  // begin() is about to
  if (in_force_->policies().digest() == wanted_->policies().digest()) {
    adopt(wanted_);
    co_return;
  }
  const auto activating = wanted_;
  auto done = co_await activate(activating);
  if (done) co_return;
  log::error("gateway", "policies are kept as they were", {{"why", done.error().message()}});
  // A key that was revoked does not wait for a ledger that takes no records.
  auto keys_alone = Access::make(activating->keys(), in_force_->shared_policies());
  if (keys_alone) adopt(*keys_alone);
}

net::Task<Result<>> Activation::activate(const std::shared_ptr<const Access>& next) {
  Recorder& recorder = cores_.front()->recorder();
  const Log* const log = logs_.find("");
  const record::ExchangeFacts facts{.principal_uid = by_,
                                    .principal_name = by_,
                                    .principal_type = record::PrincipalType::kAdmin,
                                    .operation = kOperation,
                                    .upstream = "redoubt",
                                    .authorizer = "operator",
                                    .policy_version = next->policies().digest()};
  auto admission = co_await recorder.admit(*log, facts, {}, {});
  if (!admission) co_return admission.error();
  adopt(next);
  const record::Outcome outcome{.finish = record::Finish::kCompleted};
  auto closed = co_await admission->close(outcome, nullptr);
  if (!closed) co_return closed.error();
  co_return Result<>();
}

void Activation::adopt(const std::shared_ptr<const Access>& next) {
  in_force_ = next;
  for (const auto& core : cores_) core->set_access(next);
  log::info("gateway", "in force",
            {{"keys", static_cast<std::uint64_t>(next->keys().all().size())},
             {"policies", static_cast<std::uint64_t>(next->policies().policies().policies().size())},
             {"digest", next->policies().digest()}});
}

void Activation::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace redoubt::gateway::internal
