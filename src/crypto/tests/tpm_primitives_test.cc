// Against published vectors, and OpenSSL's own implementations of the same standards. A TPM that is not ours agrees,
// too: attest's tests activate credentials with one.
#include "crypto/tpm_primitives.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string>
#include <vector>

#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"

namespace redoubt::crypto {
namespace {

TEST(TpmPrimitives, HmacGivesTheVectorsOfRfc4231) {
  const Bytes key(20, std::byte{0x0b});
  const auto hex_of = [&](HashAlgorithm hash) {
    return encoding::hex(hmac(hash, key, {as_bytes("Hi "), as_bytes("There")}).view());
  };
  EXPECT_EQ(hex_of(HashAlgorithm::kSha256), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_of(HashAlgorithm::kSha384),
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6");
}

TEST(TpmPrimitives, CfbGivesTheFirstBlocksOfAnyVector) {
  // With a vector of zeros the first block is the plaintext and AES of zeros (FIPS 197's function), the next one goes
  // on from the ciphertext.
  const Bytes zeros(20);
  EXPECT_EQ(encoding::hex(aes_cfb_once(Bytes(16), zeros)).substr(0, 32), "66e94bd4ef8a2c3b884cfa59ca342b2e");
  EXPECT_EQ(encoding::hex(aes_cfb_once(Bytes(16), zeros)).substr(32), "f795bd4a");
  EXPECT_EQ(encoding::hex(aes_cfb_once(Bytes(32), zeros)).substr(0, 32), "dc95c078a2408989ad48a21492842087");
}

// OpenSSL's KBKDF (SP 800-108) and SSKDF (SP 800-56A), which take the same inputs apart differently.
Bytes openssl_kdf(const char* name, std::vector<OSSL_PARAM> parameters, std::size_t size) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, name, nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  parameters.push_back(OSSL_PARAM_construct_end());
  Bytes out(size);
  EXPECT_EQ(EVP_KDF_derive(context, as_uchars(MutableByteView(out)), size, parameters.data()), 1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}
OSSL_PARAM octets(const char* name, std::string& value) {
  return OSSL_PARAM_construct_octet_string(name, value.data(), value.size());
}
OSSL_PARAM text(const char* name, std::string& value) {
  return OSSL_PARAM_construct_utf8_string(name, value.data(), 0);
}

TEST(TpmPrimitives, DerivesAsOpenSslDoes) {
  std::string key = "a key of some length";
  std::string label = "STORAGE";
  std::string context = "name and more";
  std::string sha256 = "SHA256";
  std::string hmac_name = "HMAC";
  for (const std::size_t size : {1, 16, 32, 33, 100}) {
    const Secret own =
        tpm_kdfa(HashAlgorithm::kSha256, as_bytes(key), label, as_bytes("name"), as_bytes(" and more"), size);
    EXPECT_EQ(to_bytes(own.reveal()),
              openssl_kdf("KBKDF",
                          {text(OSSL_KDF_PARAM_DIGEST, sha256), text(OSSL_KDF_PARAM_MAC, hmac_name),
                           octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, label),
                           octets(OSSL_KDF_PARAM_INFO, context)},
                          size));
    std::string info = std::string("STORAGE") + '\0' + "name and more";
    const Secret agreed =
        tpm_kdfe(HashAlgorithm::kSha256, as_bytes(key), label, as_bytes("name"), as_bytes(" and more"), size);
    EXPECT_EQ(to_bytes(agreed.reveal()),
              openssl_kdf("SSKDF",
                          {text(OSSL_KDF_PARAM_DIGEST, sha256), octets(OSSL_KDF_PARAM_KEY, key),
                           octets(OSSL_KDF_PARAM_INFO, info)},
                          size));
  }
}

TEST(TpmPrimitives, RefuseKeysOfAnotherKind) {
  TestTerms rsa_terms;
  rsa_terms.key = KeyType::kRsa;
  const TestAuthority rsa("RSA", rsa_terms);
  const TestAuthority ecc("ECC");
  const Bytes secret(32);
  EXPECT_TRUE(rsa_oaep_encrypt(rsa.public_key(), HashAlgorithm::kSha256, as_bytes("label"), secret));
  EXPECT_FALSE(rsa_oaep_encrypt(rsa.public_key(), HashAlgorithm::kSha256, {}, Bytes(191)));
  EXPECT_TRUE(rsa_oaep_encrypt(rsa.public_key(), HashAlgorithm::kSha256, {}, Bytes(190)));
  EXPECT_FALSE(rsa_oaep_encrypt(ecc.public_key(), HashAlgorithm::kSha256, {}, secret));
  EXPECT_TRUE(agree_once(ecc.public_key()));
  EXPECT_FALSE(agree_once(rsa.public_key()));
}

}  // namespace
}  // namespace redoubt::crypto
