// Profiles by name, at most a stated number: when there is no room, whoever was not seen for longest goes, but never
// someone who is suspended or suspicious.
//
// Two lists hold everyone, least recently seen first: those who may go, and those who are kept. What is kept is looked
// at again when there is no room, oldest first. Order depends on calls alone, and is saved.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "behaviour/internal/archive.h"
#include "behaviour/internal/hash.h"
#include "behaviour/internal/profile.h"

namespace redoubt::behaviour {

class ProfileTable {
 public:
  struct Entry {
    Profile profile;
    std::string name;
    std::string tenant;
    std::uint64_t hash = 0;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    bool kept = false;
  };

  ProfileTable(std::uint32_t capacity, const HashKey& key);

  Entry* find(std::string_view name);
  // Made when it is not there; null when there is no room. The most recently seen from now on. `now_ms`: who is
  // suspicious until later than this is kept.
  Entry* use(std::string_view name, std::int64_t now_ms);
  // To be called when `suspended` or `suspicious_until_ms` of it have changed.
  void keep(Entry& entry);
  void forget(std::string_view name);

  std::size_t size() const { return used_; }
  std::uint64_t evicted() const { return evicted_; }
  std::size_t memory_bytes() const;

  void save(ArchiveWriter& out) const;
  // False when the bytes are not what save() writes. Precondition: empty.
  bool restore(ArchiveReader& in);

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };

  List& list_of(const Entry& entry) { return entry.kept ? kept_ : free_; }
  void unlink(std::uint32_t at);
  void link_last(std::uint32_t at);
  void remove(std::uint32_t at);
  bool make_room(std::int64_t now_ms);
  std::uint32_t* slot_of(std::string_view name, std::uint64_t hash);
  void insert_slot(std::uint32_t at);
  void grow();
  std::uint32_t add(std::string_view name);
  void save_list(ArchiveWriter& out, const List& list) const;

  const std::uint32_t capacity_;
  const HashKey key_;
  std::vector<std::unique_ptr<Entry>> entries_;  // null: vacant
  std::vector<std::uint32_t> vacant_;
  std::vector<std::uint32_t> slots_;  // open addressing; kNone: empty. A power of two, at most half full
  std::size_t used_ = 0;
  std::uint64_t evicted_ = 0;
  List free_;
  List kept_;
};

}  // namespace redoubt::behaviour
