#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include "crypto/tests/vector_file.h"

namespace redoubt::crypto {
namespace {

TEST(HmacSha256, AgreesWithRfc4231) {
  for (VectorCase& vector : read_vectors("hmac_sha256.txt")) {
    const Bytes key = vector.bytes("key");
    const Bytes data = vector.bytes("data");
    const Bytes tag = vector.bytes("tag");
    const Sha256Digest ours = hmac_sha256(key, {data});
    ASSERT_GE(tag.size(), 16u);
    EXPECT_EQ(to_bytes(ByteView(ours).first(tag.size())), tag) << vector.place();
    EXPECT_EQ(hmac_sha256(key, {ByteView(data).first(1), ByteView(data).subspan(1)}), ours) << "parts are concatenated";
  }
}

TEST(HmacSha256, DependsOnEveryBitOfKeyAndData) {
  const Bytes key = to_bytes(as_bytes("a key of 32 bytes, more or less."));
  const Bytes data = to_bytes(as_bytes("data"));
  const Sha256Digest tag = hmac_sha256(key, {data});
  for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
    EXPECT_NE(hmac_sha256(with_flipped_bit(key, bit), {data}), tag);
  }
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    EXPECT_NE(hmac_sha256(key, {with_flipped_bit(data, bit)}), tag);
  }
  EXPECT_NE(hmac_sha256(key, {ByteView(data).first(3)}), tag);
}

TEST(HmacSha256, KeysAroundTheBlockSizeDiffer) {
  const std::string letters(66, 'k');
  std::set<Sha256Digest> tags;
  for (const std::size_t size : {0u, 1u, 32u, 63u, 64u, 65u, 66u}) {
    tags.insert(hmac_sha256(as_bytes(letters).first(size), {as_bytes("data")}));
  }
  EXPECT_EQ(tags.size(), 7u);
}

TEST(HkdfSha256, AgreesWithRfc5869) {
  for (VectorCase& vector : read_vectors("hkdf_sha256.txt")) {
    const Bytes ikm = vector.bytes("ikm");
    const Bytes salt = vector.bytes("salt");
    const Bytes info = vector.bytes("info");
    const Bytes okm = vector.bytes("okm");
    const Secret prk = hkdf_extract(salt, ikm);
    EXPECT_EQ(to_bytes(prk.reveal()), vector.bytes("prk")) << vector.place();
    EXPECT_EQ(to_bytes(hkdf_expand(prk, info, okm.size()).reveal()), okm) << vector.place();
    EXPECT_EQ(to_bytes(hkdf(salt, ikm, info, okm.size()).reveal()), okm) << vector.place();
  }
}

TEST(HkdfSha256, ShorterOutputIsAPrefixOfLonger) {
  const Secret prk = hkdf_extract(as_bytes("salt"), as_bytes("ikm"));
  const Secret longest = hkdf_expand(prk, as_bytes("info"), 255 * 32);
  EXPECT_EQ(longest.size(), 8160u);
  for (const std::size_t size : {0u, 1u, 31u, 32u, 33u, 64u, 8159u}) {
    const Secret part = hkdf_expand(prk, as_bytes("info"), size);
    EXPECT_EQ(to_bytes(part.reveal()), to_bytes(longest.reveal().first(size))) << size;
  }
}

TEST(HkdfSha256, SaltAndInfoSeparateKeys) {
  const auto key = [](std::string_view salt, std::string_view info) {
    return to_bytes(hkdf(as_bytes(salt), as_bytes("ikm"), as_bytes(info), 32).reveal());
  };
  EXPECT_NE(key("a", "x"), key("b", "x"));
  EXPECT_NE(key("a", "x"), key("a", "y"));
  EXPECT_EQ(key("", "x"), key(std::string(32, '\0'), "x")) << "no salt is a salt of zeros (RFC 5869 §2.2)";
}

TEST(HkdfSha256DeathTest, MoreThan255BlocksStopTheProgram) {
  const Secret prk = hkdf_extract({}, as_bytes("ikm"));
  EXPECT_DEATH(hkdf_expand(prk, {}, 255 * 32 + 1), "255");
}

}  // namespace
}  // namespace redoubt::crypto
