#include "state/internal/table_rows.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace redoubt::state {

namespace {

// What an entry takes beside its bytes, its slots included, and what a value of columns does that rows have alike.
constexpr std::size_t kEntryBytes = sizeof(TableRows::Entry) + 32;
constexpr std::size_t kAlikeBytes = 64;

constexpr std::size_t kSlotsMin = 64;

// How far ahead of their use entries are asked for that lie anywhere in memory.
constexpr std::size_t kAhead = 8;

// An entry to be sorted by its key. Eight bytes of the key stand beside it: to compare what lies anywhere in memory is
// what would take time.
struct Sorted {
  std::uint64_t eight = 0;
  std::string_view key;  // as ordered() has it
  const TableRows::Entry* entry = nullptr;
};

// Sorts keys that are equal up to `from`.
void sort_from(std::span<Sorted> keys, std::size_t from) {
  constexpr std::size_t kFromMax = 64;  // bounds the recursion
  if (from > kFromMax) {
    std::sort(keys.begin(), keys.end(), [](const Sorted& a, const Sorted& b) { return a.key < b.key; });
    return;
  }
  for (Sorted& each : keys) {
    each.eight = 0;
    for (std::size_t i = from; i < from + 8; ++i) {
      each.eight = each.eight << 8 | (i < each.key.size() ? static_cast<unsigned char>(each.key[i]) : 0U);
    }
  }
  std::sort(keys.begin(), keys.end(), [](const Sorted& a, const Sorted& b) { return a.eight < b.eight; });
  for (auto begin = keys.begin(); begin != keys.end();) {
    const auto end = std::find_if(begin, keys.end(), [&](const Sorted& each) { return each.eight != begin->eight; });
    if (end - begin > 1) sort_from({begin, end}, from + 8);
    begin = end;
  }
}

bool is_alike(const std::vector<std::size_t>& columns, const BytesRow& a, const BytesRow& b) {
  return std::all_of(columns.begin(), columns.end(),
                     [&](std::size_t column) { return a.bytes(column) == b.bytes(column); });
}

// `scratch` holds them where they do not lie one after the other.
std::string_view columns_of(const std::vector<std::size_t>& columns, const BytesRow& row, RowWriter& scratch) {
  if (columns.size() == 1) return row.bytes(columns.front());
  scratch.clear();
  for (const std::size_t column : columns) scratch.append_bytes(row.bytes(column));
  return scratch.bytes();
}

}  // namespace

TableRows::Entry* TableRows::entry_of(std::string_view key, std::uint64_t hash) const {
  const auto& slots = held_->slots;
  if (slots.empty()) return nullptr;
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = hash & mask; slots[at].entry != nullptr; at = (at + 1) & mask) {
    if (slots[at].hash == hash && slots[at].entry->key == key) return slots[at].entry;
  }
  return nullptr;
}

void TableRows::add(Entry* entry, std::uint64_t hash) {
  auto& slots = held_->slots;
  const auto put = [&](const Slot& slot) {
    std::size_t at = slot.hash & (slots.size() - 1);
    while (slots[at].entry != nullptr) at = (at + 1) & (slots.size() - 1);
    slots[at] = slot;
  };
  if (3 * (held_->taken + 1) > 2 * slots.size()) {
    std::pmr::vector<Slot> before(std::max(kSlotsMin, 2 * slots.size()), slots.get_allocator());
    slots.swap(before);
    for (const Slot& slot : before) {
      if (slot.entry != nullptr) put(slot);
    }
  }
  put({.hash = hash, .entry = entry});
  ++held_->taken;
}

