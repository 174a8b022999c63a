// What a group has seen, by time: entries in one piece, from which the oldest go and to which the newest come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace redoubt::sigma::internal {

// An event, a value, a term, a member's last event, or several events of one part of the timespan together.
struct Entry {
  std::int64_t time_ms = 0;
  std::uint64_t id = 0;
  std::uint64_t value = 0;  // a hash, a member's place, or a double's bits
  std::uint32_t count = 1;  // events, or values that were added; none: it is gone, see EntryList::leave()
  bool operator==(const Entry&) const = default;
};

class EntryList {
 public:
  std::size_t size() const { return end_ - start_ - gone_; }  // without those that are gone
  // Those that are gone among them.
  Entry* begin() { return entries_.get() + start_; }
  Entry* end() { return entries_.get() + end_; }
  const Entry* begin() const { return entries_.get() + start_; }
  const Entry* end() const { return entries_.get() + end_; }

  void clear();
  // Drops the first entries, those that are gone among them.
  void drop_front(std::size_t count);
  // `before` is between begin() and end(); what they were is no longer valid.
  void insert(Entry* before, const Entry& entry);
  void erase(Entry* at);
  void assign(const std::vector<Entry>& entries);

  // Leaves an entry where it is, as one that is gone: no other moves.
  void leave(Entry* at);
  std::size_t gone() const { return gone_; }
  void drop_gone();

 private:
  void make_room();
  void move_to(std::size_t capacity);

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t start_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t gone_ = 0;
};

// Of many entries with different values, where each value's stands. Of places in an EntryList that only grows at its
// end and of which entries are left, not erased.
class ValueIndex {
 public:
  static constexpr std::size_t kLeast = 64;  // entries for which it is worth its room
  static std::size_t bytes(std::size_t entries);

  explicit ValueIndex(EntryList& entries);
  // Its entry, or null. It must then be the list that it was built for, as it is now.
  Entry* find(EntryList& entries, std::uint64_t value) const;
  // The entry at the list's end has been added. False: there is no more room.
  bool add(const EntryList& entries);
  // Before an entry is left.
  void remove(const EntryList& entries, const Entry& entry);
  // Before the first entries are dropped.
  void drop_front(const EntryList& entries, std::size_t count);

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Cell {
    std::uint64_t value = 0;
    std::uint32_t number = kNone;  // entries before it, the dropped ones included
  };
  std::size_t home(std::uint64_t value) const { return value & mask_; }
  std::size_t cell_of(std::uint64_t value) const;
  void put(std::uint64_t value, std::uint32_t number);

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
  std::uint32_t dropped_ = 0;
};

}  // namespace redoubt::sigma::internal
