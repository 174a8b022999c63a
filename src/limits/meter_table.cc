#include "limits/internal/meter_table.h"

#include <bit>
#include <functional>
#include <thread>
#include <utility>

#include "base/check.h"

namespace redoubt::limits {

namespace {

std::size_t checked(std::size_t capacity) {
  REDOUBT_CHECK(capacity >= 1 && capacity <= std::size_t{1} << 28);
  return capacity;
}

}  // namespace

MeterTable::MeterTable(const std::array<std::uint64_t, 2>& hash_key, std::size_t capacity)
    : hash_(hash_key),
      capacity_(checked(capacity)),
      front_mask_(std::bit_ceil(capacity) - 1),
      fronts_(front_mask_ + 1),
      places_(capacity + 1) {}

MeterTable::Call::Call(const MeterTable& table)
    : count_(table.counts_[std::hash<std::thread::id>{}(std::this_thread::get_id()) % kCounts]
                 .calls[table.phase_.load()]) {
  count_.fetch_add(1);
}

MeterTable::Place MeterTable::find_from(Place first, std::uint64_t key) const {
  for (Place place = first; place != kNone; place = places_[place].next.load()) {
    if (places_[place].key.load() == key && places_[place].state.load() != kForgotten) return place;
  }
  return kNone;
}

MeterTable::Place MeterTable::find(std::uint64_t key) const {
  return find_from(front(key).load(), key);
}

MeterTable::Place MeterTable::find_or_make(std::uint64_t key, MeterState state) {
  std::atomic<Place>& chain = front(key);
  Place made = kNone;
  Place first = chain.load();
  while (true) {
    if (const Place found = find_from(first, key); found != kNone) {
      if (made != kNone) give_place(made);
      return found;
    }
    if (made == kNone) {
      made = take_place();
      if (made == kNone) {
        // Unless somebody has just made it with the last one.
        const Place seen = std::exchange(first, chain.load());
        if (first == seen) return kNone;
        continue;
      }
      places_[made].key.store(key);
      places_[made].state.store(state);
    }
    places_[made].next.store(first);
    if (chain.compare_exchange_strong(first, made)) return made;
  }
}

MeterTable::Place MeterTable::take_place() {
  std::uint64_t free = free_.load();
  while (static_cast<Place>(free) != kNone) {
    const auto place = static_cast<Place>(free);
    const std::uint64_t next = ((free >> 32) + 1) << 32 | places_[place].next.load();
    if (free_.compare_exchange_weak(free, next)) {
      in_use_.fetch_add(1);
      return place;
    }
  }
  Place last = last_used_.load();
  while (last < capacity_) {
    if (last_used_.compare_exchange_weak(last, last + 1)) {
      in_use_.fetch_add(1);
      return last + 1;
    }
  }
  return kNone;
}

void MeterTable::give_place(Place place) {
  places_[place].state.store(kForgotten);
  std::uint64_t free = free_.load();
  while (true) {
    places_[place].next.store(static_cast<Place>(free));
    if (free_.compare_exchange_weak(free, ((free >> 32) + 1) << 32 | place)) break;
  }
  in_use_.fetch_sub(1);
}

bool MeterTable::nobody_is_in(std::size_t phase) const {
  for (const Counts& counts : counts_) {
    if (counts.calls[phase].load() != 0) return false;
  }
  return true;
}

void MeterTable::unlink(std::atomic<Place>& chain, Place place) {
  const Place next = places_[place].next.load();
  Place before = place;
  if (chain.compare_exchange_strong(before, next)) return;
  // Others were put in front of it; only this thread takes any away.
  while (places_[before].next.load() != place) before = places_[before].next.load();
  places_[before].next.store(next);
}

void MeterTable::sweep(std::size_t part, std::size_t parts, UnixMillis now) {
  // What was forgotten before the last change of phase has now seen both counts run dry.
  const std::size_t phase = phase_.load();
  if (nobody_is_in(1 - phase)) {
    phase_.store(1 - phase);
    for (const Place place : forgotten_before_) give_place(place);
    forgotten_before_ = std::exchange(forgotten_, {});
  }
  now = not_before_sweep(now);
  swept_ms_.store(now.value);
  const std::size_t fronts = front_mask_ + 1;
  for (std::size_t i = fronts * part / parts; i < fronts * (part + 1) / parts; ++i) {
    for (Place place = fronts_[i].load(); place != kNone;) {
      Entry& entry = places_[place];
      const Place next = entry.next.load();
      MeterState state = entry.state.load();
      if (is_idle(kind_of(SubjectHash::shape(entry.key.load())), state, now) &&
          entry.state.compare_exchange_strong(state, kForgotten)) {
        unlink(fronts_[i], place);
        forgotten_.push_back(place);
      }
      place = next;
    }
  }
}

}  // namespace redoubt::limits
