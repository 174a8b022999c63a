#include "state/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace redoubt::state {
namespace {

using Map = PersistentMap<int>;

std::shared_ptr<const int> value(int number) {
  return std::make_shared<const int>(number);
}

std::map<std::string, int> contents(const Map& map) {
  std::map<std::string, int> out;
  map.for_each([&](std::string_view key, int number) {
    EXPECT_TRUE(out.emplace(key, number).second) << "`" << key << "` came twice";
  });
  EXPECT_EQ(out.size(), map.size());
  return out;
}

TEST(PersistentMap, HoldsWhatWasSet) {
  Map map;
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_EQ(map.size(), 0U);
  map.set("a", value(1));
  map.set("", value(2));
  map.set("a", value(3));
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(*map.find("a"), 3);
  EXPECT_EQ(*map.find(""), 2);
  EXPECT_EQ(map.find("b"), nullptr);
  map.erase("b");
  map.erase("a");
  EXPECT_EQ(map.size(), 1U);
  EXPECT_EQ(map.find("a"), nullptr);
}

TEST(PersistentMap, TakesInWhatAnotherHas) {
  // Leaves and branches, in both places; with keys in common, and with none.
  for (const int ours : {0, 1, 20, 40, 1000, 5000}) {
    for (const int theirs : {0, 1, 20, 40, 1000, 5000}) {
      for (const int from : {0, 10, 10'000}) {
        SCOPED_TRACE(std::to_string(ours) + " and " + std::to_string(theirs) + " from " + std::to_string(from));
        Map map;
        Map other;
        std::map<std::string, int> expected;
        for (int i = 0; i < ours; ++i) {
          map.set("key" + std::to_string(i), value(i));
          expected["key" + std::to_string(i)] = i;
        }
        for (int i = from; i < from + theirs; ++i) {
          other.set("key" + std::to_string(i), value(-i));
          expected["key" + std::to_string(i)] = -i;
        }
        const Map before = map;
        const Map other_before = other;
        const auto were = contents(before);
        const auto others_were = contents(other_before);
        map.take_in(std::move(other));
        EXPECT_EQ(contents(map), expected);
        EXPECT_EQ(contents(before), were);
        EXPECT_EQ(contents(other_before), others_were);
        for (const auto& [key, number] : expected) ASSERT_EQ(*map.find(key), number);
        map.set("one more", value(1));
        map.erase("key0");
        EXPECT_EQ(map.find("key0"), nullptr);
      }
    }
  }
}

TEST(PersistentMap, SidesHaveAboutHalfOfTheKeysEach) {
  int low = 0;
  for (int i = 0; i < 10'000; ++i) {
    const unsigned side = Map::side("key" + std::to_string(i));
    ASSERT_LT(side, 2U);
    if (side == 0) ++low;
  }
  EXPECT_GT(low, 4500);
  EXPECT_LT(low, 5500);
}

TEST(PersistentMap, CopiesStayAsTheyWere) {
  Map first;
  for (int i = 0; i < 1000; ++i) first.set("key" + std::to_string(i), value(i));
  const Map before = first;
  const Map with = first.with("key7", value(-7)).with("new", value(1));
  const Map without = first.without("key7");
  first.set("key8", value(-8));
  EXPECT_EQ(*before.find("key7"), 7);
  EXPECT_EQ(*before.find("key8"), 8);
  EXPECT_EQ(before.size(), 1000U);
  EXPECT_EQ(*with.find("key7"), -7);
  EXPECT_EQ(with.size(), 1001U);
  EXPECT_EQ(without.find("key7"), nullptr);
  EXPECT_EQ(without.size(), 999U);
  EXPECT_EQ(*first.find("key8"), -8);
}

TEST(PersistentMap, SharesItsValues) {
  Map map;
  const auto shared = value(1);
  map.set("a", shared);
  const Map copy = map;
  EXPECT_EQ(map.share("a"), shared);
  EXPECT_EQ(copy.find("a"), shared.get());
  EXPECT_EQ(map.share("b"), nullptr);
}

TEST(PersistentMap, AValueLivesAsLongAsAMapHasIt) {
  std::weak_ptr<const int> watched;
  Map copy;
  {
    Map map;
    auto shared = value(1);
    watched = shared;
    map.set("a", std::move(shared));
    copy = map;
  }
  EXPECT_FALSE(watched.expired());
  copy.erase("a");
  EXPECT_TRUE(watched.expired());
}

TEST(PersistentMap, IsAnOrdinaryMapWithCopies) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  // Versions, each with the ordinary map that it must equal; changed from any of them.
  std::vector<std::pair<Map, std::map<std::string, int>>> versions(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t from = random() % versions.size();
    auto& [map, ordinary] = versions[from];
    const std::string key = "key" + std::to_string(random() % 3000);
    const int number = static_cast<int>(random() % 1000);
    switch (random() % 8) {
      case 0:
        map.erase(key);
        ordinary.erase(key);
        break;
      case 1:
        if (versions.size() < 12) versions.push_back(versions[from]);
        break;
      case 2:
        if (versions.size() > 3) versions.erase(versions.begin() + static_cast<std::ptrdiff_t>(from));
        break;
      default:
        map.set(key, value(number));
        ordinary[key] = number;
    }
  }
  for (const auto& [map, ordinary] : versions) {
    EXPECT_EQ(contents(map), ordinary);
    for (int i = 0; i < 3000; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto found = ordinary.find(key);
      ASSERT_EQ(map.find(key) != nullptr, found != ordinary.end()) << key;
      if (found != ordinary.end()) ASSERT_EQ(*map.find(key), found->second) << key;
    }
  }
  // And emptied again.
  for (auto& [map, ordinary] : versions) {
    for (const auto& [key, number] : ordinary) map.erase(key);
    EXPECT_EQ(map.size(), 0U);
    EXPECT_EQ(contents(map), (std::map<std::string, int>{}));
  }
}

// Keys chosen to have the same hash share a leaf that is larger than others, and are told apart all the same. (The hash
// cannot be chosen here, so the map is told a poor one.)
TEST(PersistentMap, KeysWithTheSameHashAreToldApart) {
  struct Poor {
    std::uint64_t operator()(std::string_view) const { return 0x123456789abcdef0; }
  };
  PersistentMap<int, Poor> map;
  for (int i = 0; i < 200; ++i) map.set("key" + std::to_string(i), value(i));
  EXPECT_EQ(map.size(), 200U);
  for (int i = 0; i < 200; i += 2) map.erase("key" + std::to_string(i));
  EXPECT_EQ(map.size(), 100U);
  for (int i = 0; i < 200; ++i) {
    const int* found = map.find("key" + std::to_string(i));
    ASSERT_EQ(found != nullptr, i % 2 != 0) << i;
    if (found != nullptr) EXPECT_EQ(*found, i);
  }
}

TEST(PersistentMap, OthersReadTheirCopiesWhileOneIsChanged) {
  Map map;
  for (int i = 0; i < 10'000; ++i) map.set("key" + std::to_string(i), value(i));
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([copy = map] {
      for (int round = 0; round < 20; ++round) {
        const Map mine = copy;
        for (int i = 0; i < 10'000; i += 7) ASSERT_EQ(*mine.find("key" + std::to_string(i)), i);
      }
    });
  }
  for (int i = 0; i < 10'000; ++i) map.set("key" + std::to_string(i), value(-i));
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(*map.find("key77"), -77);
}

}  // namespace
}  // namespace redoubt::state
