// Frontier, roots and proofs against the recursive definitions of RFC 6962 §2.1, written down as they stand there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "tlog/frontier.h"
#include "tlog/proof.h"
#include "tlog/tests/reference_tree.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::MemoryLog;
using test::ReferenceTree;

struct Both {
  MemoryLog log;
  ReferenceTree reference;

  void grow_to(std::uint64_t size) {
    for (std::uint64_t i = log.size().value; i < size; ++i) {
      const std::string entry = "entry " + std::to_string(i);
      log.append(entry);
      reference.append(entry);
    }
  }
};

void check_inclusion(Both& both, std::uint64_t index, std::uint64_t size) {
  const auto proof = inclusion_proof(both.log, {index}, {size});
  ASSERT_TRUE(proof) << proof.error().message();
  ASSERT_EQ(*proof, both.reference.path(index, 0, size)) << index << " in " << size;
  const Result<> verified =
      verify_inclusion(both.reference.mth(index, index + 1), {index}, {size}, *proof, both.reference.mth(0, size));
  ASSERT_TRUE(verified) << index << " in " << size << ": " << verified.error().message();
}

void check_cached_inclusion(Both& both, NodeCache& nodes, std::uint64_t index, std::uint64_t size) {
  const auto proof = inclusion_proof(nodes, {index}, {size});
  ASSERT_TRUE(proof) << proof.error().message();
  ASSERT_EQ(*proof, both.reference.path(index, 0, size)) << index << " in " << size;
}

void check_consistency(Both& both, std::uint64_t from, std::uint64_t to) {
  const auto proof = consistency_proof(both.log, {from}, {to});
  ASSERT_TRUE(proof) << proof.error().message();
  if (from > 0) {
    ASSERT_EQ(*proof, both.reference.subproof(from, 0, to, true)) << from << " to " << to;
  }
  const Result<> verified =
      verify_consistency({from}, {to}, *proof, both.reference.mth(0, from), both.reference.mth(0, to));
  ASSERT_TRUE(verified) << from << " to " << to << ": " << verified.error().message();
}

