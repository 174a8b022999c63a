#include "redoubt/signal_feed.h"

#include <utility>

namespace redoubt::app {

void SignalFeed::give(const behaviour::Signal& signal) {
  bool was_empty = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || queue_.size() < kQueueMax; });
    if (closed_) {
      unsettled_ = true;
      return;
    }
    was_empty = queue_.empty();
    queue_.push_back(signal);
  }
  if (was_empty) wake_();
}

bool SignalFeed::on_record() {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && !unsettled_;
}

bool SignalFeed::flush(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || (queue_.empty() && !unsettled_)) return !unsettled_ && queue_.empty();
    flush_wanted_ = true;
  }
  wake_();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return closed_ || (queue_.empty() && !unsettled_); });
  flush_wanted_ = false;
  return queue_.empty() && !unsettled_;
}

std::optional<behaviour::Signal> SignalFeed::take() {
  std::optional<behaviour::Signal> out;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return std::nullopt;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    unsettled_ = true;
  }
  changed_.notify_all();
  return out;
}

bool SignalFeed::flush_wanted() {
  const std::lock_guard lock(mutex_);
  return flush_wanted_;
}

void SignalFeed::settled() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    unsettled_ = false;
  }
  changed_.notify_all();
}

void SignalFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace redoubt::app
