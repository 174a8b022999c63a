// Where names in records led before: what PathTree says of a name at a node, found again without its tables.
//
// Records of one writer have the same names in the same order. So for each name it is remembered which two came behind
// it last, and the next name is held against those first, all of it in three words. It says what the tree says,
// whatever came before: names that somebody makes up cost as much as without it, and a little more.
//
// One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sigma/internal/path_tree.h"
#include "sigma/internal/words.h"

namespace redoubt::sigma::internal {

class NameMemory {
 public:
  // Bytes that are read from a name's first quotation mark on, whatever they are.
  static constexpr std::size_t kBytes = 24;

  NameMemory() : entries_(kEntries) {}

  // Before a record's first name.
  void begin() { last_ = 0; }

  // Whether the name is one that was expected; then where it leads from `node`, which is not PathTree::kNone. `quoted`:
  // its first quotation mark. What is found ends in a quotation mark and a colon.
  bool expected(const char* quoted, std::uint32_t node, std::uint32_t& child) {
    const std::array<std::uint64_t, 3> words = {load_word(quoted), load_word(quoted + 8), load_word(quoted + 16)};
    Entry& before = entries_[last_];
    const Entry* found = &entries_[before.next[0]];
    if (!found->is(node, words)) {
      found = &entries_[before.next[1]];
      if (!found->is(node, words)) return false;
      std::swap(before.next[0], before.next[1]);
    }
    last_ = before.next[0];
    child = found->child;
    return true;
  }

  // The same of any name, as PathTree::find(); it is expected from now on. `name`: what stands between the quotation
  // marks, without escapes.
  std::uint32_t find(const PathTree& tree, const char* quoted, std::uint32_t node, std::string_view name);

 private:
  static constexpr std::uint32_t kEntries = 512;  // the first is what comes before a record's names
  static constexpr std::uint32_t kProbes = 8;

  struct Entry {
    std::array<std::uint64_t, 3> words{};  // the name with its quotation marks and its colon
    std::array<std::uint64_t, 3> masks{};  // the bytes of it
    std::uint32_t node = PathTree::kNone;  // none: there is nothing here yet
    std::uint32_t child = PathTree::kNone;
    std::array<std::uint32_t, 2> next{};  // entries, the newer first

    bool is_of(const Entry& other) const { return node == other.node && words == other.words && masks == other.masks; }
    bool is(std::uint32_t from, const std::array<std::uint64_t, 3>& seen) const {
      return node == from && (((seen[0] ^ words[0]) & masks[0]) | ((seen[1] ^ words[1]) & masks[1]) |
                              ((seen[2] ^ words[2]) & masks[2])) == 0;
    }
  };

  std::vector<Entry> entries_;
  std::uint32_t last_ = 0;  // the entry of the name before
};

}  // namespace redoubt::sigma::internal
