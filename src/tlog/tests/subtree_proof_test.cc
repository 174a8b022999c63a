// Subtree proofs against the draft's recursive definition, written down in reference_tree.h as it stands there.
#include "tlog/subtree_proof.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tlog/proof.h"
#include "tlog/tests/reference_tree.h"

namespace redoubt::tlog {
namespace {

constexpr std::uint64_t kLargest = 33;  // across two powers of two, and one past the second

test::ReferenceTree reference() {
  test::ReferenceTree tree;
  for (std::uint64_t i = 0; i < kLargest; ++i) tree.append("entry " + std::to_string(i));
  return tree;
}

std::vector<Hash> altered(std::vector<Hash> proof, std::size_t i) {
  proof[i][i % kHashSize] ^= std::byte{0x04};
  return proof;
}

template <class F>
void for_each_subtree(std::uint64_t size, F&& f) {
  for (std::uint64_t end = 0; end <= size; ++end) {
    for (std::uint64_t start = 0; start <= end; ++start) {
      if (is_valid_subtree({start, end})) f(Subtree{start, end});
    }
  }
}

TEST(Subtree, StartsAtAMultipleOfItsSizeRoundedUp) {
  EXPECT_TRUE(is_valid_subtree({4, 8}));
  EXPECT_TRUE(is_valid_subtree({8, 13}));
  EXPECT_TRUE(is_valid_subtree({0, 7}));
  EXPECT_TRUE(is_valid_subtree({5, 5}));
  EXPECT_TRUE(is_valid_subtree({5, 6}));
  EXPECT_FALSE(is_valid_subtree({5, 7}));
  EXPECT_FALSE(is_valid_subtree({4, 9}));
  EXPECT_FALSE(is_valid_subtree({8, 7}));
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  EXPECT_TRUE(is_valid_subtree({0, kMax}));
  EXPECT_FALSE(is_valid_subtree({1, kMax}));
  EXPECT_TRUE(is_valid_subtree({kHalf, kMax}));
  EXPECT_FALSE(is_valid_subtree({kHalf - 1, kMax}));
}

TEST(SubtreeInclusion, HoldsForEveryEntryOfEverySubtree) {
  test::ReferenceTree tree = reference();
  for_each_subtree(kLargest, [&](Subtree subtree) {
    const Hash hash = tree.mth(subtree.start, subtree.end);
    for (std::uint64_t index = subtree.start; index < subtree.end; ++index) {
      const Hash leaf = tree.mth(index, index + 1);
      const auto proof = tree.path(index - subtree.start, subtree.start, subtree.end);
      ASSERT_TRUE(verify_subtree_inclusion(leaf, {index}, subtree, proof, hash))
          << index << " in " << subtree.start << " to " << subtree.end;
      for (std::size_t i = 0; i < proof.size(); ++i) {
        ASSERT_FALSE(verify_subtree_inclusion(leaf, {index}, subtree, altered(proof, i), hash));
      }
    }
  });
}

TEST(SubtreeInclusion, RefusesEntriesOutsideAndIntervalsThatAreNoSubtree) {
  test::ReferenceTree tree = reference();
  const Hash leaf = tree.mth(8, 9);
  const auto proof = tree.path(0, 8, 13);
  const Hash hash = tree.mth(8, 13);
  EXPECT_TRUE(verify_subtree_inclusion(leaf, {8}, {8, 13}, proof, hash));
  EXPECT_FALSE(verify_subtree_inclusion(leaf, {7}, {8, 13}, proof, hash));
  EXPECT_FALSE(verify_subtree_inclusion(leaf, {13}, {8, 13}, proof, hash));
  EXPECT_FALSE(verify_subtree_inclusion(leaf, {9}, {9, 14}, proof, hash));
  EXPECT_FALSE(verify_subtree_inclusion(leaf, {8}, {8, 8}, {}, empty_root()));
  EXPECT_FALSE(verify_subtree_inclusion(leaf, {8}, {13, 8}, proof, hash));
}

TEST(SubtreeConsistency, HoldsForEverySubtreeOfEveryTree) {
  test::ReferenceTree tree = reference();
  for (std::uint64_t size = 1; size <= kLargest; ++size) {
    const Hash root = tree.mth(0, size);
    for_each_subtree(size, [&](Subtree subtree) {
      const Hash hash = tree.mth(subtree.start, subtree.end);
      const auto proof = tree.subtree_subproof(subtree.start, subtree.end, 0, size, true);
      const Result<> held = verify_subtree_consistency(subtree, {size}, proof, hash, root);
      ASSERT_TRUE(held) << subtree.start << " to " << subtree.end << " of " << size << ": " << held.error().message();
    });
  }
}

TEST(SubtreeConsistency, DoesNotHoldAfterAnyChange) {
  test::ReferenceTree tree = reference();
  const Hash other = tree.mth(1, 2);
  for (std::uint64_t size = 1; size <= kLargest; ++size) {
    const Hash root = tree.mth(0, size);
    for_each_subtree(size, [&](Subtree subtree) {
      const Hash hash = tree.mth(subtree.start, subtree.end);
      const auto proof = tree.subtree_subproof(subtree.start, subtree.end, 0, size, true);
      SCOPED_TRACE(std::to_string(subtree.start) + " to " + std::to_string(subtree.end) + " of " +
                   std::to_string(size));
      auto longer = proof;
      longer.push_back(other);
      ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, longer, hash, root));
      longer = proof;
      longer.insert(longer.begin(), other);
      ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, longer, hash, root));
      Hash wrong = hash;
      wrong[0] ^= std::byte{1};
      ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, proof, wrong, root));
      if (subtree.start == subtree.end) return;  // says nothing of the tree
      wrong = root;
      wrong[0] ^= std::byte{1};
      ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, proof, hash, wrong));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, altered(proof, i), hash, root));
      }
      if (!proof.empty()) {
        ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, {proof.data(), proof.size() - 1}, hash, root));
        ASSERT_FALSE(verify_subtree_consistency(subtree, {size}, std::span(proof).subspan(1), hash, root));
      }
    });
  }
}

