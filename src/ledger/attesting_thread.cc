#include "ledger/attesting_thread.h"

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "base/check.h"

namespace redoubt::ledger {

AttestingThread::AttestingThread(Make make, Measure measure, int keeper_wake_fd)
    : make_(std::move(make)),
      measure_(std::move(measure)),
      keeper_wake_fd_(keeper_wake_fd),
      thread_([this] { work(); }) {}

AttestingThread::~AttestingThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  begun_.notify_one();
  thread_.join();
}

void AttestingThread::begin_task(Task task) {
  {
    const std::lock_guard lock(mutex_);
    REDOUBT_CHECK(!task_ && !made_);
    task_ = std::move(task);
  }
  begun_.notify_one();
}

std::optional<Result<Bytes>> AttestingThread::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(made_, std::nullopt);
}

Result<Bytes> AttestingThread::perform(const Task& task) const {
  if (const auto* const statement = std::get_if<Bytes>(&task)) return make_(*statement);
  const Result<> done = measure_(std::get<Activation>(task));
  return done ? Result<Bytes>(Bytes()) : Result<Bytes>(done.error());
}

void AttestingThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    begun_.wait(lock, [this] { return stop_ || task_; });
    if (stop_) return;
    const Task task = *std::move(task_);
    lock.unlock();
    Result<Bytes> made = perform(task);
    lock.lock();
    task_.reset();
    made_ = std::move(made);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(keeper_wake_fd_, &one, sizeof one);
  }
}

}  // namespace redoubt::ledger
