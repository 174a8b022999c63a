// Masks say of each byte what the table of classes says of it.
#include "inspect/internal/char_masks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

bool in(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

void expect_mask(const CharMask& mask, std::string_view bytes) {
  for (std::size_t i = 0; i < kMaskBytes; ++i) {
    const auto bit = [&](std::uint64_t bits) { return ((bits >> i) & 1) != 0; };
    const bool there = i < bytes.size();
    const char c = there ? bytes[i] : '\0';
    const auto shown = static_cast<int>(static_cast<unsigned char>(c));
    EXPECT_EQ(bit(mask.digit), there && is_digit(c)) << shown;
    EXPECT_EQ(bit(mask.alnum), there && is_alnum(c)) << shown;
    EXPECT_EQ(bit(mask.base64), there && is(c, kBase64)) << shown;
    EXPECT_EQ(bit(mask.separator), there && in(" -_*.", c)) << shown;
    EXPECT_EQ(bit(mask.sign), there && in("@:%\\&", c)) << shown;
  }
}

TEST(CharMasks, AgreeWithTheTableForEveryByteAtEveryPlace) {
  for (std::size_t shift = 0; shift < kMaskBytes; ++shift) {
    std::string bytes;
    for (std::size_t i = 0; i < 256 + kMaskBytes; ++i) bytes += static_cast<char>((i + shift) % 256);
    for (std::size_t at = 0; at + kMaskBytes <= bytes.size(); at += kMaskBytes) {
      expect_mask(char_mask(bytes.data() + at), std::string_view(bytes).substr(at, kMaskBytes));
    }
  }
}

TEST(CharMasks, BytesBehindTheEndAreOfNoClass) {
  const std::string text(1000, '7');
  CharMasks masks;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{130}}) {
    const std::string_view part = std::string_view(text).substr(0, size);
    masks.read(part, 0, size);
    for (std::size_t block = 0; block <= (size + kMaskBytes - 1) / kMaskBytes; ++block) {
      expect_mask(masks.at(block), part.substr(std::min(size, block * kMaskBytes), kMaskBytes));
    }
  }
}

TEST(CharMasks, EachFindsThePlacesOfAPartAndNoOthers) {
  const unsigned seed = 20261122;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  CharMasks masks;
  for (int round = 0; round < 200; ++round) {
    std::string text(random() % 400, ' ');
    for (char& c : text) c = "a7 "[random() % 3];
    const std::size_t from = random() % (text.size() + 1);
    const std::size_t to = from + random() % (text.size() - from + 1);
    masks.read(text, from, to);
    std::vector<std::size_t> found;
    masks.each(
        from, to, [](const CharMask* mask) { return mask->digit; }, [&](std::size_t at) { found.push_back(at); });
    std::vector<std::size_t> expected;
    for (std::size_t at = from; at < to; ++at) {
      if (text[at] == '7') expected.push_back(at);
    }
    EXPECT_EQ(found, expected);
  }
}

}  // namespace
}  // namespace redoubt::inspect::internal
