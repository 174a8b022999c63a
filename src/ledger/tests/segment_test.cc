#include "ledger/segment.h"

#include <gtest/gtest.h>

#include "encoding/base64.h"
#include "ledger/internal/crc32c.h"

namespace redoubt::ledger {
namespace {

// RFC 3720 appendix B.4, as numbers; there the bytes are listed in the order of transmission.
TEST(Crc32c, GivesTheValuesOfRfc3720) {
  Bytes bytes(32);
  EXPECT_EQ(internal::crc32c(0, bytes), 0x8a9136aaU);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
  EXPECT_EQ(internal::crc32c(0, bytes), 0x62a8ab43U);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(internal::crc32c(0, bytes), 0x46dd794eU);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
  EXPECT_EQ(internal::crc32c(0, bytes), 0x113fdb5cU);
  EXPECT_EQ(internal::crc32c(0, as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(internal::crc32c(internal::crc32c(0, as_bytes("12345")), as_bytes("6789")), 0xe3069283U);
  EXPECT_EQ(internal::crc32c(0, {}), 0U);
}

TEST(SegmentName, HasTenDigits) {
  EXPECT_EQ(segment_name(0), "0000000000.seg");
  EXPECT_EQ(segment_name(UINT32_MAX), "4294967295.seg");
  EXPECT_EQ(parse_segment_name("0000012345.seg"), 12345U);
  for (const char* name : {"", ".seg", "0.seg", "00000000000.seg", "4294967296.seg", "000000000a.seg", "-000000001.seg",
                           "0000000000.tmp"}) {
    EXPECT_FALSE(parse_segment_name(name)) << name;
  }
}

TEST(SegmentHeader, RefusesAnyAlteredByte) {
  std::array<std::byte, kSegmentHeaderSize> bytes;
  SegmentHeader header{.number = 0x11121314, .first = 0x0102030405060708, .salt = {}};
  header.salt.fill(std::byte{9});
  store_segment_header(bytes, header);
  const auto loaded = load_segment_header(bytes);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->number, header.number);
  EXPECT_EQ(loaded->first, header.first);
  EXPECT_EQ(loaded->salt, header.salt);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{1};
    EXPECT_FALSE(load_segment_header(bytes)) << i;
    bytes[i] ^= std::byte{1};
  }
  EXPECT_FALSE(load_segment_header(ByteView(bytes).first(63)));
}

// The bytes that docs/formats/segment.md lists for its example.
TEST(SegmentFormat, IsWhatItsDocumentSays) {
  SegmentHeader header{.number = 2, .first = 5, .salt = {}};
  header.salt.fill(std::byte{0xa5});
  std::array<std::byte, kSegmentHeaderSize> segment;
  store_segment_header(segment, header);
  EXPECT_EQ(encoding::hex(ByteView(segment).first(40)),
            "5244545345473032"
            "0500000000000000"
            "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
            "0200000000000000");
  EXPECT_EQ(load_le<std::uint32_t>(ByteView(segment).subspan(60)), internal::crc32c(0, ByteView(segment).first(60)));

  Bytes payload(kEntryHeaderSize);
  EntryHeader entry{.kind = EntryKind::kOutcome,
                    .log = 1,
                    .admission_index = 3,
                    .leaf_size = 2,
                    .opening_size = 1,
                    .index = 4,
                    .stored_bytes = 320};
  entry.exchange.fill(std::byte{0xee});
  store_entry_header(payload, entry);
  EXPECT_EQ(encoding::hex(payload),
            "02000000"
            "01000000"
            "02"
            "000000"
            "01000000"
            "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
            "0300000000000000"
            "0400000000000000"
            "4001000000000000");
  append(payload, as_bytes("{}x"));
  std::array<std::byte, kCommitHeaderSize> commit;
  store_commit_header(
      commit, header.salt,
      {.first = 5, .entry_count = 1, .payload_size = 59, .oldest_open = 6, .oldest_uncovered = 3, .time_ms = 1000},
      payload);
  EXPECT_EQ(encoding::hex(ByteView(commit).first(4)), "52434d54");
  EXPECT_EQ(encoding::hex(ByteView(commit).subspan(8)),
            "0500000000000000"
            "01000000"
            "3b000000"
            "0600000000000000"
            "0300000000000000"
            "e803000000000000");
  Bytes covered = to_bytes(header.salt);
  append(covered, ByteView(commit).subspan(8));
  append(covered, payload);
  EXPECT_EQ(load_le<std::uint32_t>(ByteView(commit).subspan(4)), internal::crc32c(0, covered));
}

TEST(EntryHeader, RefusesWhatNoWriterStores) {
  std::array<std::byte, kEntryHeaderSize> bytes;
  const auto stored = [&](const EntryHeader& header) {
    store_entry_header(bytes, header);
    return load_entry_header(bytes).has_value();
  };
  EXPECT_TRUE(stored({.leaf_size = kMaxLeafBytes, .opening_size = kMaxOpeningBytes}));
  EXPECT_FALSE(stored({.leaf_size = kMaxLeafBytes + 1}));
  EXPECT_FALSE(stored({.opening_size = kMaxOpeningBytes + 1}));
  EXPECT_TRUE(stored({.kind = EntryKind::kFact}));
  EXPECT_FALSE(stored({.kind = static_cast<EntryKind>(4)}));
  EXPECT_TRUE(stored({.kind = EntryKind::kOutcome, .admission_index = UINT64_MAX}));
  for (std::size_t i = 9; i < 12; ++i) {
    store_entry_header(bytes, {});
    bytes[i] = std::byte{1};
    EXPECT_FALSE(load_entry_header(bytes)) << i;
  }
}

TEST(OpeningContext, DiffersByExchangeAndKind) {
  ExchangeId a{};
  ExchangeId b{};
  b[15] = std::byte{1};
  EXPECT_NE(opening_context(a, EntryKind::kAdmission), opening_context(b, EntryKind::kAdmission));
  EXPECT_NE(opening_context(a, EntryKind::kAdmission), opening_context(a, EntryKind::kOutcome));
  for (const EntryKind other : {EntryKind::kStandalone, EntryKind::kAdmission, EntryKind::kOutcome}) {
    EXPECT_NE(opening_context(a, EntryKind::kFact), opening_context(a, other));
  }
}

}  // namespace
}  // namespace redoubt::ledger
