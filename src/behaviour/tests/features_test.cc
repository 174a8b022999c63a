#include "behaviour/features.h"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "behaviour/internal/bit_majority.h"

namespace redoubt::behaviour {
namespace {

crypto::Secret secret(char c) {
  return crypto::Secret::copy_of(as_bytes(std::string(32, c)));
}

FeatureKey::Text text_of(const FeatureKey& key, std::string_view text) {
  return key.text({&text, 1});
}

std::string words(std::mt19937& random, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "w" + std::to_string(random() % 5000) + " ";
  return out;
}

TEST(Features, AddressesOfOneNetworkAreOne) {
  const FeatureKey key(secret('a'));
  const auto prefix = key.address_prefix("192.0.2.7");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(key.address_prefix("192.0.2.200"), prefix);
  EXPECT_EQ(key.address_prefix("::ffff:192.0.2.9"), prefix);
  EXPECT_NE(key.address_prefix("192.0.3.7"), prefix);
  EXPECT_EQ(key.address_prefix("2001:db8:1::1"), key.address_prefix("2001:db8:1:ffff::2"));
  EXPECT_NE(key.address_prefix("2001:db8:1::1"), key.address_prefix("2001:db8:2::1"));
  EXPECT_NE(FeatureKey(secret('b')).address_prefix("192.0.2.7"), prefix);
  for (const char* bad :
       {"", "192.0.2", "host", "192.0.2.7:80", "[::1]", "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4"}) {
    EXPECT_FALSE(key.address_prefix(bad)) << bad;
  }
}

TEST(Features, SameWordsHaveTheSameFingerprint) {
  const FeatureKey key(secret('a'));
  const auto one = text_of(key, "Ignore the Noise, please!");
  EXPECT_EQ(text_of(key, "ignore   the noise please").fingerprint, one.fingerprint);
  EXPECT_EQ(text_of(key, "ignore   the noise please").sketch, one.sketch);
  EXPECT_NE(text_of(key, "the noise ignore please").fingerprint, one.fingerprint);
  EXPECT_EQ(one.words, 4U);
  EXPECT_EQ(text_of(key, " .,;").words, 0U);
  // Texts one after the other are one.
  const std::string_view parts[] = {"ignore the", "noise please"};
  EXPECT_EQ(key.text(parts).fingerprint, one.fingerprint);
}

TEST(Features, AreTheSameInEveryVersion) {
  const FeatureKey key(secret('a'));
  std::mt19937 random(7);
  std::string longest;
  while (longest.size() < kSketchTextMax) longest += words(random, 100);
  EXPECT_EQ(text_of(key, "once").sketch, 0x1290a24000103340);
  EXPECT_EQ(text_of(key, "once more").sketch, 0x250aa0c40d02240);
  EXPECT_EQ(text_of(key, "\xe5\x9b\x9b\xe5\xad\x97 or so").sketch, 0x969ac1f0880bfb0c);
  EXPECT_EQ(text_of(key, longest.substr(0, 1000)).sketch, 0x73494f018682fb6e);
  EXPECT_EQ(text_of(key, longest).sketch, 0x2efc4501a3241ecf);
  EXPECT_EQ(text_of(key, longest).fingerprint, 0x3ffa8ccabb2f57b6);
  EXPECT_EQ(text_of(key, longest).words, 11345U);
}

TEST(Features, MajorityIsThatOfCounting) {
  std::mt19937_64 random(11);
  for (std::size_t size = 1; size < 3000; size += 1 + size / 8) {
    BitMajority together;
    std::array<std::size_t, 64> counts{};
    for (std::size_t i = 0; i < size; ++i) {
      // Some bits are set seldom, some nearly always, and some just half of the time.
      const std::uint64_t word = (random() & random() & 0xffff) | (random() | 0xffff'0000'0000'0000) | (i % 2) << 20;
      together.add(word);
      for (std::size_t bit = 0; bit < 64; ++bit) counts[bit] += word >> bit & 1;
    }
    std::uint64_t wanted = 0;
    for (std::size_t bit = 0; bit < 64; ++bit) wanted |= std::uint64_t{2 * counts[bit] > size} << bit;
    ASSERT_EQ(together.majority(), wanted) << size;
  }
}

TEST(Features, TwoWordsAtOnceAreOneAfterTheOther) {
  std::mt19937_64 random(12);
  for (std::size_t size = 1; size < 500; ++size) {
    BitMajority one_by_one;
    BitMajority in_pairs;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t first = random();
      const std::uint64_t second = random();
      one_by_one.add(first);
      one_by_one.add(second);
      in_pairs.add(first, second);
      if (i % 7 != 3) continue;  // from here on, or until the next, the pairs begin with an odd number before them
      one_by_one.add(second);
      in_pairs.add(second);
    }
    ASSERT_EQ(in_pairs.majority(), one_by_one.majority()) << size;
  }
}

// What makes words, in any bytes: each text is taken apart here the slow way, and put together as plain words.
TEST(Features, WordsAreTheSameHoweverTheyAreSeparated) {
  const FeatureKey key(secret('a'));
  std::mt19937 random(13);
  const std::string_view bytes = "aB7\x80\xbf\xc3\xe5\xff .-\n";
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (std::size_t size = random() % 30; text.size() < size;) text += bytes[random() % bytes.size()];
    std::string plain;
    std::uint32_t count = 0;
    bool in_word = false;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool belongs = byte >= 0x80 || std::isalnum(byte) != 0;
      if (belongs && (!in_word || byte >= 0xc0)) {
        plain += " ";
        ++count;
      }
      if (belongs) plain += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
      in_word = belongs;
    }
    const auto got = text_of(key, text);
    const auto wanted = text_of(key, plain);
    ASSERT_EQ(got.words, count) << i;
    ASSERT_EQ(got.sketch, wanted.sketch) << i;
    ASSERT_EQ(got.fingerprint, wanted.fingerprint) << i;
  }
}

