// The groups of one correlation: found by their key, forgotten in a stated order.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "sigma/internal/entry_list.h"
#include "sigma/internal/rank_index.h"
#include "sigma/internal/siphash.h"

namespace redoubt::sigma::internal {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
// So that differences of times never overflow: some seventy million years.
constexpr std::int64_t kMostMs = std::int64_t{1} << 61;
inline bool is_time(std::int64_t time_ms) {
  return time_ms >= -kMostMs && time_ms <= kMostMs;
}

// Of temporal_ordered: members in their order, the last of them `member`. Of those that are alike the one that began
// last.
struct Chain {
  std::uint32_t member = 0;
  std::int64_t start_ms = 0;
  std::int64_t last_ms = 0;
  std::vector<std::uint64_t> ids;  // one for each member in it
};

// What each event looks at comes first.
struct Group {
  Hash128 key;
  std::int64_t newest_ms = kNever;
  EntryList entries;  // by time, those of one time as they came
  bool holding = false;
  bool coarse = false;    // entries are sums of parts of the timespan
  bool again = false;     // seen more than once
  bool distinct = false;  // each value has one entry
  bool ranked = false;    // values are numbers, and the one of a rank is asked for
  // Of many entries with distinct values. INVARIANT: without it, no entry of the list is gone.
  std::unique_ptr<ValueIndex> index;
  std::unique_ptr<RankIndex> ranks;  // of entries that are ranked; made when it is asked for
  std::int64_t fired_ms = kNever;
  std::int64_t first_ms = kNever;  // of new terms
  std::vector<Chain> chains;

  std::size_t size() const { return entries.size(); }
  Entry* begin() { return entries.begin(); }
  Entry* end() { return entries.end(); }
  const Entry* begin() const { return entries.begin(); }
  const Entry* end() const { return entries.end(); }
  // By what it holds, not by what was allocated: the same after a restart.
  std::size_t bytes() const;
};

// One thread.
class GroupTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  Group* find(const Hash128& key);
  // Precondition: it is not there. It has been seen once, last of all.
  Group& insert(const Hash128& key);
  // It was seen again, last of all.
  void touch(Group& group);

  // Forgets groups whose newest event is before `horizon_ms`, at most so many.
  std::size_t expire(std::int64_t horizon_ms, std::size_t most);
  // Forgets the next one; whether its window was over. Precondition: not empty.
  bool evict(std::int64_t horizon_ms);

  std::size_t size() const { return count_; }
  std::size_t bytes() const { return bytes_; }
  // To be called when a group's size may have changed since `before`.
  void resized(std::size_t before, std::size_t after) { bytes_ += after - before; }

  // In the order of forgetting, those that were seen once first.
  template <class Take>
  void each(Take&& take) const {
    for (const List* const list : {&once_, &again_}) {
      for (std::uint32_t at = list->first; at != kNone; at = links_[at].next) take(groups_[at]);
    }
  }

 private:
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::size_t size = 0;
  };
  std::uint32_t place_of(const Group& group) const { return static_cast<std::uint32_t>(&group - groups_.data()); }
  std::size_t home(const Hash128& key) const { return key.low & mask_; }
  static std::uint32_t tag(const Hash128& key) { return static_cast<std::uint32_t>(key.high); }
  void append(List& list, std::uint32_t place);
  void remove(List& list, std::uint32_t place);
  void erase(std::uint32_t place);
  void grow();
  std::uint32_t candidate() const;

  // Apart from the groups, so that those beside one in the order need not be fetched.
  struct Links {
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
  };
  // By open addressing. The tag tells most groups of one home apart without looking at them.
  struct Bucket {
    std::uint32_t place = kNone;
    std::uint32_t tag = 0;
  };

  std::vector<Group> groups_;
  std::vector<Links> links_;  // of each group, in the order of forgetting
  std::vector<std::uint32_t> free_;
  std::vector<Bucket> buckets_;
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  List once_;
  List again_;
};

}  // namespace redoubt::sigma::internal