char* TableRows::keep(std::string_view bytes) {
  char* const copy = static_cast<char*>(held_->arena.allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  bytes_ += bytes.size();
  return copy;
}

// Of a key that has no entry yet.
TableRows::Entry& TableRows::learn_entry(std::string_view key, std::uint64_t hash, std::string_view row) {
  static_assert(std::is_trivially_destructible_v<Entry>);
  // The bytes follow the entry, and the key is the beginning of the row, where there is one.
  const std::string_view bytes = row.empty() ? key : row;
  void* const at = held_->arena.allocate(sizeof(Entry) + bytes.size(), alignof(Entry));
  char* const kept = static_cast<char*>(at) + sizeof(Entry);
  std::memcpy(kept, bytes.data(), bytes.size());
  Entry& entry = *new (at) Entry{.key = {kept, key.size()}};
  if (!row.empty()) {
    entry.row = kept;
    entry.size = static_cast<std::uint32_t>(row.size());
  }
  add(&entry, hash);
  bytes_ += kEntryBytes + bytes.size();
  move(entry, {}, row);
  return entry;
}

TableRows::Entry& TableRows::learn(std::string_view key, std::string_view row) {
  const std::uint64_t hash = hash_bytes(key);
  REDOUBT_CHECK(entry_of(key, hash) == nullptr);
  Entry& entry = learn_entry(key, hash, row);
  entry.stored = !row.empty();
  return entry;
}

void TableRows::learn_if_new(std::string_view key, std::string_view row) {
  const std::uint64_t hash = hash_bytes(key);
  if (entry_of(key, hash) == nullptr) learn_entry(key, hash, row).stored = true;
}

void TableRows::set(std::string_view key, std::string_view row, bool stored) {
  const std::uint64_t hash = hash_bytes(key);
  Entry* entry = entry_of(key, hash);
  if (entry != nullptr) return set(*entry, row);
  entry = &learn_entry(key, hash, row);
  entry->stored = stored;
  entry->changed = true;
  changed_.push_back(entry);
}

void TableRows::set(Entry& found, std::string_view row) {
  move(found, found.bytes(), row);
  if (row.empty()) {
    found.row = nullptr;
  } else if (found.row != nullptr && row.size() == found.size) {
    std::memcpy(found.row, row.data(), row.size());
  } else {
    // What was there stays: the entry's key may lie in it.
    found.row = keep(row);
  }
  found.size = static_cast<std::uint32_t>(row.size());
  if (!std::exchange(found.changed, true)) changed_.push_back(&found);
}

void TableRows::each(const std::function<bool(std::string_view row)>& take) const {
  const auto& slots = held_->slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i + kAhead < slots.size()) __builtin_prefetch(slots[i + kAhead].entry);
    const Entry* entry = slots[i].entry;
    if (entry != nullptr && entry->row != nullptr && !take(entry->bytes())) return;
  }
}

void TableRows::each_changed(const std::function<bool(std::string_view row)>& take) const {
  for (const Entry* entry : changed_) {
    if (entry->row != nullptr && !take(entry->bytes())) return;
  }
}

// ------------------------------------------------------------------------------------------------------ rows alike

std::size_t TableRows::index_by(std::vector<std::size_t> columns) {
  const auto same =
      std::find_if(indices_.begin(), indices_.end(), [&](const Index& index) { return index.columns == columns; });
  if (same != indices_.end()) return static_cast<std::size_t>(same - indices_.begin());
  Index& index = indices_.emplace_back(Index{.columns = std::move(columns), .rows = {}});
  for (const Slot& slot : held_->slots) {
    if (slot.entry == nullptr || slot.entry->row == nullptr) continue;
    const std::string_view alike = columns_of(index.columns, BytesRow(slot.entry->bytes()), scratch_);
    index.rows[std::string(alike)].entries.push_back(slot.entry);
  }
  return indices_.size() - 1;
}

TableRows::Alike& TableRows::alike(std::size_t index, std::string_view alike) {
  auto& rows = indices_[index].rows;
  const auto found = rows.find(alike);
  if (found != rows.end()) return found->second;
  bytes_ += kAlikeBytes + alike.size();
  return rows.emplace(alike, Alike{}).first->second;
}

// The entry's row becomes another, or none (empty).
void TableRows::move(const Entry& entry, std::string_view before, std::string_view after) {
  if (indices_.empty()) return;
  const BytesRow left(before);
  const BytesRow came(after);
  for (std::size_t i = 0; i < indices_.size(); ++i) {
    const std::vector<std::size_t>& columns = indices_[i].columns;
    if (!before.empty() && !after.empty() && is_alike(columns, left, came)) continue;
    if (!before.empty()) {
      auto& entries = alike(i, columns_of(columns, left, scratch_)).entries;
      const auto at = std::find(entries.begin(), entries.end(), &entry);
      *at = entries.back();
      entries.pop_back();
    }
    if (!after.empty()) {
      alike(i, columns_of(columns, came, scratch_)).entries.push_back(&entry);
      bytes_ += sizeof(&entry);
    }
  }
}

// ------------------------------------------------------------------------------------------------------ to be written

std::vector<const TableRows::Entry*> TableRows::take_changed() {
  std::size_t kept = 0;
  std::size_t bytes = 0;  // of their keys
  for (Entry* entry : changed_) {
    entry->changed = false;
    // What came and went meanwhile is nothing to the database.
    if (const bool had = std::exchange(entry->stored, entry->row != nullptr); !had && entry->row == nullptr) continue;
    bytes += entry->key.size();
    changed_[kept++] = entry;
  }
  std::string scratch;
  scratch.reserve(bytes);  // so that what lies in it stays where it is
  std::vector<Sorted> sorted;
  sorted.reserve(kept);
  for (std::size_t i = 0; i < kept; ++i) {
    sorted.push_back({.key = ordered(changed_[i]->key, scratch), .entry = changed_[i]});
  }
  changed_.clear();
  sort_from(sorted, 0);
  std::vector<const Entry*> taken;
  taken.reserve(sorted.size());
  for (const Sorted& each : sorted) taken.push_back(each.entry);
  return taken;
}

void TableRows::clear() {
  if (bytes_ == 0) return;
  for (Index& index : indices_) index.rows.clear();
  changed_.clear();
  held_ = std::make_unique<Held>();
  bytes_ = 0;
}

}  // namespace redoubt::state