TEST(SubtreeConsistency, RefusesSubtreesOutsideTheTreeAndOtherIntervals) {
  test::ReferenceTree tree = reference();
  const Hash hash = tree.mth(8, 13);
  const auto proof = tree.subtree_subproof(8, 13, 0, 14, true);
  EXPECT_TRUE(verify_subtree_consistency({8, 13}, {14}, proof, hash, tree.mth(0, 14)));
  EXPECT_FALSE(verify_subtree_consistency({8, 13}, {12}, proof, hash, tree.mth(0, 12)));
  EXPECT_FALSE(verify_subtree_consistency({9, 14}, {14}, proof, hash, tree.mth(0, 14)));
  EXPECT_FALSE(verify_subtree_consistency({13, 8}, {14}, proof, hash, tree.mth(0, 14)));
}

// "When start is zero, this computes a Merkle consistency proof … When end = start + 1 … a Merkle inclusion proof."
TEST(SubtreeConsistency, IsConsistencyFromTheStartAndInclusionOfASingleEntry) {
  test::ReferenceTree tree = reference();
  for (std::uint64_t size = 1; size <= kLargest; ++size) {
    const Hash root = tree.mth(0, size);
    for (std::uint64_t i = 0; i < size; ++i) {
      EXPECT_TRUE(verify_subtree_consistency({0, i + 1}, {size}, tree.subproof(i + 1, 0, size, true),
                                             tree.mth(0, i + 1), root));
      EXPECT_TRUE(verify_subtree_consistency({i, i + 1}, {size}, tree.path(i, 0, size), tree.mth(i, i + 1), root));
    }
  }
}

}  // namespace
}  // namespace redoubt::tlog
