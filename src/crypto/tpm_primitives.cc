#include "crypto/tpm_primitives.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "crypto/internal/hash.h"
#include "crypto/internal/public_key_impl.h"

namespace redoubt::crypto {

namespace {

using internal::CipherContext;
using internal::Pkey;
using internal::PkeyContext;

constexpr std::byte kEndOfLabel[1]{};

// The rounds that both KDFs have: digests put after each other, cut to the size.
Secret in_rounds(HashAlgorithm hash, std::size_t size, auto round) {
  Secret out(size);
  std::size_t done = 0;
  for (std::uint32_t counter = 1; done < size; ++counter) {
    std::array<std::byte, 4> count{};
    store_be<std::uint32_t>(count, counter);
    Digest block = round(count);
    const std::size_t part = std::min(digest_size(hash), size - done);
    std::copy_n(block.view().begin(), part, out.reveal_mutable().begin() + static_cast<std::ptrdiff_t>(done));
    wipe(block.mutable_view());
    done += part;
  }
  return out;
}

// An EC key's coordinate, as long as the curve's size.
Bytes coordinate(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* number = nullptr;
  REDOUBT_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  Bytes out(size);
  const int written = BN_bn2binpad(number, as_uchars(MutableByteView(out)), static_cast<int>(size));
  BN_free(number);
  REDOUBT_CHECK(written >= 0);
  return out;
}

}  // namespace

Digest hmac(HashAlgorithm hash, ByteView key, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Secret message(size);
  auto at = message.reveal_mutable().begin();
  for (const ByteView part : parts) at = std::ranges::copy(part, at).out;
  std::array<std::byte, 64> out{};
  unsigned out_size = 0;
  REDOUBT_CHECK(HMAC(internal::hash_of(hash), key.data(), static_cast<int>(key.size()), as_uchars(message.reveal()),
                     message.size(), as_uchars(MutableByteView(out)), &out_size) != nullptr);
  Digest digest(ByteView(out).first(out_size));
  wipe(out);
  return digest;
}

Secret tpm_kdfa(HashAlgorithm hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
                std::size_t size) {
  std::array<std::byte, 4> bits{};
  store_be<std::uint32_t>(bits, static_cast<std::uint32_t>(size * 8));
  return in_rounds(hash, size, [&](ByteView count) {
    return hmac(hash, key, {count, as_bytes(label), kEndOfLabel, context_u, context_v, bits});
  });
}

Secret tpm_kdfe(HashAlgorithm hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
                std::size_t size) {
  return in_rounds(hash, size, [&](ByteView count) {
    return digest(hash, {count, z, as_bytes(label), kEndOfLabel, party_u, party_v});
  });
}

Bytes aes_cfb_once(ByteView key, ByteView plaintext) {
  const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_cfb128()
                             : key.size() == 24 ? EVP_aes_192_cfb128()
                                                : EVP_aes_256_cfb128();
  REDOUBT_CHECK(key.size() == static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher)));
  constexpr std::array<unsigned char, 16> kZeros{};
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(plaintext.size());
  int size = 0;
  REDOUBT_CHECK(EVP_EncryptInit_ex(context.get(), cipher, nullptr, as_uchars(key), kZeros.data()) == 1 &&
                EVP_EncryptUpdate(context.get(), as_uchars(MutableByteView(out)), &size, as_uchars(plaintext),
                                  static_cast<int>(plaintext.size())) == 1 &&
                static_cast<std::size_t>(size) == out.size());
  return out;
}

Result<Bytes> rsa_oaep_encrypt(const PublicKey& key, HashAlgorithm hash, ByteView label, ByteView plaintext) {
  if (key.type() != KeyType::kRsa) return Error(Errc::kInvalidArgument, "OAEP needs an RSA key");
  const PkeyContext context(EVP_PKEY_CTX_new(PublicKeyAccess::of(key), nullptr));
  REDOUBT_CHECK(EVP_PKEY_encrypt_init(context.get()) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), internal::hash_of(hash)) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), internal::hash_of(hash)) == 1);
  if (!label.empty()) {
    void* copy = OPENSSL_memdup(label.data(), label.size());  // the context's, which frees it
    REDOUBT_CHECK(copy != nullptr &&
                  EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), copy, static_cast<int>(label.size())) == 1);
  }
  std::size_t size = 0;
  REDOUBT_CHECK(EVP_PKEY_encrypt(context.get(), nullptr, &size, as_uchars(plaintext), plaintext.size()) == 1);
  Bytes out(size);
  if (EVP_PKEY_encrypt(context.get(), as_uchars(MutableByteView(out)), &size, as_uchars(plaintext), plaintext.size()) !=
      1) {
    ERR_clear_error();
    return Error(Errc::kInvalidArgument, "what is to be encrypted is too long for the RSA key");
  }
  out.resize(size);
  return out;
}

Result<EphemeralAgreement> agree_once(const PublicKey& peer) {
  std::size_t size = 0;
  const char* curve = nullptr;
  switch (peer.type()) {
    case KeyType::kP256:
      curve = "P-256";
      size = 32;
      break;
    case KeyType::kP384:
      curve = "P-384";
      size = 48;
      break;
    case KeyType::kP521:
      curve = "P-521";
      size = 66;
      break;
    default:
      return Error(Errc::kInvalidArgument, "an agreement needs a key on P-256, P-384 or P-521");
  }
  const Pkey own(EVP_EC_gen(curve));
  REDOUBT_CHECK(own != nullptr);
  EVP_PKEY* peer_key = PublicKeyAccess::of(peer);
  const PkeyContext context(EVP_PKEY_CTX_new(own.get(), nullptr));
  EphemeralAgreement out{.z = Secret(size),
                         .x = coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_X, size),
                         .y = coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size),
                         .peer_x = coordinate(peer_key, OSSL_PKEY_PARAM_EC_PUB_X, size)};
  std::size_t derived = size;
  // A peer's key that is a public key at all, on a curve of cofactor 1, gives a point that is not at infinity.
  REDOUBT_CHECK(EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), peer_key) == 1 &&
                EVP_PKEY_derive(context.get(), as_uchars(out.z.reveal_mutable()), &derived) == 1 && derived == size);
  return out;
}

}  // namespace redoubt::crypto
