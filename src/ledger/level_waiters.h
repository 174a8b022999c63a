// Who waits for a record to come to a commit level. Part of LedgerClient, on its thread.
#pragma once

#include <cstddef>
#include <set>

#include "base/result.h"
#include "ledger/commit_level.h"
#include "ledger/logs.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

// The event that this entry of this log is at this level.
struct CommitPoint {
  LogNumber log = kSystemLog;
  CommitLevel level = CommitLevel::kDurable;
  tlog::LeafIndex index{};
};

// Told once; must live until then, or be abandoned. May add and abandon waiters when it is told.
class LevelWaiter {
 public:
  virtual ~LevelWaiter() = default;
  // kUnavailable when the ledger stopped before.
  virtual void reached(Result<> result) = 0;
};

class LevelWaiters {
 public:
  // More than a core has connections unless it is configured for that, and an exchange waits once.
  static constexpr std::size_t kMax = 65'536;

  // kResourceExhausted when kMax wait; the waiter is then not told.
  Result<> add(const CommitPoint& point, LevelWaiter* waiter);
  // Forgets the waiter of this point.
  void remove(const CommitPoint& point, LevelWaiter* waiter) { waiting_.erase({point, waiter}); }
  // Tells those who wait for an entry of the log's first `size` to be at `level`.
  void release(LogNumber log, CommitLevel level, std::uint64_t size);
  // Tells everybody.
  void end(const Error& why);

 private:
  struct Waiting {
    CommitPoint point;
    LevelWaiter* waiter;
  };
  // By log, then level, then index: who is told together lies together.
  struct Before {
    bool operator()(const Waiting& a, const Waiting& b) const;
  };
  std::set<Waiting, Before> waiting_;
};

}  // namespace redoubt::ledger
