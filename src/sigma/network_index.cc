#include "sigma/internal/network_index.h"

#include <algorithm>

namespace redoubt::sigma::internal {
namespace {

std::uint64_t kept(std::uint64_t word, unsigned bits) {
  return bits == 0 ? 0 : bits >= 64 ? word : word & ~((std::uint64_t{1} << (64 - bits)) - 1);
}

}  // namespace

NetworkIndex::Key NetworkIndex::words_of(const Address& address) {
  Key words{0, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    words.first = (words.first << 8) | address.bytes[i];
    words.second = (words.second << 8) | address.bytes[8 + i];
  }
  return words;
}

NetworkIndex::Key NetworkIndex::masked(Key words, unsigned prefix) {
  return {kept(words.first, prefix), kept(words.second, prefix > 64 ? prefix - 64 : 0)};
}

void NetworkIndex::add(const Network& network, std::uint32_t id) {
  auto group = std::find_if(groups_.begin(), groups_.end(),
                            [&](const Group& g) { return g.v4 == network.base.v4 && g.prefix == network.prefix; });
  if (group == groups_.end()) group = groups_.insert(groups_.end(), {network.base.v4, network.prefix, {}});
  group->entries.push_back({masked(words_of(network.base), network.prefix), id});
}

void NetworkIndex::build() {
  for (Group& group : groups_) {
    std::sort(group.entries.begin(), group.entries.end(),
              [](const Entry& a, const Entry& b) { return std::pair(a.base, a.id) < std::pair(b.base, b.id); });
  }
}

}  // namespace redoubt::sigma::internal