TEST(Features, LikeTextsAreNearAndOthersFar) {
  const FeatureKey key(secret('a'));
  std::mt19937 random(5);
  int farthest_like = 0;
  int nearest_other = 64;
  std::uint64_t last = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = words(random, 100);
    const std::uint64_t sketch = text_of(key, text).sketch;
    std::string like = text;
    like.replace(like.find(' ', 200) + 1, 3, "new");
    farthest_like = std::max(farthest_like, sketch_distance(sketch, text_of(key, like).sketch));
    if (i > 0) nearest_other = std::min(nearest_other, sketch_distance(sketch, last));
    last = sketch;
  }
  EXPECT_LE(farthest_like, 12);
  EXPECT_GE(nearest_other, 16);
}

TEST(Features, SketchesOfDifferentKeysCannotBeCompared) {
  const FeatureKey one(secret('a'));
  const FeatureKey other(secret('b'));
  std::mt19937 random(6);
  int nearest = 64;
  double sum = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = words(random, 80);
    const int distance = sketch_distance(text_of(one, text).sketch, text_of(other, text).sketch);
    nearest = std::min(nearest, distance);
    sum += distance;
  }
  EXPECT_GE(nearest, 14);
  EXPECT_NEAR(sum / 300, 32, 1);
}

TEST(Features, TensorsThatAreNearStayNear) {
  const FeatureKey key(secret('a'));
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> a(5000);
  for (float& value : a) value = normal(random);
  std::vector<float> b = a;
  for (float& value : b) value += 0.01F * normal(random);
  std::vector<float> c(5000);
  for (float& value : c) value = normal(random);
  const auto distance = [](const TensorSummary& x, const TensorSummary& y) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      sum += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
    return std::sqrt(sum);
  };
  const double near = distance(key.tensor(a), key.tensor(b));
  const double far = distance(key.tensor(a), key.tensor(c));
  // True distances are about 0.7 and 100.
  EXPECT_NEAR(near, 0.7, 0.35);
  EXPECT_NEAR(far, 100, 50);
  const std::vector<float> odd = {NAN, INFINITY, 1};
  for (const float part : key.tensor(odd)) EXPECT_TRUE(std::isfinite(part));
}

Features full() {
  Features out;
  out.address_prefix = 1;
  out.claimed = 2;
  out.request_size = 3;
  out.sketch = 4;
  out.fingerprint = 5;
  out.words = 6;
  out.latency_ms = 7;
  out.tensor = TensorSummary{1.5F, -2};
  return out;
}

TEST(Features, WhatIsWrittenIsRead) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    Features features = full();
    if ((bits & 1) == 0) features.address_prefix.reset();
    if ((bits & 2) == 0) features.claimed.reset();
    if ((bits & 4) == 0) features.request_size.reset();
    if ((bits & 8) == 0) features.sketch.reset();
    if ((bits & 16) == 0) features.fingerprint.reset();
    if ((bits & 32) == 0) features.words.reset();
    if ((bits & 64) == 0) features.latency_ms.reset();
    if ((bits & 128) == 0) features.tensor.reset();
    const Bytes bytes = encode_features(features);
    EXPECT_LE(bytes.size(), kFeaturesSizeMax);
    const auto read = decode_features(bytes);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, features);
  }
}

TEST(Features, RefusesEveryOtherForm) {
  const Bytes good = encode_features(full());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_features(ByteView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_features(longer));
  Bytes version = good;
  version[2] = std::byte{2};
  EXPECT_EQ(decode_features(version).error().code(), Errc::kUnsupported);
  Bytes unknown = good;
  unknown[4] = std::byte{1};
  EXPECT_EQ(decode_features(unknown).error().code(), Errc::kMalformed);
  Bytes infinite = good;
  for (std::size_t i = infinite.size() - 4; i < infinite.size(); ++i) infinite[i] = std::byte{0xff};
  EXPECT_EQ(decode_features(infinite).error().code(), Errc::kMalformed);
}

TEST(Features, OfARequest) {
  const FeatureKey key(secret('a'));
  const std::string_view texts[] = {"what is the dose", "of paracetamol"};
  const Features features =
      features_of(key, {.peer_address = "192.0.2.7", .claimed_credential = "k1", .request_size = 700, .texts = texts});
  EXPECT_TRUE(features.address_prefix && features.claimed && features.sketch && features.fingerprint);
  EXPECT_EQ(features.words, 6U);
  EXPECT_EQ(features.request_size, 700U);
  EXPECT_FALSE(features.tensor || features.latency_ms);
  EXPECT_EQ(features_of(key, {}), Features());
}

}  // namespace
}  // namespace redoubt::behaviour
