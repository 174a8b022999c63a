#include "encoding/gunzip.h"

#include <gtest/gtest.h>

#include <string>

#include "encoding/base64.h"

namespace redoubt::encoding {
namespace {

// printf '%s' 'to be seen' | gzip -n
Bytes compressed() {
  return *hex_decode("1f8b08000000000000032bc957484a55284e4dcd0300925843660a000000");
}

TEST(Gunzip, GivesTheContentUpToTheLimit) {
  const auto content = gunzip(compressed(), 10);
  ASSERT_TRUE(content) << content.error().message();
  EXPECT_EQ(as_chars(*content), "to be seen");
  EXPECT_EQ(gunzip(compressed(), 9).error().code(), Errc::kTooLarge);
}

TEST(Gunzip, RefusesEveryTruncation) {
  const Bytes whole = compressed();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto content = gunzip(ByteView(whole).first(size), 100);
    ASSERT_FALSE(content) << size;
    EXPECT_EQ(content.error().code(), Errc::kMalformed);
  }
}

TEST(Gunzip, RefusesWhatFollows) {
  Bytes more = compressed();
  more.push_back(std::byte{0});
  EXPECT_EQ(gunzip(more, 100).error().code(), Errc::kMalformed);
  Bytes twice = compressed();
  append(twice, compressed());
  EXPECT_EQ(gunzip(twice, 100).error().code(), Errc::kMalformed);
}

TEST(Gunzip, RefusesWhatDoesNotHaveItsChecksum) {
  Bytes changed = compressed();
  changed[changed.size() - 8] ^= std::byte{1};
  EXPECT_EQ(gunzip(changed, 100).error().code(), Errc::kMalformed);
}

TEST(Gunzip, ReadsNothingElse) {
  EXPECT_EQ(gunzip(as_bytes("entries"), 100).error().code(), Errc::kMalformed);
}

}  // namespace
}  // namespace redoubt::encoding
