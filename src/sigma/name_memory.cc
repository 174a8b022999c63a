#include "sigma/internal/name_memory.h"

#include <bit>

namespace redoubt::sigma::internal {

std::uint32_t NameMemory::find(const PathTree& tree, const char* quoted, std::uint32_t node, std::string_view name) {
  const std::size_t size = name.size() + 3;
  // With an escape in it, or white space behind it, it is written in another way than most.
  if (size > kBytes || name.data() != quoted + 1 || quoted[size - 2] != '"' || quoted[size - 1] != ':') {
    last_ = 0;
    return tree.find(node, name);
  }
  Entry fresh;
  fresh.node = node;
  for (std::size_t word = 0; word < fresh.words.size(); ++word) {
    const std::size_t at = word * 8;
    fresh.masks[word] = first_bytes(~std::uint64_t{0}, size > at ? size - at : 0);
    fresh.words[word] = load_word(quoted + at) & fresh.masks[word];
  }
  const std::uint32_t hash =
      mix((fresh.words[0] ^ std::rotl(fresh.words[1], 23) ^ std::rotl(fresh.words[2], 47)) + node);
  // Behind each other from there on; who finds no room takes the first one's.
  const std::uint32_t home = 1 + hash % (kEntries - kProbes);
  std::uint32_t place = home;
  while (place < home + kProbes && entries_[place].node != PathTree::kNone && !entries_[place].is_of(fresh)) ++place;
  if (place == home + kProbes) place = home;
  Entry& own = entries_[place];
  if (!own.is_of(fresh)) {
    fresh.child = tree.find(node, name);
    own = fresh;
  }
  Entry& before = entries_[last_];
  before.next = {place, before.next[0]};
  last_ = place;
  return own.child;
}

}  // namespace redoubt::sigma::internal
