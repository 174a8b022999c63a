#include "tlog/static_ct.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/sha256.h"
#include "tlog/tile.h"

namespace redoubt::tlog {
namespace {

std::string big_endian(std::uint64_t value, int size) {
  std::string out;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::string opaque(const std::string& bytes, int length_bytes) {
  return big_endian(bytes.size(), length_bytes) + bytes;
}

const std::string kIndexSeven = big_endian(0, 1) + opaque(big_endian(7, 5), 2);
const std::string kIssuer(32, 'i');

std::string x509_timestamped(const std::string& extensions = kIndexSeven) {
  return big_endian(1'746'292'399'101, 8) + big_endian(0, 2) + opaque("certificate", 3) + opaque(extensions, 2);
}
std::string x509_entry(const std::string& extensions = kIndexSeven, const std::string& chain = kIssuer) {
  return x509_timestamped(extensions) + opaque(chain, 2);
}
std::string precert_timestamped() {
  return big_endian(5, 8) + big_endian(1, 2) + std::string(32, 'k') + opaque("tbs", 3) + opaque(kIndexSeven, 2);
}
std::string precert_entry() {
  return precert_timestamped() + opaque("precertificate", 3) + opaque(kIssuer + kIssuer, 2);
}

Errc refused(const std::string& tile) {
  const auto entries = decode_data_tile(as_bytes(tile));
  EXPECT_FALSE(entries);
  return entries ? Errc::kInvalidArgument : entries.error().code();
}

TEST(DataTile, HoldsCertificatesAndPrecertificates) {
  const std::string tile = x509_entry() + precert_entry();
  const auto entries = decode_data_tile(as_bytes(tile));
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 2U);
  const StaticCtEntry& x509 = (*entries)[0];
  EXPECT_EQ(x509.timestamp_ms, 1'746'292'399'101U);
  EXPECT_EQ(as_chars(x509.certificate), "certificate");
  EXPECT_EQ(x509.leaf_index, 7U);
  EXPECT_FALSE(x509.pre_certificate);
  EXPECT_EQ(as_chars(x509.certificate_chain), kIssuer);
  const StaticCtEntry& precert = (*entries)[1];
  EXPECT_EQ(precert.timestamp_ms, 5U);
  EXPECT_EQ(as_chars(precert.certificate), "tbs");
  ASSERT_TRUE(precert.pre_certificate);
  EXPECT_EQ(as_chars(*precert.pre_certificate), "precertificate");
  EXPECT_EQ(as_chars(precert.certificate_chain), kIssuer + kIssuer);
}

// RFC 6962 §2.1 and §3.4: SHA-256(0x00 || version || leaf type || TimestampedEntry).
TEST(DataTile, LeafHashCoversTheTimestampedEntryAlone) {
  const std::string prefix(3, '\0');
  const std::string tile = x509_entry() + precert_entry();
  const auto entries = decode_data_tile(as_bytes(tile));
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0].leaf_hash(), crypto::sha256(as_bytes(prefix + x509_timestamped())));
  EXPECT_EQ((*entries)[1].leaf_hash(), crypto::sha256(as_bytes(prefix + precert_timestamped())));
}

TEST(DataTile, UnknownExtensionsAreIgnoredAndNoneIsNeeded) {
  const std::string unknown = big_endian(9, 1) + opaque("?", 2);
  for (const std::string& extensions : {unknown + kIndexSeven, kIndexSeven + unknown}) {
    const std::string tile = x509_entry(extensions);
    const auto entries = decode_data_tile(as_bytes(tile));
    ASSERT_TRUE(entries);
    EXPECT_EQ((*entries)[0].leaf_index, 7U);
  }
  const std::string tile = x509_entry("");
  EXPECT_EQ((*decode_data_tile(as_bytes(tile)))[0].leaf_index, std::nullopt);
}

TEST(DataTile, RefusesEveryTruncation) {
  for (const std::string& tile : {x509_entry(), precert_entry()}) {
    for (std::size_t size = 0; size < tile.size(); ++size) {
      EXPECT_EQ(refused(tile.substr(0, size)), Errc::kMalformed) << size;
    }
  }
}

TEST(DataTile, RefusesOtherForms) {
  EXPECT_EQ(refused(big_endian(1, 8) + big_endian(2, 2) + opaque("", 3) + opaque("", 2) + opaque("", 2)),
            Errc::kMalformed);                                                             // entry type
  EXPECT_EQ(refused(x509_entry(kIndexSeven + kIndexSeven)), Errc::kMalformed);             // repeated
  EXPECT_EQ(refused(x509_entry(big_endian(0, 1) + opaque("1234", 2))), Errc::kMalformed);  // not a uint40
  EXPECT_EQ(refused(x509_entry(kIndexSeven.substr(0, 5))), Errc::kMalformed);              // cut inside
  EXPECT_EQ(refused(x509_entry(kIndexSeven, kIssuer + "i")), Errc::kMalformed);            // no fingerprint
}

TEST(DataTile, RefusesMoreEntriesThanATileHas) {
  std::string tile;
  for (unsigned i = 0; i < kTileWidth; ++i) tile += x509_entry();
  EXPECT_EQ(decode_data_tile(as_bytes(tile))->size(), kTileWidth);
  EXPECT_EQ(refused(tile + x509_entry()), Errc::kTooLarge);
}

TEST(DataTile, RefusesWhatIsTooLarge) {
  EXPECT_EQ(refused(std::string(kMaxDataTileSize + 1, '\0')), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::tlog
