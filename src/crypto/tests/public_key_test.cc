#include "crypto/public_key.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <algorithm>
#include <span>

#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"

namespace redoubt::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *encoding::hex_decode(text);
}

// RFC 6979 §A.2.5 and §A.2.6: keys, and signatures of "sample".
struct EcdsaVector {
  KeyType curve;
  HashAlgorithm hash;
  std::string_view x, y, r, s;
};
constexpr EcdsaVector kEcdsa[] = {
    {KeyType::kP256, HashAlgorithm::kSha256, "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {KeyType::kP384, HashAlgorithm::kSha384,
     "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13",
     "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
     "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"},
};

TEST(PublicKey, VerifiesEcdsaOfRfc6979) {
  for (const EcdsaVector& each : kEcdsa) {
    const auto key = PublicKey::from_point(each.curve, hex(each.x), hex(each.y));
    ASSERT_TRUE(key) << key.error().message();
    Bytes r = hex(each.r);
    const Bytes s = hex(each.s);
    EXPECT_TRUE(key->verify_ecdsa(each.hash, as_bytes("sample"), r, s));
    EXPECT_FALSE(key->verify_ecdsa(each.hash, as_bytes("Sample"), r, s));
    EXPECT_FALSE(key->verify_ecdsa(HashAlgorithm::kSha512, as_bytes("sample"), r, s));
    EXPECT_FALSE(key->verify_ecdsa(each.hash, as_bytes("sample"), s, r));
    EXPECT_FALSE(key->verify_ecdsa(each.hash, as_bytes("sample"), {}, s));
    r.insert(r.begin(), std::byte{0});
    EXPECT_FALSE(key->verify_ecdsa(each.hash, as_bytes("sample"), r, s)) << "longer than the curve";
    // By way of X.509's form it is the same key.
    const auto again = PublicKey::from_spki(key->spki());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->type(), each.curve);
    EXPECT_EQ(again->spki_sha256(), key->spki_sha256());
  }
}

TEST(PublicKey, RefusesPointsOffTheCurve) {
  const EcdsaVector& good = kEcdsa[0];
  Bytes y = hex(good.y);
  y.back() ^= std::byte{1};
  EXPECT_EQ(PublicKey::from_point(KeyType::kP256, hex(good.x), y).error().code(), Errc::kMalformed);
  EXPECT_EQ(PublicKey::from_point(KeyType::kP256, {}, {}).error().code(), Errc::kMalformed);
  EXPECT_EQ(PublicKey::from_point(KeyType::kP384, hex(good.x), hex(good.y)).error().code(), Errc::kMalformed);
  EXPECT_EQ(PublicKey::from_point(KeyType::kRsa, hex(good.x), hex(good.y)).error().code(), Errc::kInvalidArgument);
}

TEST(PublicKey, VerifiesWhatAnotherKeyOfItsKindSigned) {
  for (const KeyType type : {KeyType::kRsa, KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kEd25519}) {
    const TestAuthority signer("S", {.key = type});
    const PublicKey key = signer.public_key();
    ASSERT_EQ(key.type(), type);
    const ByteView message = as_bytes("what is signed");
    Bytes signature = signer.sign(HashAlgorithm::kSha256, message);
    const auto verify = [&] {
      return std::array{key.verify_rsa(RsaPadding::kPkcs1, HashAlgorithm::kSha256, message, signature),
                        key.verify_ecdsa_der(HashAlgorithm::kSha256, message, signature),
                        key.verify_ed25519(message, signature)};
    };
    const bool is_rsa = type == KeyType::kRsa;
    const bool is_ed = type == KeyType::kEd25519;
    EXPECT_EQ(verify(), (std::array{is_rsa, !is_rsa && !is_ed, is_ed})) << to_string(type);
    signature.back() ^= std::byte{1};
    EXPECT_EQ(verify(), (std::array{false, false, false})) << to_string(type);
  }
}

TEST(PublicKey, TakesNoPkcs1SignatureForPss) {
  const TestAuthority signer("S", {.key = KeyType::kRsa});
  const PublicKey key = signer.public_key();
  const ByteView message = as_bytes("what is signed");
  const Bytes pkcs1 = signer.sign(HashAlgorithm::kSha384, message);
  const Bytes pss = signer.sign_pss(HashAlgorithm::kSha384, message);
  EXPECT_TRUE(key.verify_rsa(RsaPadding::kPss, HashAlgorithm::kSha384, message, pss));
  EXPECT_TRUE(key.verify_rsa(RsaPadding::kPssAnySalt, HashAlgorithm::kSha384, message, pss));
  EXPECT_FALSE(key.verify_rsa(RsaPadding::kPss, HashAlgorithm::kSha384, message, pkcs1));
  EXPECT_FALSE(key.verify_rsa(RsaPadding::kPkcs1, HashAlgorithm::kSha384, message, pss));
  EXPECT_FALSE(key.verify_rsa(RsaPadding::kPss, HashAlgorithm::kSha256, message, pss));
}

