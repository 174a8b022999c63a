// Which of many networks an address is in: for each length of prefix that occurs, one search among their bases.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sigma/internal/network.h"

namespace redoubt::sigma::internal {

class NetworkIndex {
 public:
  // Any number of times, then build() once.
  void add(const Network& network, std::uint32_t id);
  void build();
  bool empty() const { return groups_.empty(); }

  // Calls `take(id)` for each network that has the address.
  template <class Take>
  void find(const Address& address, Take&& take) const {
    const Key words = words_of(address);
    for (const Group& group : groups_) {
      if (group.v4 == address.v4) find_in(group, masked(words, group.prefix), take);
    }
  }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // an address as numbers
  struct Entry {
    Key base;  // bits after the prefix are zero
    std::uint32_t id = 0;
  };
  struct Group {
    bool v4 = false;
    unsigned prefix = 0;
    std::vector<Entry> entries;  // by base
  };
  static Key words_of(const Address& address);
  static Key masked(Key words, unsigned prefix);
  template <class Take>
  static void find_in(const Group& group, const Key& key, Take&& take) {
    std::size_t from = 0;
    for (std::size_t size = group.entries.size(); size > 0;) {
      const std::size_t half = size / 2;
      if (group.entries[from + half].base < key) {
        from += half + 1;
        size -= half + 1;
      } else {
        size = half;
      }
    }
    for (; from < group.entries.size() && group.entries[from].base == key; ++from) take(group.entries[from].id);
  }

  std::vector<Group> groups_;
};

}  // namespace redoubt::sigma::internal
