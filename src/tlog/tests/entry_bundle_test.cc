#include "tlog/entry_bundle.h"

#include <gtest/gtest.h>

#include <random>

namespace redoubt::tlog {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(EntryBundle, PutsABigEndianLengthBeforeEachEntry) {
  const std::vector<ByteView> entries{as_bytes("one"), {}, as_bytes("B")};
  const auto bundle = encode_entry_bundle(entries);
  ASSERT_TRUE(bundle);
  EXPECT_EQ(*bundle, bytes_of({0, 3, 'o', 'n', 'e', 0, 0, 0, 1, 'B'}));
  const Bytes long_entry(0x1234, std::byte{'x'});
  const auto longer = encode_entry_bundle(std::vector<ByteView>{long_entry});
  ASSERT_TRUE(longer);
  EXPECT_EQ((*longer)[0], std::byte{0x12});
  EXPECT_EQ((*longer)[1], std::byte{0x34});
}

TEST(EntryBundle, ReadsBackWhatItWrites) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<Bytes> entries(1 + random() % 256);
    for (Bytes& entry : entries) entry.assign(random() % 300, static_cast<std::byte>(random()));
    const std::vector<ByteView> views(entries.begin(), entries.end());
    const auto bundle = encode_entry_bundle(views);
    ASSERT_TRUE(bundle);
    const auto decoded = decode_entry_bundle(*bundle);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(to_bytes((*decoded)[i]), entries[i]);
  }
}

TEST(EntryBundle, TakesTheLargestEntryAndNoLarger) {
  Bytes bundle;
  EXPECT_TRUE(append_entry(bundle, Bytes(65'535)));
  EXPECT_EQ(bundle.size(), 65'537U);
  EXPECT_EQ(append_entry(bundle, Bytes(65'536)).error().code(), Errc::kTooLarge);
  EXPECT_EQ(bundle.size(), 65'537U);
  const auto decoded = decode_entry_bundle(bundle);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->front().size(), 65'535U);
}

TEST(EntryBundle, RefusesMoreThan256Entries) {
  const Bytes full(2 * 256);  // empty entries
  EXPECT_EQ(decode_entry_bundle(full)->size(), 256U);
  const Bytes more(2 * 257);
  EXPECT_EQ(decode_entry_bundle(more).error().code(), Errc::kTooLarge);
  EXPECT_EQ(encode_entry_bundle(std::vector<ByteView>(257)).error().code(), Errc::kTooLarge);
}

TEST(EntryBundle, RefusesEveryTruncation) {
  const auto bundle = *encode_entry_bundle(std::vector<ByteView>{as_bytes("one"), as_bytes("two")});
  for (std::size_t size = 0; size < bundle.size(); ++size) {
    if (size == 5) continue;  // exactly the first entry
    EXPECT_EQ(decode_entry_bundle(ByteView(bundle).first(size)).error().code(), Errc::kMalformed) << size;
  }
  EXPECT_EQ(decode_entry_bundle(ByteView(bundle).first(5))->size(), 1U);
  EXPECT_FALSE(decode_entry_bundle(bytes_of({0, 1, 'x', 0})));
  EXPECT_FALSE(decode_entry_bundle(bytes_of({0xff, 0xff, 'x'})));
}

}  // namespace
}  // namespace redoubt::tlog