TEST(PublicKey, RefusesRsaKeysThatAreTooShortOrNone) {
  const Bytes small(128, std::byte{0xff});
  const Bytes three{std::byte{3}};
  EXPECT_FALSE(PublicKey::from_rsa(small, three));
  EXPECT_FALSE(PublicKey::from_rsa({}, three));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, std::byte{0xff}), Bytes{std::byte{1}}));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, std::byte{0xfe}), three)) << "even";
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(2048, std::byte{0xff}), three));
}

Bytes written_by_openssl(ByteView spki) {
  const unsigned char* at = as_uchars(spki);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const auto out = to_bytes(std::as_bytes(std::span(der, static_cast<std::size_t>(std::max(size, 0)))));
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  return out;
}

// What is written of numbers is what OpenSSL writes of the key, however many zeros they come with.
TEST(PublicKey, WritesAnRsaKeyAsOpenSslDoes) {
  for (const std::size_t bits : {2048U, 3071U, 4096U}) {
    Bytes modulus((bits + 7) / 8, std::byte{0x5b});
    modulus.front() = static_cast<std::byte>(bits % 8 == 0 ? 0xc5 : 0x45);
    modulus.back() = std::byte{0x01};
    for (const Bytes& exponent : {Bytes{std::byte{3}}, Bytes{std::byte{1}, std::byte{0}, std::byte{1}},
                                  Bytes{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xfb}}}) {
      const auto key = PublicKey::from_rsa(modulus, exponent);
      ASSERT_TRUE(key) << key.error().message();
      Bytes longer(2);
      append(longer, modulus);
      Bytes exponent_longer(1);
      append(exponent_longer, exponent);
      EXPECT_EQ(PublicKey::from_rsa(longer, exponent_longer)->spki(), key->spki());
      EXPECT_EQ(written_by_openssl(key->spki()), key->spki());
    }
  }
}

// SP 800-89 §5.3.3, which OpenSSL looks at where a key comes by itself. A certificate's is its issuer's to look at.
TEST(PublicKey, ReadsNoRsaKeyWithASmallFactor) {
  Bytes modulus(256, std::byte{0x55});  // 0x55 is 5 times 17
  modulus.front() = std::byte{0xff};    // and this 3 times 5 times 17
  const auto key = PublicKey::from_rsa(modulus, Bytes{std::byte{3}});
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(PublicKey::from_spki(key->spki()).error().code(), Errc::kMalformed);
}

TEST(PublicKey, ReadsExactlyOneKey) {
  Bytes der = TestAuthority("S").public_key().spki();
  for (std::size_t size = 0; size < der.size(); ++size) EXPECT_FALSE(PublicKey::from_spki(ByteView(der).first(size)));
  der.push_back(std::byte{0});
  EXPECT_FALSE(PublicKey::from_spki(der));
}

// RFC 3279 §2.3.1: the parameters of rsaEncryption are NULL. OpenSSL looks at none of them.
TEST(PublicKey, ReadsNoOtherEncodingOfAKey) {
  const Bytes der = TestAuthority("S", {.key = KeyType::kRsa}).public_key().spki();
  ASSERT_TRUE(PublicKey::from_spki(der).has_value());
  // SEQUENCE, SEQUENCE, OBJECT IDENTIFIER of nine bytes, NULL.
  constexpr std::size_t kNull = 4 + 2 + 11;
  ASSERT_EQ(der[kNull], std::byte{0x05});
  for (unsigned tag = 0; tag < 256; ++tag) {
    Bytes changed = der;
    changed[kNull] = static_cast<std::byte>(tag);
    EXPECT_EQ(PublicKey::from_spki(changed).has_value(), tag == 0x05) << "tag " << tag;
  }
}

TEST(PublicKey, SaysOfOtherKindsOfKeysThatItDoesNotKnowThem) {
  // RFC 8410 §4: X25519, 32 zeros.
  const Bytes x25519 = hex("302a300506032b656e032100" + std::string(64, '0'));
  EXPECT_EQ(PublicKey::from_spki(x25519).error().code(), Errc::kUnsupported);
  // SEC 2 §2.4.1: the generator of secp256k1.
  const Bytes other_curve =
      hex("3056301006072a8648ce3d020106052b8104000a034200"
          "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
          "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
  EXPECT_EQ(PublicKey::from_spki(other_curve).error().code(), Errc::kUnsupported);
}

// FIPS 180-4, by way of NIST's examples: "abc".
TEST(Digest, OfNistsExamples) {
  EXPECT_EQ(encoding::hex(digest(HashAlgorithm::kSha1, as_bytes("abc")).view()),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(encoding::hex(digest(HashAlgorithm::kSha256, {as_bytes("a"), as_bytes("bc")}).view()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(encoding::hex(digest(HashAlgorithm::kSha384, as_bytes("abc")).view()),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(digest(HashAlgorithm::kSha512, {}).view().size(), digest_size(HashAlgorithm::kSha512));
}

}  // namespace
}  // namespace redoubt::crypto
