#include "ledger/attesting_thread.h"

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "base/check.h"

namespace redoubt::ledger {

AttestingThread::AttestingThread(Make make, int keeper_wake_fd)
    : make_(std::move(make)), keeper_wake_fd_(keeper_wake_fd), thread_([this] { work(); }) {}

AttestingThread::~AttestingThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  begun_.notify_one();
  thread_.join();
}

void AttestingThread::begin(ByteView statement) {
  {
    const std::lock_guard lock(mutex_);
    REDOUBT_CHECK(!statement_ && !made_);
    statement_ = to_bytes(statement);
  }
  begun_.notify_one();
}

std::optional<Result<Bytes>> AttestingThread::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(made_, std::nullopt);
}

void AttestingThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    begun_.wait(lock, [this] { return stop_ || statement_; });
    if (stop_) return;
    const Bytes statement = *std::move(statement_);
    lock.unlock();
    Result<Bytes> made = make_(statement);
    lock.lock();
    statement_.reset();
    made_ = std::move(made);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(keeper_wake_fd_, &one, sizeof one);
  }
}

}  // namespace redoubt::ledger
