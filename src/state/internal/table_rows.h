// Rows of one table in memory, by their keys: as the database has them or, of those that were changed, as it is to have
// them. Knows nothing of the database (database_rows.cc brings the two together).
//
// What is found stays where it is until clear(). One thread, that of its database; but while nothing is set or learnt,
// each() and find() may be called on others than take_changed().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "state/internal/huge_pages.h"
#include "state/internal/row_bytes.h"

namespace redoubt::state {

class TableRows {
 public:
  struct Entry {
    std::string_view key;  // in the bytes that follow the entry
    char* row = nullptr;   // its bytes; null: there is no such row
    std::uint32_t size = 0;
    bool changed = false;  // the database is to have it so
    bool stored = false;   // the database may have a row with this key
    std::string_view bytes() const { return {row, size}; }
  };
  // Rows that have the same in some columns.
  struct Alike {
    std::vector<const Entry*> entries;  // in no particular order
    bool whole = false;                 // the database has no further ones
  };

  // Null when nothing is known of this key.
  Entry* find(std::string_view key) { return entry_of(key, hash_bytes(key)); }
  // What the database has under a key of which nothing is known: a row, or none (empty).
  Entry& learn(std::string_view key, std::string_view row);
  // A row that the database has, unless something is known of its key.
  void learn_if_new(std::string_view key, std::string_view row);
  // What it is to have: a row in place of the one with its key, or none. `stored`: whether it may have one, should
  // nothing be known of the key.
  void set(std::string_view key, std::string_view row, bool stored = true);
  void set(Entry& found, std::string_view row);

  // Rows by some columns, by their number: kept up from the first call on. `alike` are these columns, as bytes.
  std::size_t index_by(std::vector<std::size_t> columns);
  Alike& alike(std::size_t index, std::string_view alike);

  std::size_t changed() const { return changed_.size(); }
  // Entries that the database is to have otherwise than it has them, in the order of their keys; they count as
  // unchanged and written from then on.
  std::vector<const Entry*> take_changed();
  // All rows, in no particular order, until `take` says to stop.
  void each(const std::function<bool(std::string_view row)>& take) const;
  // Those that were changed, and are there; the same.
  void each_changed(const std::function<bool(std::string_view row)>& take) const;
  // Of those and of keys that have no row.
  std::size_t count() const { return held_->taken; }
  // Memory in use, in bytes, roughly.
  std::size_t size_bytes() const { return bytes_; }
  // Forgets all, what was changed included; what it is indexed by stays.
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view bytes) const { return hash_bytes(bytes); }
  };
  struct Index {
    std::vector<std::size_t> columns;
    std::unordered_map<std::string, Alike, Hash, std::equal_to<>> rows;
  };
  // A hash table by open addressing, with the hashes in it: to look for a key that is not there, as that of something
  // new is, touches one line of memory.
  struct Slot {
    std::uint64_t hash = 0;
    Entry* entry = nullptr;  // null: the slot is free
  };
  // Everything lies in one arena, because everything is forgotten at once; so no slot is freed.
  struct Held {
    HugePages pages;
    std::pmr::monotonic_buffer_resource arena{&pages};
    std::pmr::vector<Slot> slots{&pages};  // none, or a power of two, of which two thirds are taken at most
    std::size_t taken = 0;
  };

  Entry* entry_of(std::string_view key, std::uint64_t hash) const;
  void add(Entry* entry, std::uint64_t hash);
  Entry& learn_entry(std::string_view key, std::uint64_t hash, std::string_view row);
  char* keep(std::string_view bytes);
  void move(const Entry& entry, std::string_view before, std::string_view after);

  std::unique_ptr<Held> held_ = std::make_unique<Held>();
  std::vector<Index> indices_;
  std::vector<Entry*> changed_;
  std::size_t bytes_ = 0;
  RowWriter scratch_;  // of move() and index_by()
};

}  // namespace redoubt::state
