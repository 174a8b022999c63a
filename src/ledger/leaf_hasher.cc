#include "ledger/internal/leaf_hasher.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace redoubt::ledger::internal {
namespace {

void hash(std::span<const LeafToHash> leaves) {
  constexpr std::size_t kAtOnce = 32;  // so that what is made here stays small
  std::array<ByteView, kAtOnce> entries;
  std::array<tlog::Hash, kAtOnce> hashes;
  for (std::size_t first = 0; first < leaves.size(); first += kAtOnce) {
    const auto some = leaves.subspan(first, std::min(kAtOnce, leaves.size() - first));
    for (std::size_t i = 0; i < some.size(); ++i) entries[i] = some[i].leaf;
    tlog::leaf_hashes(std::span(entries).first(some.size()), std::span(hashes).first(some.size()));
    for (std::size_t i = 0; i < some.size(); ++i) some[i].out->leaf_hash = hashes[i];
  }
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
