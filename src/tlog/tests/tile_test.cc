#include "tlog/tile.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace redoubt::tlog {
namespace {

// Examples of C2SP tlog-tiles, Merkle Tree.
TEST(TilePath, FollowsTheStandardsExamples) {
  EXPECT_EQ(tile_path({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({0, 1067, 8}), "tile/0/x001/067.p/8");
  EXPECT_EQ(tile_path({63, 0, 255}), "tile/63/000.p/255");
  EXPECT_EQ(tile_path({1, 999, 1}), "tile/1/999.p/1");
  EXPECT_EQ(tile_path({1, 1000, 256}), "tile/1/x001/000");
  EXPECT_EQ(bundle_path(1234067, 256), "tile/entries/x001/x234/067");
  EXPECT_EQ(bundle_path(0, 17), "tile/entries/000.p/17");
  EXPECT_EQ(tile_path({0, UINT64_MAX, 256}), "tile/0/x018/x446/x744/x073/x709/x551/615");
}

TEST(TilePath, ReadsBackWhatItWrites) {
  std::mt19937_64 random(20240611);
  for (int i = 0; i < 20'000; ++i) {
    const TileId id{static_cast<unsigned>(random() % 64), random() >> (random() % 64),
                    1 + static_cast<unsigned>(random() % 256)};
    const auto parsed = parse_tile_path(tile_path(id));
    ASSERT_TRUE(parsed) << tile_path(id);
    ASSERT_EQ(*parsed, id);
    const auto bundle = parse_bundle_path(bundle_path(id.index, id.width));
    ASSERT_TRUE(bundle);
    ASSERT_EQ(*bundle, (BundleId{id.index, id.width}));
  }
}

TEST(TilePath, RefusesEveryOtherSpelling) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/0/000/",
                           "/tile/0/000",
                           "tile//000",
                           "tile/00/000",
                           "tile/64/000",
                           "tile/-1/000",
                           "tile/+1/000",
                           "tile/0/x000/067",
                           "tile/0/x000/x000/000",
                           "tile/0/001/067",
                           "tile/0/x001",
                           "tile/0/x001/x067",
                           "tile/0/x01/067",
                           "tile/0/x001//067",
                           "tile/0/x001067",
                           "tile/0/X001/067",
                           "tile/0/000.p",
                           "tile/0/000.p/",
                           "tile/0/000.p/0",
                           "tile/0/000.p/01",
                           "tile/0/000.p/256",
                           "tile/0/000.p/257",
                           "tile/0/000.p/99999999999999999999999",
                           "tile/0/000.p/+8",
                           "tile/0/000.p/8/",
                           "tile/0/000.p/8.p/8",
                           "tile/0/000.P/8",
                           "tile/0/000p/8",
                           "tile/0/000 ",
                           "tile/0/0 0",
                           "tile/entries/000",
                           "tile/data/000",
                           "tile/8/0/000",
                           "Tile/0/000",
                           "tile/0/x018/x446/x744/x073/x709/x551/616",
                           "tile/0/x999/x999/x999/x999/x999/x999/999",
                           "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/001"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
  EXPECT_FALSE(parse_tile_path(std::string("tile/0/000\0", 11)));
  for (const char* path : {"tile/0/000", "tile/entries", "tile/entries/", "tile/entries/00", "tile/entries/000.p/256",
                           "tile/entries/000.p/0", "tile/entries/x000/001", "entries/000", "tile/Entries/000"}) {
    EXPECT_FALSE(parse_bundle_path(path)) << path;
  }
}

// "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one full
// level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1" (C2SP tlog-tiles,
// Partial Tiles).
TEST(TilesForSize, GivesTheStandardsTilesForSeventyThousand) {
  const auto tiles = tiles_for_size({70'000});
  ASSERT_EQ(tiles.size(), 273U + 1 + 1 + 1 + 1);
  for (std::uint64_t i = 0; i < 273; ++i) EXPECT_EQ(tiles[i], (TileId{0, i, 256}));
  EXPECT_EQ(tiles[273], (TileId{0, 273, 112}));
  EXPECT_EQ(tiles[274], (TileId{1, 0, 256}));
  EXPECT_EQ(tiles[275], (TileId{1, 1, 17}));
  EXPECT_EQ(tiles[276], (TileId{2, 0, 1}));
}

TEST(TilesForSize, HasNoEmptyTile) {
  EXPECT_TRUE(tiles_for_size({0}).empty());
  EXPECT_EQ(tiles_for_size({1}), (std::vector<TileId>{{0, 0, 1}}));
  EXPECT_EQ(tiles_for_size({255}), (std::vector<TileId>{{0, 0, 255}}));
  // "a tree of size 256 will be represented by a full level 0 tile and a partial level 1 tile of width 1".
  EXPECT_EQ(tiles_for_size({256}), (std::vector<TileId>{{0, 0, 256}, {1, 0, 1}}));
  EXPECT_EQ(tiles_for_size({65'536}).back(), (TileId{2, 0, 1}));
}

TEST(TileWidth, IsZeroWhereTheTreeHasNoTile) {
  EXPECT_EQ(tile_width(0, 0, {0}), 0U);
  EXPECT_EQ(tile_width(0, 1, {256}), 0U);
  EXPECT_EQ(tile_width(0, 2, {256}), 0U);
  EXPECT_EQ(tile_width(1, 0, {255}), 0U);
  EXPECT_EQ(tile_width(8, 0, kMaxTreeSize), 0U);
  EXPECT_EQ(tile_width(63, 0, kMaxTreeSize), 0U);
  EXPECT_EQ(tile_width(7, 0, kMaxTreeSize), 127U);
  EXPECT_EQ(tile_width(0, UINT64_MAX, kMaxTreeSize), 0U);
}

TEST(ForEachNewTile, VisitsExactlyTheDifferenceOfTwoSizes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t to = random() % 200'000;
    const std::uint64_t from = i % 3 == 0 ? to - std::min<std::uint64_t>(to, random() % 600) : random() % (to + 1);
    const auto old_tiles = tiles_for_size({from});
    const std::set<TileId> before(old_tiles.begin(), old_tiles.end());
    std::vector<TileId> expected;
    for (const TileId& id : tiles_for_size({to})) {
      if (!before.contains(id)) expected.push_back(id);
    }
    std::vector<TileId> visited;
    for_each_new_tile({from}, {to}, [&](const TileId& id) { visited.push_back(id); });
    ASSERT_EQ(visited, expected) << from << " to " << to;
  }
}

}  // namespace
}  // namespace redoubt::tlog
