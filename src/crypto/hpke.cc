#include "crypto/hpke.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/internal/evp.h"
#include "crypto/kdf.h"

namespace redoubt::crypto {
namespace {

using internal::Pkey;
using internal::PkeyContext;

constexpr std::array<unsigned char, 5> kKemSuite{'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<unsigned char, 10> kHpkeSuite{'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};
constexpr std::string_view kVersion = "HPKE-v1";

template <std::size_t N>
ByteView view(const std::array<unsigned char, N>& a) {
  return {reinterpret_cast<const std::byte*>(a.data()), N};
}

// LabeledExtract (§4).
Secret labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView ikm) {
  Secret labeled(kVersion.size() + suite.size() + label.size() + ikm.size());
  auto out = labeled.reveal_mutable().begin();
  for (const ByteView part : {as_bytes(kVersion), suite, as_bytes(label), ikm}) {
    out = std::copy(part.begin(), part.end(), out);
  }
  return hkdf_extract(salt, labeled.reveal());
}

// LabeledExpand (§4).
Secret labeled_expand(ByteView suite, const Secret& prk, std::string_view label, ByteView info, std::size_t size) {
  Bytes labeled(2);
  store_be(MutableByteView(labeled), static_cast<std::uint16_t>(size));
  append(labeled, as_bytes(kVersion));
  append(labeled, suite);
  append(labeled, as_bytes(label));
  append(labeled, info);
  return hkdf_expand(prk, labeled, size);
}

// X25519 (RFC 7748 §5, §6.1): an all-zero result, from a point of small order, is refused by OpenSSL.
Result<Secret> diffie_hellman(const Secret& private_key, const X25519PublicKey& public_key) {
  const Pkey own(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, as_uchars(private_key.reveal()), 32));
  const Pkey peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, as_uchars(ByteView(public_key)), 32));
  REDOUBT_CHECK(own && peer);
  const PkeyContext context(EVP_PKEY_CTX_new(own.get(), nullptr));
  Secret shared(32);
  std::size_t size = 32;
  if (EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), as_uchars(shared.reveal_mutable()), &size) != 1) {
    return Error(Errc::kVerifyFailed, "the X25519 public key gives no shared secret");
  }
  return shared;
}

struct Context {
  Secret key;
  Secret nonce;
};

// ExtractAndExpand (§4.1), then KeySchedule in base mode (§5.1).
Context key_schedule(const Secret& dh, const X25519PublicKey& enc, const X25519PublicKey& recipient, ByteView info) {
  Bytes kem_context;
  append(kem_context, enc);
  append(kem_context, recipient);
  const Secret eae_prk = labeled_extract(view(kKemSuite), {}, "eae_prk", dh.reveal());
  const Secret shared_secret = labeled_expand(view(kKemSuite), eae_prk, "shared_secret", kem_context, 32);

  const Secret psk_id_hash = labeled_extract(view(kHpkeSuite), {}, "psk_id_hash", {});
  const Secret info_hash = labeled_extract(view(kHpkeSuite), {}, "info_hash", info);
  Bytes schedule_context{std::byte{0x00}};  // mode_base
  append(schedule_context, psk_id_hash.reveal());
  append(schedule_context, info_hash.reveal());
  const Secret secret = labeled_extract(view(kHpkeSuite), shared_secret.reveal(), "secret", {});
  return {labeled_expand(view(kHpkeSuite), secret, "key", schedule_context, Aes256Gcm::kKeySize),
          labeled_expand(view(kHpkeSuite), secret, "base_nonce", schedule_context, Aes256Gcm::kNonceSize)};
}

}  // namespace

X25519KeyPair X25519KeyPair::generate() {
  auto pair = from_private(Secret::random(32).reveal());
  REDOUBT_CHECK(pair.has_value());
  return *std::move(pair);
}

Result<X25519KeyPair> X25519KeyPair::from_private(ByteView private_key) {
  if (private_key.size() != 32) return Error(Errc::kInvalidArgument, "an X25519 private key has 32 bytes");
  const Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, as_uchars(private_key), 32));
  REDOUBT_CHECK(key != nullptr);
  X25519KeyPair pair;
  pair.private_key = Secret::copy_of(private_key);
  std::size_t size = 32;
  REDOUBT_CHECK(EVP_PKEY_get_raw_public_key(key.get(), as_uchars(MutableByteView(pair.public_key)), &size) == 1);
  return pair;
}

Result<HpkeMessage> hpke_seal_with_ephemeral_for_test(const X25519PublicKey& recipient, const X25519KeyPair& ephemeral,
                                                      ByteView info, ByteView associated_data, ByteView plaintext) {
  auto dh = diffie_hellman(ephemeral.private_key, recipient);
  if (!dh) return dh.error();
  const Context context = key_schedule(*dh, ephemeral.public_key, recipient, info);
  HpkeMessage message;
  message.encapsulated_key = ephemeral.public_key;
  message.ciphertext.resize(plaintext.size() + Aes256Gcm::kTagSize);
  Aes256Gcm(context.key).seal(context.nonce.reveal(), associated_data, plaintext, message.ciphertext);
  return message;
}

Result<HpkeMessage> hpke_seal(const X25519PublicKey& recipient, ByteView info, ByteView associated_data,
                              ByteView plaintext) {
  return hpke_seal_with_ephemeral_for_test(recipient, X25519KeyPair::generate(), info, associated_data, plaintext);
}

Result<Bytes> hpke_open(const X25519KeyPair& recipient, const X25519PublicKey& encapsulated_key, ByteView info,
                        ByteView associated_data, ByteView ciphertext) {
  if (ciphertext.size() < Aes256Gcm::kTagSize)
    return Error(Errc::kMalformed, "HPKE ciphertext is shorter than its tag");
  auto dh = diffie_hellman(recipient.private_key, encapsulated_key);
  if (!dh) return dh.error();
  const Context context = key_schedule(*dh, encapsulated_key, recipient.public_key, info);
  Bytes plaintext(ciphertext.size() - Aes256Gcm::kTagSize);
  if (auto done = Aes256Gcm(context.key).open(context.nonce.reveal(), associated_data, ciphertext, plaintext); !done) {
    return done.error();
  }
  return plaintext;
}

}  // namespace redoubt::crypto
