// The rules of subjects that have some of their own, found by the subject's name: immutable, made for reading in few
// steps through memory.
//
// Subjects are in shards by the hash of their names; a change makes one shard anew, and the list of shards. A shard is
// a table of open addressing. A slot holds the name and the rules of its subject, unless they are too many, so that one
// wait for memory is enough to find them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "limits/internal/rule.h"

namespace redoubt::limits {

class RuleIndex {
 public:
  RuleIndex() = default;  // of no rules

  bool empty() const { return size_ == 0; }

  // Asks memory for where find() looks first. What it returns is for find(), of the same subject.
  std::uint64_t prefetch(std::string_view subject) const;

  // Rules of the subject, in the order of their shapes; none when it has none.
  Rules find(std::string_view subject, std::uint64_t hash) const;
  Rules find(std::string_view subject) const { return find(subject, hash_of(subject)); }

  // The same with other rules of one subject; none removes it.
  RuleIndex with(std::string_view subject, Rules rules) const;

  // Of rules in any order, no two of a subject with the same shape; the subject is that of their limits.
  static RuleIndex of(Rules rules);

 private:
  static constexpr std::size_t kShards = 1024;
  static_assert(std::has_single_bit(kShards));

  // Two lines of memory next to each other, which come together.
  struct alignas(128) Slot {
    static constexpr std::size_t kNameMax = 32;
    static constexpr std::size_t kRulesMax = 2;

    std::uint64_t hash = 0;
    std::uint32_t first = 0;  // in Shard::more, of more than kRulesMax
    std::uint16_t name_size = 0;
    std::uint8_t count = 0;             // rules; 0: the slot is empty
    std::array<char, kNameMax> name{};  // a longer one is that of its limits
    std::array<Rule, kRulesMax> rules{};
  };
  static_assert(sizeof(Slot) == 128);
  // What is read first of a shard; all are side by side.
  struct Shard {
    const Slot* slots = nullptr;
    std::uint64_t mask = 0;  // one less than how many slots there are: a power of two, at most half of them used
    const Rule* more = nullptr;
  };
  struct Content {
    std::vector<Slot> slots;  // none without rules
    std::vector<Rule> more;
  };
  struct Shards {
    std::array<Shard, kShards> read;
    std::array<std::shared_ptr<const Content>, kShards> contents;  // of the same
  };

  RuleIndex(std::shared_ptr<const Shards> shards, std::size_t size) : shards_(std::move(shards)), size_(size) {}
  static std::uint64_t hash_of(std::string_view subject);
  static std::size_t shard_of(std::uint64_t hash) { return hash >> 32 & (kShards - 1); }
  static Rules rules_of(const Shard& shard, const Slot& slot);
  static std::string_view name_of(const Shard& shard, const Slot& slot);
  static std::vector<Rule> all_of(const Content& content);
  static std::shared_ptr<const Content> make_content(std::vector<Rule> rules);
  static void set(Shards& shards, std::size_t at, std::vector<Rule> rules);

  std::shared_ptr<const Shards> shards_;  // null: there were never any
  std::size_t size_ = 0;                  // rules
};

}  // namespace redoubt::limits
