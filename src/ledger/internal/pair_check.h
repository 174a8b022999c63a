// Follows admissions and outcomes through the segments: which are open, and whether each outcome closes one that is.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ledger/entry.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"

namespace redoubt::ledger::internal {

// One thread.
class PairCheck {
 public:
  explicit PairCheck(std::size_t max_open) : max_open_(max_open) {}

  // False when the entry is an outcome of no open admission of its exchange in its log.
  bool take(const EntryHeader& header, Sequence sequence);
  // Entries are missing before the next one: outcomes may be of admissions among them, and admissions closed there.
  void gap() { exact_ = false; }

  // Whether every admission and outcome so far was seen, so that what is open is known.
  bool exact() const { return exact_; }
  // Whether there were more open ones than may be; nothing was followed from then on.
  bool overflowed() const { return overflowed_; }
  std::optional<Sequence> oldest() const;
  std::size_t open_count() const { return open_.size(); }
  std::size_t open_count(LogNumber log) const;
  // The first `limit`, by log and index.
  std::vector<OpenAdmission> open(std::size_t limit) const;

 private:
  using Key = std::pair<LogNumber, std::uint64_t>;  // log, index
  struct Admission {
    Sequence sequence;
    ExchangeId exchange;
  };
  const std::size_t max_open_;
  std::map<Key, Admission> open_;
  std::set<Sequence> sequences_;  // of open_
  bool exact_ = true;
  bool overflowed_ = false;
};

}  // namespace redoubt::ledger::internal
