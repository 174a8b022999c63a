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

void leaf_hashes(std::span<const ByteView> entries, std::span<Hash> hashes) {
  crypto::sha256_each(kLeafPrefix[0], entries, hashes);
}

void node_hashes(std::span<const Hash> children, std::span<Hash> parents) {
  REDOUBT_CHECK(children.size() == 2 * parents.size());
  // A few at a time, finished before they are stored: what they are made from may lie there.
  constexpr std::size_t kAtOnce = 16;
  std::array<ByteView, kAtOnce> pairs;
  std::array<Hash, kAtOnce> done;
  for (std::size_t first = 0; first < parents.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, parents.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      pairs[i] = std::as_bytes(children).subspan((first + i) * 2 * kHashSize, 2 * kHashSize);
    }
    crypto::sha256_each(kNodePrefix, std::span(pairs).first(count), std::span(done).first(count));
    std::copy_n(done.begin(), count, parents.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

Hash empty_root() {
  return crypto::sha256(ByteView{});
}

}  // namespace redoubt::tlog
