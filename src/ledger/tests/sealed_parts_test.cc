#include "ledger/sealed_parts.h"

#include <gtest/gtest.h>

namespace redoubt::ledger {
namespace {

Bytes stored(std::string_view features, std::string_view opening) {
  Bytes out(features_part_size(features.size()) + opening.size());
  const MutableByteView rest = store_features(as_bytes(features), out);
  EXPECT_EQ(rest.size(), opening.size());
  std::ranges::copy(as_bytes(opening), rest.begin());
  return out;
}

TEST(SealedParts, AreWhatWasStored) {
  for (const std::string& features : {std::string(), std::string("f"), std::string(kMaxSealedFeatures, 'f')}) {
    for (const std::string_view opening : {"", "\x01opening"}) {
      const Bytes sealed = stored(features, opening);
      const auto parts = split_sealed(sealed);
      ASSERT_TRUE(parts);
      EXPECT_EQ(as_chars(parts->features), features);
      EXPECT_EQ(as_chars(parts->opening), opening);
    }
  }
}

TEST(SealedParts, WithoutFeaturesAreTheOpeningAlone) {
  EXPECT_EQ(as_chars(stored("", "\x01opening")), "\x01opening");
}

TEST(SealedParts, ThatEndTooEarlyAreRefused) {
  const Bytes sealed = stored("features", "");
  for (std::size_t size = 1; size < sealed.size(); ++size) {
    const auto parts = split_sealed(ByteView(sealed).first(size));
    ASSERT_FALSE(parts) << size;
    EXPECT_EQ(parts.error().code(), Errc::kMalformed);
  }
  EXPECT_FALSE(split_sealed(as_bytes(std::string_view("\x02\0opening", 9)))) << "no features are none of version 2";
}

}  // namespace
}  // namespace redoubt::ledger
