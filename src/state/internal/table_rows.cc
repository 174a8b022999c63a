#include "state/internal/table_rows.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"

namespace redoubt::state {

namespace {

// What an entry takes beside its bytes, and what a value of columns does that rows have alike.
constexpr std::size_t kEntryBytes = 72;
constexpr std::size_t kAlikeBytes = 64;

// An entry to be sorted by its key. Eight bytes of the key stand beside it: to compare what lies anywhere in memory is
// what would take time.
struct Sorted {
  std::uint64_t eight = 0;
  std::string_view key;  // as append_ordered() has it
  TableRows::Entry* entry = nullptr;
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

void columns_of(const std::vector<std::size_t>& columns, std::string_view bytes, std::string& out) {
  const BytesRow row(bytes);
  out.clear();
  for (const std::size_t column : columns) out.append(row.bytes(column));
}

}  // namespace

const TableRows::Entry* TableRows::find(std::string_view key) const {
  const auto found = held_->entries.find(key);
  return found != held_->entries.end() ? &found->second : nullptr;
}

char* TableRows::keep(std::string_view bytes) {
  char* const copy = static_cast<char*>(held_->arena.allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  bytes_ += bytes.size();
  return copy;
}

TableRows::Entry& TableRows::learn_entry(std::string_view key, std::string_view row) {
  // The key is the beginning of the row, where there is one.
  char* const kept = keep(row.empty() ? key : row);
  Entry entry{.key = {kept, key.size()}};
  if (!row.empty()) {
    entry.row = kept;
    entry.size = static_cast<std::uint32_t>(row.size());
  }
  const auto [at, fresh] = held_->entries.emplace(entry.key, entry);
  REDOUBT_CHECK(fresh);
  bytes_ += kEntryBytes;
  move(at->second, {}, row);
  return at->second;
}

const TableRows::Entry& TableRows::learn(std::string_view key, std::string_view row) {
  Entry& entry = learn_entry(key, row);
  entry.stored = !row.empty();
  return entry;
}

void TableRows::set(std::string_view key, std::string_view row, bool stored) {
  const auto found = held_->entries.find(key);
  if (found == held_->entries.end()) {
    Entry& entry = learn_entry(key, row);
    entry.stored = stored;
    entry.changed = true;
    changed_.push_back(&entry);
    return;
  }
  Entry& entry = found->second;
  move(entry, entry.bytes(), row);
  if (row.empty()) {
    entry.row = nullptr;
  } else if (row.size() == entry.size) {
    std::memcpy(entry.row, row.data(), row.size());
  } else {
    // What was there stays: the entry's key may lie in it.
    entry.row = keep(row);
  }
  entry.size = static_cast<std::uint32_t>(row.size());
  if (!std::exchange(entry.changed, true)) changed_.push_back(&entry);
}

// ------------------------------------------------------------------------------------------------------ rows alike

std::size_t TableRows::index_by(std::vector<std::size_t> columns) {
  const auto same =
      std::find_if(indices_.begin(), indices_.end(), [&](const Index& index) { return index.columns == columns; });
  if (same != indices_.end()) return static_cast<std::size_t>(same - indices_.begin());
  Index& index = indices_.emplace_back(Index{.columns = std::move(columns), .rows = {}});
  for (const auto& [key, entry] : held_->entries) {
    if (entry.row == nullptr) continue;
    columns_of(index.columns, entry.bytes(), after_);
    index.rows[after_].entries.push_back(&entry);
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
  for (std::size_t i = 0; i < indices_.size(); ++i) {
    const bool left = !before.empty();
    const bool came = !after.empty();
    if (left) columns_of(indices_[i].columns, before, before_);
    if (came) columns_of(indices_[i].columns, after, after_);
    if (left && came && before_ == after_) continue;
    if (left) {
      auto& entries = alike(i, before_).entries;
      const auto at = std::find(entries.begin(), entries.end(), &entry);
      *at = entries.back();
      entries.pop_back();
    }
    if (came) {
      alike(i, after_).entries.push_back(&entry);
      bytes_ += sizeof(&entry);
    }
  }
}

// ------------------------------------------------------------------------------------------------------ to be written

std::vector<TableRows::Changed> TableRows::take_changed() {
  std::string ordered;
  std::vector<std::size_t> ends;
  ends.reserve(changed_.size());
  for (const Entry* entry : changed_) {
    append_ordered(ordered, entry->key);
    ends.push_back(ordered.size());
  }
  std::vector<Sorted> sorted;
  sorted.reserve(changed_.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); begin = ends[i++]) {
    sorted.push_back({.key = std::string_view(ordered).substr(begin, ends[i] - begin), .entry = changed_[i]});
  }
  changed_.clear();
  sort_from(sorted, 0);
  std::vector<Changed> taken;
  taken.reserve(sorted.size());
  for (const Sorted& each : sorted) {
    taken.push_back({.entry = each.entry, .stored = each.entry->stored});
    each.entry->changed = false;
    each.entry->stored = each.entry->row != nullptr;
  }
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
