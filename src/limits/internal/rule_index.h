// The rules of subjects that have some of their own, found by the subject's name: immutable, made for reading in few
// steps through memory.
//
// Subjects are in shards by the hash of their names; a change makes one shard anew, and the list of shards. In a shard
// a table of open addressing says where the rules of a subject lie, side by side.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limits/internal/rule.h"

namespace redoubt::limits {

class RuleIndex {
 public:
  RuleIndex();

  bool empty() const { return size_ == 0; }

  // Rules of the subject, in the order of their shapes; none when it has none.
  Rules find(std::string_view subject) const;

  // Asks memory for where find() looks first.
  void prefetch(std::string_view subject) const;

  // The same with other rules of one subject; none removes it.
  RuleIndex with(std::string_view subject, Rules rules) const;

  // Of rules in any order, no two of a subject with the same shape; the subject is that of their limits.
  static RuleIndex of(Rules rules);

 private:
  static constexpr std::size_t kShards = 1024;

  // Names are kept here too: those in the limits lie wherever there was room.
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t first = 0;  // in Shard::rules
    std::uint32_t name = 0;   // in Shard::names
    std::uint32_t name_size = 0;
    std::uint32_t count = 0;  // 0: empty
  };
  struct Shard {
    std::vector<Slot> slots;  // a power of two, at most half of them used; none without rules
    std::vector<Rule> rules;
    std::string names;
  };
  using Shards = std::array<std::shared_ptr<const Shard>, kShards>;

  RuleIndex(std::shared_ptr<const Shards> shards, std::size_t size) : shards_(std::move(shards)), size_(size) {}
  static std::uint64_t hash_of(std::string_view subject);
  static std::size_t shard_of(std::uint64_t hash) { return hash >> 32 & (kShards - 1); }
  static std::shared_ptr<const Shard> make_shard(std::vector<Rule> rules);

  std::shared_ptr<const Shards> shards_;
  std::size_t size_ = 0;  // rules
};

}  // namespace redoubt::limits
