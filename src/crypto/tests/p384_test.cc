// P-384 is verified by nettle, everything else by OpenSSL: both must say the same.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <random>

#include "crypto/internal/evp.h"
#include "crypto/internal/hash.h"
#include "crypto/public_key.h"
#include "crypto/tests/support/test_authority.h"
#include "crypto/tests/vector_file.h"
#include "encoding/base64.h"

namespace redoubt::crypto {
namespace {

constexpr std::string_view kFieldPrime =
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff";
constexpr std::string_view kOrder =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
// RFC 6979 §A.2.6: the key.
constexpr std::string_view kX =
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13";
constexpr std::string_view kY =
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";

Bytes bytes_of(std::string_view digits) {
  return *encoding::hex_decode(digits);
}

TEST(P384, AgreesWithWycheproof) {
  std::optional<PublicKey> key;
  std::size_t valid = 0;
  auto cases = read_vectors("ecdsa_p384_wycheproof.txt");
  ASSERT_EQ(cases.size(), 491U);
  for (VectorCase& each : cases) {
    if (each.has("key")) {
      const auto point = each.array<97>("key");
      auto read = PublicKey::from_point(KeyType::kP384, ByteView(point).subspan(1, 48), ByteView(point).subspan(49));
      ASSERT_TRUE(read) << each.place() << ": " << read.error().message();
      key = *std::move(read);
    }
    const bool expected = each.array<1>("valid")[0] == std::byte{1};
    EXPECT_EQ(key->verify_ecdsa_der(HashAlgorithm::kSha384, each.bytes("message"), each.bytes("signature")), expected)
        << each.place();
    valid += expected ? 1 : 0;
  }
  EXPECT_EQ(valid, 190U);
}

// A key, and what OpenSSL says of its signatures.
class Oracle {
 public:
  const PublicKey& key() const { return key_; }
  Bytes sign(HashAlgorithm hash, ByteView message) const { return authority_.sign(hash, message); }
  bool verify(HashAlgorithm hash, ByteView message, ByteView signature) const {
    const internal::DigestContext context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, internal::hash_of(hash), nullptr, openssl_.get()) == 1 &&
           EVP_DigestVerify(context.get(), as_uchars(signature), signature.size(), as_uchars(message),
                            message.size()) == 1;
  }

 private:
  static internal::Pkey read(const Bytes& spki) {
    const unsigned char* at = as_uchars(ByteView(spki));
    return internal::Pkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  }

  TestAuthority authority_{"Signer", {.key = KeyType::kP384}};
  PublicKey key_ = authority_.public_key();
  internal::Pkey openssl_ = read(key_.spki());
};

TEST(P384, AgreesWithOpenSslOnSignaturesAndTheirMutations) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::array kHashes{HashAlgorithm::kSha1, HashAlgorithm::kSha256, HashAlgorithm::kSha384,
                               HashAlgorithm::kSha512};
  constexpr int kKeys = 4;
  constexpr int kSignatures = 12;
  std::size_t refused = 0;
  for (int i = 0; i < kKeys; ++i) {
    const Oracle oracle;
    for (int j = 0; j < kSignatures; ++j) {
      const HashAlgorithm hash = kHashes[random() % kHashes.size()];
      Bytes message(random() % 200);
      for (std::byte& each : message) each = static_cast<std::byte>(random());
      const Bytes good = oracle.sign(hash, message);
      ASSERT_TRUE(oracle.key().verify_ecdsa_der(hash, message, good)) << encoding::hex(good);

      Bytes bad = good;
      const std::size_t at = random() % bad.size();
      switch (random() % 4) {
        case 0:
          bad[at] ^= static_cast<std::byte>(1U << (random() % 8));
          break;
        case 1:
          bad[at % 8] = static_cast<std::byte>(random());  // lengths and signs
          break;
        case 2:
          bad.resize(at);
          break;
        default:
          bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(random()));
      }
      const bool expected = oracle.verify(hash, message, bad);
      EXPECT_EQ(oracle.key().verify_ecdsa_der(hash, message, bad), expected) << encoding::hex(bad);
      refused += expected ? 0 : 1;
      message.push_back(std::byte{0});
      EXPECT_FALSE(oracle.key().verify_ecdsa_der(hash, message, good));
    }
  }
  EXPECT_GT(refused, kKeys * kSignatures * 3U / 4);
}

TEST(P384, RefusesNumbersThatTheGroupDoesNotHave) {
  const auto key = PublicKey::from_point(KeyType::kP384, bytes_of(kX), bytes_of(kY));
  ASSERT_TRUE(key);
  Bytes one(48);
  one.back() = std::byte{1};
  const Bytes all(48, std::byte{0xff});
  const std::vector<Bytes> outside{Bytes(), Bytes(48), bytes_of(kOrder), all};
  for (const Bytes& r : outside) {
    for (const Bytes& s : outside) {
      EXPECT_FALSE(key->verify_ecdsa(HashAlgorithm::kSha384, as_bytes("sample"), r, s));
    }
    EXPECT_FALSE(key->verify_ecdsa(HashAlgorithm::kSha384, as_bytes("sample"), r, one));
    EXPECT_FALSE(key->verify_ecdsa(HashAlgorithm::kSha384, as_bytes("sample"), one, r));
  }
  EXPECT_FALSE(key->verify_ecdsa(HashAlgorithm::kSha384, as_bytes("sample"), Bytes(49), one));
}

TEST(P384, RefusesInfinityAndWhatIsOffTheCurve) {
  const Bytes x = bytes_of(kX);
  Bytes y = bytes_of(kY);
  ASSERT_TRUE(PublicKey::from_point(KeyType::kP384, x, y));
  y.back() ^= std::byte{1};
  EXPECT_EQ(PublicKey::from_point(KeyType::kP384, x, y).error().code(), Errc::kMalformed);
  EXPECT_EQ(PublicKey::from_point(KeyType::kP384, {}, {}).error().code(), Errc::kMalformed);
  EXPECT_EQ(PublicKey::from_point(KeyType::kP384, bytes_of(kFieldPrime), y).error().code(), Errc::kMalformed);
  // SEC 1 §2.3.3: infinity is a single zero.
  const auto infinity = bytes_of("3016301006072a8648ce3d020106052b8104002203020000");
  EXPECT_EQ(PublicKey::from_spki(infinity).error().code(), Errc::kMalformed);
}

TEST(P384, ReadsCompressedPointsAsTheSameKey) {
  const auto key = PublicKey::from_point(KeyType::kP384, bytes_of(kX), bytes_of(kY));
  ASSERT_TRUE(key);
  const Bytes signature = bytes_of(
      "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
      "02310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8");
  EXPECT_TRUE(key->verify_ecdsa_der(HashAlgorithm::kSha384, as_bytes("sample"), signature));
  const auto compressed =
      PublicKey::from_spki(bytes_of("3046301006072a8648ce3d020106052b8104002203320002" + std::string(kX)));
  ASSERT_TRUE(compressed) << compressed.error().message();
  EXPECT_TRUE(compressed->verify_ecdsa_der(HashAlgorithm::kSha384, as_bytes("sample"), signature));
}

}  // namespace
}  // namespace redoubt::crypto
