#include "ledger/internal/leaf_hasher.h"

#include "base/check.h"

namespace redoubt::ledger::internal {
namespace {

void hash(std::span<const LeafToHash> leaves) {
  for (const LeafToHash& leaf : leaves) leaf.out->leaf_hash = tlog::leaf_hash(leaf.leaf);
}

}  // namespace

LeafHasher::~LeafHasher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LeafHasher::start(std::span<const LeafToHash> leaves, std::size_t total_bytes) {
  if (total_bytes < kAsideBytes) {
    hash(leaves);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    REDOUBT_CHECK(leaves_.empty());
    leaves_ = leaves;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void LeafHasher::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return leaves_.empty(); });
}

void LeafHasher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !leaves_.empty(); });
    if (stop_) return;
    const auto leaves = leaves_;
    lock.unlock();
    hash(leaves);
    lock.lock();
    leaves_ = {};
    changed_.notify_all();
  }
}

}  // namespace redoubt::ledger::internal
