#include "attest/tpm_credential.h"

#include "crypto/tpm_primitives.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kIdentity = "IDENTITY";
constexpr std::uint32_t kToolsMagic = 0xbadcc0de;
constexpr std::uint32_t kToolsVersion = 1;

void append_be(Bytes& out, auto number) {
  std::array<std::byte, sizeof(number)> bytes{};
  store_be(MutableByteView(bytes), number);
  append(out, bytes);
}
void append_sized(Bytes& out, ByteView bytes) {
  append_be(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

// A seed, and what tells it to the holder of the EK alone (annexes B.10.4 and C.6.4).
struct Seed {
  crypto::Secret value;
  Bytes protected_value;  // TPM2B_ENCRYPTED_SECRET
};

Result<Seed> make_seed(const TpmPublic& ek) {
  const std::size_t size = crypto::digest_size(ek.name_hash);
  Seed out;
  if (ek.key.type() == crypto::KeyType::kRsa) {
    out.value = crypto::Secret::random(size);
    Bytes label = to_bytes(as_bytes(kIdentity));
    label.push_back(std::byte{0});  // which is part of it
    const auto encrypted = crypto::rsa_oaep_encrypt(ek.key, ek.name_hash, label, out.value.reveal());
    if (!encrypted) return encrypted.error();
    append_sized(out.protected_value, *encrypted);
    return out;
  }
  const auto agreed = crypto::agree_once(ek.key);
  if (!agreed) return agreed.error();
  out.value = crypto::tpm_kdfe(ek.name_hash, agreed->z.reveal(), kIdentity, agreed->x, agreed->peer_x, size);
  Bytes point;  // TPMS_ECC_POINT
  append_sized(point, agreed->x);
  append_sized(point, agreed->y);
  append_sized(out.protected_value, point);
  return out;
}

}  // namespace

Result<TpmCredential> make_credential(const TpmPublic& ek, ByteView ak_name, const crypto::Secret& secret) {
  constexpr std::uint32_t kNeeded = TpmPublic::kRestricted | TpmPublic::kDecrypt;
  if ((ek.attributes & kNeeded) != kNeeded || (ek.attributes & TpmPublic::kSign) != 0 || ek.symmetric_bits == 0) {
    return Error(Errc::kInvalidArgument, "the endorsement key is no restricted decryption key");
  }
  if (secret.empty() || secret.size() > crypto::digest_size(ek.name_hash)) {
    return Error(Errc::kInvalidArgument,
                 "a credential has 1 byte to as many as the digest of the endorsement key's name");
  }
  const auto seed = make_seed(ek);
  if (!seed) return seed.error();
  const ByteView key = seed->value.reveal();
  const crypto::Secret encryption_key =
      crypto::tpm_kdfa(ek.name_hash, key, "STORAGE", ak_name, {}, ek.symmetric_bits / 8U);
  const crypto::Secret integrity_key =
      crypto::tpm_kdfa(ek.name_hash, key, "INTEGRITY", {}, {}, crypto::digest_size(ek.name_hash));

  crypto::Secret sized(2 + secret.size());  // TPM2B_DIGEST
  store_be<std::uint16_t>(sized.reveal_mutable(), static_cast<std::uint16_t>(secret.size()));
  std::ranges::copy(secret.reveal(), sized.reveal_mutable().begin() + 2);
  const Bytes encrypted = crypto::aes_cfb_once(encryption_key.reveal(), sized.reveal());
  const crypto::Digest integrity = crypto::hmac(ek.name_hash, integrity_key.reveal(), {encrypted, ak_name});

  Bytes identity;  // TPMS_ID_OBJECT
  append_sized(identity, integrity.view());
  append(identity, encrypted);
  TpmCredential out{.id_object = {}, .encrypted_secret = seed->protected_value};
  append_sized(out.id_object, identity);
  return out;
}

Bytes to_tpm2_tools_file(const TpmCredential& credential) {
  Bytes out;
  append_be(out, kToolsMagic);
  append_be(out, kToolsVersion);
  append(out, credential.id_object);
  append(out, credential.encrypted_secret);
  return out;
}

}  // namespace redoubt::attest
