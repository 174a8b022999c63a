#include "crypto/public_key.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/rsa.h>
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
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, std::byte{0xff}), Bytes{std::byte{4}})) << "an even exponent";
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, std::byte{0xff}), {}));
  for (const std::size_t size : {1U, 8U, 128U, 255U}) {
    EXPECT_EQ(PublicKey::from_rsa(Bytes(size, std::byte{0xff}), three).error().code(), Errc::kUnsupported) << size;
  }
  EXPECT_EQ(PublicKey::from_rsa(Bytes(8, std::byte{0xfe}), three).error().code(), Errc::kMalformed);
}

// What the owner of an RSA key makes of encoded messages (RFC 8017 §9.2), good and bad ones.
class RsaOwner {
 public:
  RsaOwner() : key_(EVP_RSA_gen(2048)) {}
  ~RsaOwner() { EVP_PKEY_free(key_); }
  RsaOwner(const RsaOwner&) = delete;
  RsaOwner& operator=(const RsaOwner&) = delete;

  // A new one each time, which nobody asked anything.
  PublicKey fresh() const { return *PublicKey::from_rsa(number("n"), number("e")); }
  Bytes number(const char* name) const {
    BIGNUM* out = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key_, name, &out), 1);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(out)));
    BN_bn2bin(out, as_uchars(MutableByteView(bytes)));
    BN_free(out);
    return bytes;
  }
  // RSASP1 (§5.2.1).
  Bytes sign_encoded(ByteView encoded) const {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key_, nullptr);
    Bytes out(256);
    std::size_t size = out.size();
    EXPECT_TRUE(EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_sign(context, as_uchars(MutableByteView(out)), &size, as_uchars(encoded), encoded.size()) ==
                    1);
    EVP_PKEY_CTX_free(context);
    return out;
  }

 private:
  EVP_PKEY* key_;
};

// 00 01, `padding` bytes of ff, 00, `info` and the digest of `message`; then zeros up to the key's size.
Bytes encoded_message(std::size_t padding, std::string_view info, ByteView message) {
  Bytes out{std::byte{0}, std::byte{1}};
  out.resize(2 + padding, std::byte{0xff});
  out.push_back(std::byte{0});
  append(out, hex(info));
  append(out, sha256(message));
  EXPECT_LE(out.size(), 256U);
  out.resize(256);
  return out;
}

// Whoever asks first is answered by nettle, whoever asks later by OpenSSL; a question that nettle says no to, by both.
TEST(PublicKey, AnswersTheSameWhetherAnRsaKeyWasAskedBeforeOrNot) {
  constexpr std::string_view kInfo = "3031300d060960864801650304020105000420";  // RFC 8017 §9.2, note 1
  const RsaOwner owner;
  const ByteView message = as_bytes("what is quoted");
  const std::size_t full = 256 - 3 - kInfo.size() / 2 - 32;
  const Bytes encoded = encoded_message(full, kInfo, message);
  const Bytes good = owner.sign_encoded(encoded);
  const auto ask_twice = [&](ByteView signature, ByteView about) {
    const PublicKey key = owner.fresh();
    const bool first = key.verify_rsa(RsaPadding::kPkcs1, HashAlgorithm::kSha256, about, signature);
    const bool second = key.verify_rsa(RsaPadding::kPkcs1, HashAlgorithm::kSha256, about, signature);
    EXPECT_EQ(first, second);
    return first;
  };
  EXPECT_TRUE(ask_twice(good, message));
  EXPECT_FALSE(ask_twice(good, as_bytes("what is quotee")));
  for (std::size_t i = 0; i < good.size(); i += 5) {
    Bytes flipped = good;
    flipped[i] ^= std::byte{0x10};
    EXPECT_FALSE(ask_twice(flipped, message)) << i;
  }
  Bytes padded(1);
  append(padded, good);
  for (const Bytes& signature : {Bytes(), to_bytes(ByteView(good).first(255)), to_bytes(ByteView(padded).first(256)),
                                 padded, Bytes(256), Bytes(256, std::byte{0xff}), owner.number("n")}) {
    EXPECT_FALSE(ask_twice(signature, message)) << signature.size();
  }
  // Padding that is too short, with room behind it for what makes a forgery with a small exponent; another digest's
  // name; the name without its parameters, which RFC 8017 has in it; padding of another type.
  EXPECT_FALSE(ask_twice(owner.sign_encoded(encoded_message(8, kInfo, message)), message));
  EXPECT_FALSE(ask_twice(owner.sign_encoded(encoded_message(full - 1, kInfo, message)), message));
  EXPECT_FALSE(
      ask_twice(owner.sign_encoded(encoded_message(full, "3031300d060960864801650304020205000420", message)), message));
  EXPECT_FALSE(
      ask_twice(owner.sign_encoded(encoded_message(full + 2, "302f300b06096086480165030402010420", message)), message));
  Bytes encrypted = encoded;
  encrypted[1] = std::byte{2};
  EXPECT_FALSE(ask_twice(owner.sign_encoded(encrypted), message));
}

// A key that was asked about SHA-256 first answers other questions all the same.
TEST(PublicKey, OfRsaNumbersAnswersAboutOtherDigestsAndPaddings) {
  const TestAuthority signer("S", {.key = KeyType::kRsa});
  const ByteView message = as_bytes("what is signed");
  const Bytes spki = signer.public_key().spki();
  EVP_PKEY* theirs = nullptr;
  const unsigned char* at = as_uchars(spki);
  ASSERT_NE(theirs = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), nullptr);
  BIGNUM* n = nullptr;
  ASSERT_EQ(EVP_PKEY_get_bn_param(theirs, "n", &n), 1);
  Bytes modulus(static_cast<std::size_t>(BN_num_bytes(n)));
  BN_bn2bin(n, as_uchars(MutableByteView(modulus)));
  BN_free(n);
  EVP_PKEY_free(theirs);
  const auto key = PublicKey::from_rsa(modulus, Bytes{std::byte{1}, std::byte{0}, std::byte{1}});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->spki(), spki);
  for (const HashAlgorithm hash : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    EXPECT_TRUE(key->verify_rsa(RsaPadding::kPkcs1, hash, message, signer.sign(hash, message)));
    EXPECT_TRUE(key->verify_rsa(RsaPadding::kPss, hash, message, signer.sign_pss(hash, message)));
    EXPECT_FALSE(key->verify_rsa(RsaPadding::kPkcs1, hash, message, signer.sign_pss(hash, message)));
  }
  EXPECT_FALSE(key->verify_ecdsa_der(HashAlgorithm::kSha256, message, signer.sign(HashAlgorithm::kSha256, message)));
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