TEST(Hash, MatchesTheWellKnownValues) {
  // SHA-256 of nothing, and RFC 6962's leaf hash of the empty entry.
  EXPECT_EQ(encoding::hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(encoding::hex(leaf_hash({})), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

// Another seed each time, printed; REDOUBT_SEED repeats one.
std::uint64_t choose_seed() {
  const char* given = std::getenv("REDOUBT_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

TEST(Tree, EqualsTheRecursiveDefinitionAtEverySizeTo1100) {
  std::mt19937_64 random(choose_seed());
  Both both;
  for (std::uint64_t size = 0; size <= 1'100; ++size) {
    both.grow_to(size);
    const Hash root = both.reference.mth(0, size);
    ASSERT_EQ(both.log.frontier().root(), root) << size;
    ASSERT_EQ(*tree_root(both.log, {size}), root) << size;
    const auto loaded = Frontier::load(both.log, {size});
    ASSERT_TRUE(loaded);
    ASSERT_EQ(*loaded, both.log.frontier()) << size;
    for (int i = 0; i < 6 && size > 0; ++i) ASSERT_NO_FATAL_FAILURE(check_inclusion(both, random() % size, size));
    for (int i = 0; i < 6; ++i) ASSERT_NO_FATAL_FAILURE(check_consistency(both, random() % (size + 1), size));
  }
}

TEST(Tree, HasEveryProofOfEveryTreeTo70) {
  Both both;
  both.grow_to(70);
  for (std::uint64_t size = 0; size <= 70; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) ASSERT_NO_FATAL_FAILURE(check_inclusion(both, index, size));
    for (std::uint64_t from = 0; from <= size; ++from) ASSERT_NO_FATAL_FAILURE(check_consistency(both, from, size));
  }
}

TEST(Tree, HasEveryProofOfLargerTrees) {
  std::mt19937_64 random(choose_seed());
  Both both;
  both.grow_to(1'100);
  // Around the ends of tiles, and anywhere.
  std::vector<std::uint64_t> sizes{255, 256, 257, 511, 512, 513, 767, 768, 769, 1'023, 1'024, 1'025, 1'100};
  for (int i = 0; i < 12; ++i) sizes.push_back(71 + random() % 1'030);
  for (const std::uint64_t size : sizes) {
    for (std::uint64_t index = 0; index < size; ++index) ASSERT_NO_FATAL_FAILURE(check_inclusion(both, index, size));
    for (std::uint64_t from = 0; from <= size; ++from) ASSERT_NO_FATAL_FAILURE(check_consistency(both, from, size));
  }
}

TEST(Tree, HasRandomProofsAcrossThreeTileLevels) {
  std::mt19937_64 random(choose_seed());
  Both both;
  both.grow_to(66'500);
  for (int i = 0; i < 150; ++i) {
    const std::uint64_t size = i % 2 == 0 ? 65'536 - 300 + random() % 1'200 : 1 + random() % 66'500;
    ASSERT_EQ(*tree_root(both.log, {size}), both.reference.mth(0, size));
    ASSERT_NO_FATAL_FAILURE(check_inclusion(both, random() % size, size));
    ASSERT_NO_FATAL_FAILURE(check_consistency(both, random() % (size + 1), size));
  }
}

TEST(Tree, RefusesAlteredProofs) {
  std::mt19937_64 random(choose_seed());
  Both both;
  both.grow_to(1'100);
  const auto altered = [&](std::vector<Hash> proof, int how) {
    switch (how) {
      case 0:
        proof.at(random() % proof.size()).at(random() % 32) ^= std::byte{1};
        break;
      case 1:
        proof.pop_back();
        break;
      case 2:
        proof.erase(proof.begin());
        break;
      case 3:
        proof.push_back(test::leaf("more"));
        break;
      case 4:
        proof.insert(proof.begin(), test::leaf("more"));
        break;
      default:
        std::swap(proof.front(), proof.back());
        break;
    }
    return proof;
  };
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t size = 4 + random() % 1'097;
    const std::uint64_t index = random() % size;
    const Hash leaf = both.reference.mth(index, index + 1);
    const Hash root = both.reference.mth(0, size);
    const auto proof = *inclusion_proof(both.log, {index}, {size});
    const std::uint64_t from = 1 + random() % (size - 1);
    const Hash old_root = both.reference.mth(0, from);
    const auto growth = *consistency_proof(both.log, {from}, {size});
    ASSERT_FALSE(growth.empty());
    for (int how = 0; how < 6; ++how) {
      if (how < 5 || proof.size() > 1) {
        const Result<> held = verify_inclusion(leaf, {index}, {size}, altered(proof, how), root);
        ASSERT_FALSE(held) << how << ": " << index << " in " << size;
        ASSERT_EQ(held.error().code(), Errc::kVerifyFailed);
      }
      if (how < 5 || growth.size() > 1) {
        const Result<> held = verify_consistency({from}, {size}, altered(growth, how), old_root, root);
        ASSERT_FALSE(held) << how << ": " << from << " to " << size;
        ASSERT_EQ(held.error().code(), Errc::kVerifyFailed);
      }
    }
    const Hash other = both.reference.mth(0, size - 1);
    EXPECT_FALSE(verify_inclusion(leaf, {index}, {size}, proof, other));
    EXPECT_FALSE(verify_inclusion(test::leaf("another"), {index}, {size}, proof, root));
    EXPECT_FALSE(verify_inclusion(leaf, {(index + 1) % size}, {size}, proof, root));
    EXPECT_FALSE(verify_inclusion(leaf, {size}, {size}, proof, root));
    EXPECT_FALSE(verify_consistency({from}, {size}, growth, old_root, other));
    EXPECT_FALSE(verify_consistency({from}, {size}, growth, test::leaf("another"), root));
    EXPECT_FALSE(verify_consistency({size}, {from}, growth, root, old_root));
  }
}

TEST(Consistency, OfEqualSizesNeedsEqualRootsAndNoProof) {
  const Hash a = test::leaf("a");
  const Hash b = test::leaf("b");
  EXPECT_TRUE(verify_consistency({5}, {5}, {}, a, a));
  EXPECT_FALSE(verify_consistency({5}, {5}, {}, a, b));
  EXPECT_FALSE(verify_consistency({5}, {5}, std::vector{a}, a, a));
}

TEST(Consistency, FromTheEmptyTreeNeedsItsRootAndNoProof) {
  const Hash a = test::leaf("a");
  EXPECT_TRUE(verify_consistency({0}, {5}, {}, empty_root(), a));
  EXPECT_TRUE(verify_consistency({0}, {0}, {}, empty_root(), empty_root()));
  EXPECT_FALSE(verify_consistency({0}, {5}, {}, a, a));
  EXPECT_FALSE(verify_consistency({0}, {0}, {}, a, a));
  EXPECT_FALSE(verify_consistency({0}, {5}, std::vector{a}, empty_root(), a));
}

TEST(Consistency, IsRefusedWithoutProofBetweenDifferentSizes) {
  const Hash a = test::leaf("a");
  EXPECT_FALSE(verify_consistency({1}, {2}, {}, a, a));
  EXPECT_FALSE(verify_consistency({3}, {4}, {}, a, a));
  EXPECT_FALSE(verify_consistency({4}, {7}, {}, a, a));
}

TEST(Inclusion, OfTheOnlyLeafIsTheLeafItself) {
  const Hash a = test::leaf("a");
  EXPECT_TRUE(verify_inclusion(a, {0}, {1}, {}, a));
  EXPECT_FALSE(verify_inclusion(a, {0}, {0}, {}, a));
  EXPECT_FALSE(verify_inclusion(a, {1}, {1}, {}, a));
  EXPECT_FALSE(verify_inclusion(a, {0}, {2}, {}, a));
}

TEST(Proofs, AreNotMadeBeyondTheTree) {
  Both both;
  both.grow_to(3);
  EXPECT_EQ(inclusion_proof(both.log, {3}, {3}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(inclusion_proof(both.log, {0}, {0}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(inclusion_proof(both.log, {0}, {UINT64_MAX}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(consistency_proof(both.log, {2}, {1}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(consistency_proof(both.log, {2}, {UINT64_MAX}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(tree_root(both.log, {UINT64_MAX}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(inclusion_proof(both.log, {0}, {9}).error().code(), Errc::kNotFound);  // the source's own error
}

class ShortTiles : public TileSource {
 public:
  Result<Bytes> read_tile(const TileId& id) override { return Bytes(id.size_bytes() - 1); }
};

TEST(Proofs, FailOnATileOfAnotherLength) {
  ShortTiles tiles;
  EXPECT_EQ(inclusion_proof(tiles, {0}, {9}).error().code(), Errc::kCorrupt);
  EXPECT_EQ(consistency_proof(tiles, {4}, {9}).error().code(), Errc::kCorrupt);
  EXPECT_EQ(Frontier::load(tiles, {9}).error().code(), Errc::kCorrupt);
}

TEST(Proofs, ReadEachTileOnce) {
  Both both;
  both.grow_to(66'000);
  both.log.reads = 0;
  ASSERT_TRUE(inclusion_proof(both.log, {300}, {66'000}));
  EXPECT_LE(both.log.reads, 5U);  // two tiles of level 0, two of level 1, one of level 2
  both.log.reads = 0;
  ASSERT_TRUE(Frontier::load(both.log, {66'000}));
  EXPECT_LE(both.log.reads, 3U);
}

TEST(NodeCache, ServesEveryProofOfAGrowingTree) {
  Both both;
  NodeCache nodes(both.log, 2);  // small enough that tiles take each other's places
  for (const std::uint64_t size : {1, 2, 255, 256, 257, 300, 511, 512, 513, 1'000}) {
    both.grow_to(size);
    for (std::uint64_t index = 0; index < size; index += 1 + size / 40) {
      ASSERT_NO_FATAL_FAILURE(check_cached_inclusion(both, nodes, index, size));
    }
    for (std::uint64_t from = 0; from <= size; from += 1 + size / 40) {
      const auto proof = consistency_proof(nodes, {from}, {size});
      ASSERT_TRUE(proof);
      ASSERT_EQ(*proof, *consistency_proof(both.log, {from}, {size})) << from << " to " << size;
    }
  }
  // Older trees, whose last tiles are narrower than those at hand.
  for (const std::uint64_t size : {3, 256, 600, 999}) check_cached_inclusion(both, nodes, size - 1, size);
}

TEST(NodeCache, ReadsWhatItHasNotKept) {
  Both both;
  both.grow_to(66'000);
  NodeCache nodes(both.log, 1024);
  ASSERT_NO_FATAL_FAILURE(check_cached_inclusion(both, nodes, 300, 66'000));
  both.log.reads = 0;
  ASSERT_NO_FATAL_FAILURE(check_cached_inclusion(both, nodes, 301, 66'000));
  EXPECT_EQ(both.log.reads, 0U);
  ASSERT_NO_FATAL_FAILURE(check_cached_inclusion(both, nodes, 60'000, 66'000));
  EXPECT_EQ(both.log.reads, 1U);
}

TEST(NodeCache, FailsOnATileOfAnotherLength) {
  ShortTiles tiles;
  NodeCache nodes(tiles, 16);
  EXPECT_EQ(inclusion_proof(nodes, {0}, {9}).error().code(), Errc::kCorrupt);
  EXPECT_EQ(consistency_proof(nodes, {4}, {9}).error().code(), Errc::kCorrupt);
}

TEST(Frontier, GoesOnAfterLoadingAsIfNeverStopped) {
  Both both;
  both.grow_to(1'000);
  for (const std::uint64_t size : {0, 1, 255, 256, 257, 511, 512, 999, 1'000}) {
    Frontier frontier = *Frontier::load(both.log, {size});
    std::map<unsigned, Bytes> appended;
    for (std::uint64_t i = size; i < 1'000; ++i) {
      frontier.append(both.reference.mth(i, i + 1),
                      [&](unsigned level, const Hash& hash) { redoubt::append(appended[level], hash); });
    }
    ASSERT_EQ(frontier, both.log.frontier()) << size;
    for (const auto& [level, bytes] : appended) {
      const Bytes expected(
          both.log.level(level).begin() + static_cast<std::ptrdiff_t>(level_hashes(level, {size}) * kHashSize),
          both.log.level(level).end());
      ASSERT_EQ(bytes, expected) << "from " << size << ", level " << level;
    }
  }
}

TEST(Frontier, GivesEachTileLevelTheRootsOfItsSubtrees) {
  Both both;
  both.grow_to(66'000);
  ASSERT_EQ(both.log.level(0).size(), 66'000 * kHashSize);
  ASSERT_EQ(both.log.level(1).size(), 257 * kHashSize);
  ASSERT_EQ(both.log.level(2).size(), 1 * kHashSize);
  for (std::uint64_t i = 0; i < 257; ++i) {
    const Hash expected = both.reference.mth(i * 256, (i + 1) * 256);
    ASSERT_EQ(test::to_hash(ByteView(both.log.level(1)).subspan(i * kHashSize, kHashSize)), expected);
  }
  EXPECT_EQ(test::to_hash(both.log.level(2)), both.reference.mth(0, 65'536));
}

}  // namespace
}  // namespace redoubt::tlog
