#include "attest/internal/byte_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace redoubt::attest {
namespace {

int found(ByteCache<int>& cache, std::string_view key) {
  const int* value = cache.find(as_bytes(key));
  return value == nullptr ? -1 : *value;
}

TEST(ByteCache, FindsTheVeryBytesAndNoOthers) {
  ByteCache<int> cache(8);
  cache.put(as_bytes("certificate"), 1);
  cache.put(as_bytes("certificatf"), 2);
  cache.put(as_bytes(""), 3);
  EXPECT_EQ(found(cache, "certificate"), 1);
  EXPECT_EQ(found(cache, "certificatf"), 2);
  EXPECT_EQ(found(cache, ""), 3);
  for (const char* other : {"certificat", "certificate ", "certificatd", "dertificate", "Certificate"}) {
    EXPECT_EQ(found(cache, other), -1) << other;
  }
}

TEST(ByteCache, KeepsItsOwnCopyOfTheBytes) {
  ByteCache<int> cache(2);
  std::string key = "before";
  cache.put(as_bytes(key), 1);
  key = "behind";
  EXPECT_EQ(found(cache, "before"), 1);
  EXPECT_EQ(found(cache, key), -1);
}

TEST(ByteCache, ForgetsWhatWasUsedLongestAgo) {
  ByteCache<int> cache(3);
  for (const char* each : {"a", "b", "c"}) cache.put(as_bytes(each), each[0]);
  EXPECT_EQ(found(cache, "a"), 'a');
  cache.put(as_bytes("d"), 'd');
  EXPECT_EQ(found(cache, "b"), -1);
  for (const char* each : {"a", "c", "d"}) EXPECT_EQ(found(cache, each), each[0]);
}

TEST(ByteCache, AgreesWithASlowOne) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  constexpr std::size_t kCapacity = 5;
  ByteCache<int> cache(kCapacity);
  std::vector<std::pair<std::string, int>> slow;  // the last used first
  for (int i = 0; i < 4000; ++i) {
    const std::string key(random() % 4, static_cast<char>('a' + random() % 4));
    const auto known = std::ranges::find(slow, key, &std::pair<std::string, int>::first);
    ASSERT_EQ(found(cache, key), known == slow.end() ? -1 : known->second) << i;
    if (known != slow.end()) {
      std::rotate(slow.begin(), known, known + 1);
      continue;
    }
    cache.put(as_bytes(key), i);
    slow.insert(slow.begin(), {key, i});
    if (slow.size() > kCapacity) slow.pop_back();
  }
}

}  // namespace
}  // namespace redoubt::attest
