// The leaf hashes of a large commit, computed by a thread of its own while the disk works: with one core, too, the time
// of the one hides behind the other's. Small commits are hashed by the caller, for whom the other thread's waking up
// would take longer.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>

#include "ledger/entry.h"
#include "tlog/hash.h"

namespace redoubt::ledger::internal {

struct LeafToHash {
  ByteView leaf;
  Appended* out;  // gets the leaf hash
};

// One thread at a time.
class LeafHasher {
 public:
  // Leaf bytes from which on a commit is large.
  static constexpr std::size_t kAsideBytes = 64 * 1024;

  LeafHasher() = default;
  LeafHasher(const LeafHasher&) = delete;
  LeafHasher& operator=(const LeafHasher&) = delete;
  ~LeafHasher();

  // Hashes `leaves`, whose bytes are `total_bytes`: at once, or aside until wait(). What they point to must stay in
  // place until then. wait() comes before the next start().
  void start(std::span<const LeafToHash> leaves, std::size_t total_bytes);
  void wait();

 private:
  void work();

  std::thread thread_;  // from the first large commit on
  std::mutex mutex_;    // guards what follows
  std::condition_variable changed_;
  std::span<const LeafToHash> leaves_;  // empty: nothing to do
  bool stop_ = false;
};

}  // namespace redoubt::ledger::internal
