#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "crypto/tests/vector_file.h"

namespace redoubt::crypto {
namespace {

struct Vector {
  Secret key;
  Bytes nonce;
  Bytes aad;
  Bytes plaintext;
  Bytes sealed;
  std::string place;
};

std::vector<Vector> vectors() {
  std::vector<Vector> out;
  for (VectorCase& vector : read_vectors("aes_256_gcm.txt")) {
    Bytes sealed = vector.bytes("ciphertext");
    append(sealed, vector.bytes("tag"));
    out.push_back({Secret::copy_of(vector.bytes("key")), vector.bytes("nonce"), vector.bytes("aad"),
                   vector.bytes("plaintext"), std::move(sealed), vector.place()});
  }
  return out;
}

Bytes seal(const Vector& v) {
  Bytes out(v.plaintext.size() + Aes256Gcm::kTagSize);
  Aes256Gcm(v.key).seal(v.nonce, v.aad, v.plaintext, out);
  return out;
}

// What open makes of it. When it fails, checks that nothing of the plaintext is left behind.
Result<Bytes> open(const Secret& key, ByteView nonce, ByteView aad, ByteView sealed) {
  Bytes out(sealed.size() < Aes256Gcm::kTagSize ? 0 : sealed.size() - Aes256Gcm::kTagSize, std::byte{0xee});
  if (auto done = Aes256Gcm(key).open(nonce, aad, sealed, out); !done) {
    EXPECT_TRUE(done.error().code() != Errc::kVerifyFailed || out == Bytes(out.size())) << "zeroed";
    return done.error();
  }
  return out;
}

void expect_verify_failed(const Result<Bytes>& result, const std::string& why) {
  ASSERT_FALSE(result.has_value()) << why;
  EXPECT_EQ(result.error().code(), Errc::kVerifyFailed) << why;
}

TEST(Aes256Gcm, AgreesWithTheVectorsOfItsAuthors) {
  for (const Vector& v : vectors()) {
    EXPECT_EQ(seal(v), v.sealed) << v.place;
    const auto opened = open(v.key, v.nonce, v.aad, v.sealed);
    ASSERT_TRUE(opened.has_value()) << v.place;
    EXPECT_EQ(*opened, v.plaintext) << v.place;
  }
}

TEST(Aes256Gcm, RefusesAnyFlippedBit) {
  for (const Vector& v : vectors()) {
    for (std::size_t bit = 0; bit < v.sealed.size() * 8; ++bit) {
      expect_verify_failed(open(v.key, v.nonce, v.aad, with_flipped_bit(v.sealed, bit)), "sealed");
    }
    for (std::size_t bit = 0; bit < v.aad.size() * 8; ++bit) {
      expect_verify_failed(open(v.key, v.nonce, with_flipped_bit(v.aad, bit), v.sealed), "associated data");
    }
    for (std::size_t bit = 0; bit < v.nonce.size() * 8; ++bit) {
      expect_verify_failed(open(v.key, with_flipped_bit(v.nonce, bit), v.aad, v.sealed), "nonce");
    }
    for (std::size_t bit = 0; bit < 256; ++bit) {
      const Secret wrong = Secret::copy_of(with_flipped_bit(v.key.reveal(), bit));
      expect_verify_failed(open(wrong, v.nonce, v.aad, v.sealed), "key");
    }
  }
}

TEST(Aes256Gcm, RefusesTruncatedAndExtendedBytes) {
  for (const Vector& v : vectors()) {
    for (std::size_t size = 0; size < v.sealed.size(); ++size) {
      const auto opened = open(v.key, v.nonce, v.aad, ByteView(v.sealed).first(size));
      ASSERT_FALSE(opened.has_value()) << v.place << " " << size;
      EXPECT_EQ(opened.error().code(), size < Aes256Gcm::kTagSize ? Errc::kMalformed : Errc::kVerifyFailed);
    }
    Bytes longer = v.sealed;
    longer.push_back(std::byte{0});
    expect_verify_failed(open(v.key, v.nonce, v.aad, longer), "extended");
    Bytes aad = v.aad;
    aad.push_back(std::byte{0});
    expect_verify_failed(open(v.key, v.nonce, aad, v.sealed), "extended associated data");
  }
}

TEST(Aes256Gcm, RefusesNoncesOfAnotherLength) {
  const Secret key(32);
  const Bytes sealed(16);
  for (const std::size_t size : {0u, 11u, 13u, 16u}) {
    EXPECT_EQ(open(key, Bytes(size), {}, sealed).error().code(), Errc::kMalformed) << size;
  }
}

TEST(Aes256Gcm, OneObjectSealsAndOpensManyTimes) {
  Aes256Gcm aead(Secret::random(32));
  Aes256Gcm moved = std::move(aead);
  for (std::uint8_t i = 0; i < 50; ++i) {
    Bytes nonce(12);
    nonce[0] = std::byte{i};
    const Bytes plaintext(i, std::byte{i});
    Bytes sealed(plaintext.size() + Aes256Gcm::kTagSize);
    moved.seal(nonce, as_bytes("aad"), plaintext, sealed);
    Bytes opened(plaintext.size());
    EXPECT_FALSE(moved.open(nonce, as_bytes("other"), sealed, opened).has_value());
    ASSERT_TRUE(moved.open(nonce, as_bytes("aad"), sealed, opened).has_value()) << "also after a failure";
    EXPECT_EQ(opened, plaintext);
  }
}

static_assert(!std::is_copy_constructible_v<Aes256Gcm> && !std::is_copy_assignable_v<Aes256Gcm>);

}  // namespace
}  // namespace redoubt::crypto
