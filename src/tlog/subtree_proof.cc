#include "tlog/subtree_proof.h"

#include <bit>

#include "tlog/proof.h"

namespace redoubt::tlog {
namespace {

bool is_odd(std::uint64_t n) {
  return (n & 1) != 0;
}

Error does_not_hold(const char* message) {
  return {Errc::kVerifyFailed, message};
}

}  // namespace

bool is_valid_subtree(Subtree subtree) {
  if (subtree.start > subtree.end) return false;
  const std::uint64_t size = subtree.end - subtree.start;
  // Above 2^63 the next power of two is 2^64, of which only zero is a multiple here.
  if (size > std::uint64_t{1} << 63) return subtree.start == 0;
  return subtree.start % std::bit_ceil(size) == 0;  // bit_ceil(0) is 1
}

Result<> verify_subtree_inclusion(const Hash& leaf, LeafIndex index, Subtree subtree, std::span<const Hash> proof,
                                  const Hash& subtree_hash) {
  if (!is_valid_subtree(subtree)) return does_not_hold("the interval is not a subtree");
  if (index.value < subtree.start || index.value >= subtree.end) {
    return does_not_hold("the leaf index is not in the subtree");
  }
  return verify_inclusion(leaf, {index.value - subtree.start}, {subtree.end - subtree.start}, proof, subtree_hash);
}

Result<> verify_subtree_consistency(Subtree subtree, TreeSize size, std::span<const Hash> proof,
                                    const Hash& subtree_hash, const Hash& root) {
  // The steps and names of "Verifying a Subtree Consistency Proof".
  if (!is_valid_subtree(subtree)) return does_not_hold("the interval is not a subtree");
  if (subtree.end > size.value) return does_not_hold("the subtree is not within the tree");
  if (subtree.start == subtree.end) {
    if (!proof.empty()) return does_not_hold("the subtree consistency proof is too long");
    if (subtree_hash != empty_root()) return does_not_hold("the hash is not that of the empty subtree");
    return {};
  }
  std::uint64_t fn = subtree.start;
  std::uint64_t sn = subtree.end - 1;
  std::uint64_t tn = size.value - 1;
  const auto shift = [&] {
    fn >>= 1;
    sn >>= 1;
    tn >>= 1;
  };
  // Up to the first node that the subtree and the tree share.
  const bool at_right_edge = sn == tn;
  while (fn != sn && (at_right_edge || is_odd(sn))) shift();
  const bool implied = fn == sn;  // that node is the subtree's root
  if (!implied && proof.empty()) return does_not_hold("the subtree consistency proof is too short");
  Hash fr = implied ? subtree_hash : proof.front();
  Hash sr = fr;
  for (const Hash& c : implied ? proof : proof.subspan(1)) {
    if (tn == 0) return does_not_hold("the subtree consistency proof is too long");
    if (is_odd(sn) || sn == tn) {
      if (fn < sn) fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while (!is_odd(sn)) shift();  // ends: sn is not zero, for here it is odd or equals tn
    } else {
      sr = node_hash(sr, c);
    }
    shift();
  }
  if (tn != 0) return does_not_hold("the subtree consistency proof is too short");
  if (fr != subtree_hash) return does_not_hold("the subtree consistency proof does not lead to the subtree's hash");
  if (sr != root) return does_not_hold("the subtree consistency proof does not lead to the root");
  return {};
}

}  // namespace redoubt::tlog
