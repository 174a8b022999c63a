#include "tlog/hash.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace redoubt::tlog {
namespace {

// RFC 6962 §2.1: different first bytes, so that no entry can pass for a node.
constexpr std::array<std::byte, 1> kLeafPrefix{std::byte{0x00}};
constexpr std::byte kNodePrefix{0x01};

}  // namespace

Hash leaf_hash(ByteView entry) {
  return crypto::sha256({kLeafPrefix, entry});
}

Hash node_hash(const Hash& left, const Hash& right) {
  // One piece rather than three: the digest's per-call cost shows at this size.
  std::array<std::byte, 1 + 2 * kHashSize> input;
  input[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 1 + kHashSize);
  return crypto::sha256(input);
}

void node_hashes(std::span<const Hash> children, std::span<Hash> parents) {
  REDOUBT_CHECK(children.size() == 2 * parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) parents[i] = node_hash(children[2 * i], children[2 * i + 1]);
}

Hash empty_root() {
  return crypto::sha256(ByteView{});
}

}  // namespace redoubt::tlog
