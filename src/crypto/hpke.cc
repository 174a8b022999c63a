#include "crypto/hpke.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/hpke_context.h"
#include "crypto/internal/evp.h"
#include "crypto/kdf.h"

namespace redoubt::crypto {
namespace {

constexpr std::array<unsigned char, 5> kKemSuite{'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<unsigned char, 10> kHpkeSuite{'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};
constexpr std::string_view kVersion = "HPKE-v1";
constexpr std::size_t kExporterSize = 32;  // Nh of HKDF-SHA256

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

Result<Secret> diffie_hellman(const Secret& private_key, const X25519PublicKey& public_key) {
  const auto own = X25519PrivateKey::from_bytes(private_key.reveal());
  REDOUBT_CHECK(own.has_value());
  return own->agree(public_key);
}

// ExtractAndExpand (§4.1), then KeySchedule in base mode (§5.1).
internal::HpkeContext key_schedule(const Secret& dh, const X25519PublicKey& enc, const X25519PublicKey& recipient,
                                   ByteView info) {
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
          labeled_expand(view(kHpkeSuite), secret, "base_nonce", schedule_context, Aes256Gcm::kNonceSize),
          labeled_expand(view(kHpkeSuite), secret, "exp", schedule_context, kExporterSize)};
}

}  // namespace

X25519KeyPair X25519KeyPair::generate() {
  auto pair = from_private(Secret::random(32).reveal());
  REDOUBT_CHECK(pair.has_value());
  return *std::move(pair);
}

Result<X25519KeyPair> X25519KeyPair::from_private(ByteView private_key) {
  const auto key = X25519PrivateKey::from_bytes(private_key);
  if (!key) return key.error();
  X25519KeyPair pair;
  pair.public_key = key->public_key();
  pair.private_key = Secret::copy_of(private_key);
  return pair;
}

namespace internal {

// ComputeNonce (§5.2).
std::array<std::byte, Aes256Gcm::kNonceSize> HpkeContext::nonce() const {
  std::array<std::byte, Aes256Gcm::kNonceSize> out{};
  store_be(MutableByteView(out).subspan(out.size() - sizeof sequence_), sequence_);
  std::transform(out.begin(), out.end(), base_nonce_.reveal().begin(), out.begin(),
                 [](std::byte a, std::byte b) { return a ^ b; });
  return out;
}

Bytes HpkeContext::seal(ByteView associated_data, ByteView plaintext) {
  REDOUBT_CHECK(sequence_ != UINT64_MAX);  // MessageLimitReached (§5.2): nobody lives so long
  Bytes out(plaintext.size() + Aes256Gcm::kTagSize);
  aead_.seal(nonce(), associated_data, plaintext, out);
  ++sequence_;
  return out;
}

Result<Bytes> HpkeContext::open(ByteView associated_data, ByteView ciphertext) {
  if (ciphertext.size() < Aes256Gcm::kTagSize)
    return Error(Errc::kMalformed, "HPKE ciphertext is shorter than its tag");
  REDOUBT_CHECK(sequence_ != UINT64_MAX);
  Bytes out(ciphertext.size() - Aes256Gcm::kTagSize);
  if (auto done = aead_.open(nonce(), associated_data, ciphertext, out); !done) return done.error();
  ++sequence_;
  return out;
}

Secret HpkeContext::export_secret(ByteView exporter_context, std::size_t size) const {
  return labeled_expand(view(kHpkeSuite), exporter_secret_, "sec", exporter_context, size);
}

}  // namespace internal

Result<HpkeSender> HpkeSender::create_with_ephemeral_for_test(const X25519PublicKey& recipient,
                                                              const X25519KeyPair& ephemeral, ByteView info) {
  auto dh = diffie_hellman(ephemeral.private_key, recipient);
  if (!dh) return dh.error();
  return HpkeSender(ephemeral.public_key, key_schedule(*dh, ephemeral.public_key, recipient, info));
}

Result<HpkeSender> HpkeSender::create(const X25519PublicKey& recipient, ByteView info) {
  return create_with_ephemeral_for_test(recipient, X25519KeyPair::generate(), info);
}

Result<HpkeRecipient> HpkeRecipient::create(const X25519KeyPair& recipient, const X25519PublicKey& encapsulated_key,
                                            ByteView info) {
  auto dh = diffie_hellman(recipient.private_key, encapsulated_key);
  if (!dh) return dh.error();
  return HpkeRecipient(key_schedule(*dh, encapsulated_key, recipient.public_key, info));
}

Result<HpkeMessage> hpke_seal_with_ephemeral_for_test(const X25519PublicKey& recipient, const X25519KeyPair& ephemeral,
                                                      ByteView info, ByteView associated_data, ByteView plaintext) {
  auto sender = HpkeSender::create_with_ephemeral_for_test(recipient, ephemeral, info);
  if (!sender) return sender.error();
  return HpkeMessage{sender->encapsulated_key(), sender->seal(associated_data, plaintext)};
}

Result<HpkeMessage> hpke_seal(const X25519PublicKey& recipient, ByteView info, ByteView associated_data,
                              ByteView plaintext) {
  return hpke_seal_with_ephemeral_for_test(recipient, X25519KeyPair::generate(), info, associated_data, plaintext);
}

Result<Bytes> hpke_open(const X25519KeyPair& recipient, const X25519PublicKey& encapsulated_key, ByteView info,
                        ByteView associated_data, ByteView ciphertext) {
  if (ciphertext.size() < Aes256Gcm::kTagSize)
    return Error(Errc::kMalformed, "HPKE ciphertext is shorter than its tag");
  auto context = HpkeRecipient::create(recipient, encapsulated_key, info);
  if (!context) return context.error();
  return context->open(associated_data, ciphertext);
}

}  // namespace redoubt::crypto
