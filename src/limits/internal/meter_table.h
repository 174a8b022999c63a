// Meters by their keys, in a table without locks: any thread finds and makes them, one forgets them.
//
// Chains of places, one chain for each value of some bits of the subject's hash: the meters of a subject are found
// before it is known which they are. INVARIANT: a key is in at most one place that is
// not forgotten. A new place goes to the front of its chain by compare-and-swap on the front, so whoever succeeds has
// seen the whole chain, and that the key was not in it.
//
// A place is forgotten in three steps: its state becomes kForgotten, by compare-and-swap, so that nothing is charged to
// it any more; it leaves its chain; and once no call is under way that began before, it may be another meter's. Calls
// count themselves in and out for this, each in one of two counts, of which one is allowed to run dry at a time.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/large_array.h"
#include "limits/internal/meter_state.h"
#include "limits/internal/subject_hash.h"

namespace redoubt::limits {

class MeterTable {
 public:
  using Place = std::uint32_t;
  static constexpr Place kNone = 0;  // places begin at 1

  MeterTable(const std::array<std::uint64_t, 2>& hash_key, std::size_t capacity);

  const SubjectHash& hash() const { return hash_; }

  // Held by whoever uses places, briefly. Places that it was given stay the key's meanwhile, though they may be
  // forgotten: then their state is kForgotten for good.
  class Call {
   public:
    explicit Call(const MeterTable& table);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { count_.fetch_sub(1); }

   private:
    std::atomic<std::uint32_t>& count_;
  };

  // For who needs the meters of several subjects, each a hash or a key: asks memory for the fronts of all, then for the
  // first places of all, before the first is looked up. A subject's meters were mostly made one after the other.
  void prefetch_front(std::uint64_t key) const { __builtin_prefetch(&front(key)); }
  void prefetch_places(std::uint64_t key) const {
    const Place first = front(key).load();
    __builtin_prefetch(&places_[first]);
    if (first > 0) __builtin_prefetch(&places_[first - 1]);
  }
  // The key's place, or kNone.
  Place find(std::uint64_t key) const;
  // The same, made with this state when there is none; kNone when all places are in use.
  Place find_or_make(std::uint64_t key, MeterState state);
  std::atomic<MeterState>& state(Place place) const { return places_[place].state; }
  std::uint64_t key(Place place) const { return places_[place].key.load(); }

  std::size_t capacity() const { return capacity_; }
  std::size_t in_use() const { return in_use_.load(); }
  // Places that were ever used are those from 1 to this.
  Place last_used() const { return last_used_.load(); }

  // Forgets the idle meters of one part of the chains. One thread.
  void sweep(std::size_t part, std::size_t parts, UnixMillis now);

  // The time, but never behind that of a sweep: what was forgotten meant nothing then, and may have meant something
  // before.
  UnixMillis not_before_sweep(UnixMillis now) const { return {std::max(now.value, swept_ms_.load())}; }

 private:
  struct alignas(32) Entry {
    std::atomic<std::uint64_t> key{0};
    std::atomic<MeterState> state{kForgotten};
    std::atomic<Place> next{kNone};  // in its chain, or among the free ones
  };
  struct alignas(64) Counts {
    std::array<std::atomic<std::uint32_t>, 2> calls{};
  };
  static constexpr std::size_t kCounts = 64;  // threads share one when there are more, which is right but slower

  std::atomic<Place>& front(std::uint64_t key) const { return fronts_[SubjectHash::place(key) & front_mask_]; }
  Place find_from(Place first, std::uint64_t key) const;
  Place take_place();
  void give_place(Place place);
  void unlink(std::atomic<Place>& front, Place place);
  bool nobody_is_in(std::size_t phase) const;

  const SubjectHash hash_;
  const std::size_t capacity_;
  const std::uint64_t front_mask_;
  LargeArray<std::atomic<Place>> fronts_;
  LargeArray<Entry> places_;  // [0] is not used

  std::atomic<std::uint64_t> free_{0};  // a place in the lower half; in the upper how often it changed
  std::atomic<Place> last_used_{0};
  std::atomic<std::size_t> in_use_{0};
  std::atomic<std::int64_t> swept_ms_{0};  // the latest time of a sweep

  mutable std::array<Counts, kCounts> counts_;
  std::atomic<std::size_t> phase_{0};  // which of the two counts new calls use
  std::vector<Place> forgotten_;       // since the phase changed last; the sweeping thread's, as the next
  std::vector<Place> forgotten_before_;
};

}  // namespace redoubt::limits
