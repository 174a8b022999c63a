#include "tpm/internal/primaries.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "crypto/sha256.h"
#include "tpm/internal/marshal.h"

namespace redoubt::tpm::internal {

namespace {

// PolicySecret(TPM_RH_ENDORSEMENT): PolicyA of TCG EK Credential Profile 2.5, annex B.
constexpr std::array<std::uint8_t, 32> kEndorsementPolicy{
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

// What both kinds of primary share: restricted decryption keys with AES-128-CFB inside.
TPM2B_PUBLIC storage_template(bool rsa, TPMA_OBJECT attributes) {
  constexpr TPMA_OBJECT kStorage = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = kStorage | attributes;
  TPMT_SYM_DEF_OBJECT symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  // The templates' unique field is zeros, as long as the key.
  if (rsa) {
    area.type = TPM2_ALG_RSA;
    area.parameters.rsaDetail.symmetric = symmetric;
    area.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.rsaDetail.keyBits = 2048;
    area.unique.rsa.size = 256;
  } else {
    area.type = TPM2_ALG_ECC;
    area.parameters.eccDetail.symmetric = symmetric;
    area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    area.unique.ecc.x.size = 32;
    area.unique.ecc.y.size = 32;
  }
  return out;
}

Result<Loaded> make_primary(Device& device, ESYS_TR hierarchy, const TPM2B_PUBLIC& in, std::string_view tried) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION no_pcrs{};
  ESYS_TR handle = ESYS_TR_NONE;
  Owned<TPM2B_PUBLIC> made;
  Owned<TPM2B_CREATION_DATA> data;
  Owned<TPM2B_DIGEST> hash;
  Owned<TPMT_TK_CREATION> ticket;
  const auto done = device.check(
      Esys_CreatePrimary(device.esys(), hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in,
                         &outside, &no_pcrs, &handle, out(made), out(data), out(hash), out(ticket)),
      tried);
  if (!done) return done.error();
  Bytes name = name_of(marshal(Tss2_MU_TPMT_PUBLIC_Marshal, made->publicArea));
  return Loaded{.place = Place(device, handle), .area = made->publicArea, .name = std::move(name)};
}

}  // namespace

Bytes name_of(ByteView public_area) {
  Bytes out{std::byte{TPM2_ALG_SHA256 >> 8}, std::byte{TPM2_ALG_SHA256 & 0xff}};
  append(out, crypto::sha256(public_area));
  return out;
}

Result<Loaded> make_storage_key(Device& device) {
  return make_primary(device, ESYS_TR_RH_OWNER, storage_template(false, TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA),
                      "make the storage key");
}

Result<Loaded> make_endorsement_key(Device& device, bool rsa) {
  TPM2B_PUBLIC in = storage_template(rsa, TPMA_OBJECT_ADMINWITHPOLICY);
  in.publicArea.authPolicy = sized<TPM2B_DIGEST>(std::as_bytes(std::span(kEndorsementPolicy)));
  return make_primary(device, ESYS_TR_RH_ENDORSEMENT, in, "make the endorsement key");
}

Result<Loaded> load(Device& device, const Loaded& storage, const Stored& stored, std::string_view what) {
  const auto area = unmarshal<TPMT_PUBLIC>(Tss2_MU_TPMT_PUBLIC_Unmarshal, stored.public_area, "a public area");
  if (!area) return area.error();
  if (!std::ranges::equal(storage.name, stored.parent_name)) {
    return Error(Errc::kVerifyFailed, std::string(what) + " is another TPM's, or this one was cleared");
  }
  TPM2B_PUBLIC in{};
  in.publicArea = *area;
  const auto encrypted = sized<TPM2B_PRIVATE>(stored.private_area);
  ESYS_TR handle = ESYS_TR_NONE;
  const TSS2_RC code = Esys_Load(device.esys(), storage.place.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &encrypted, &in, &handle);
  switch (plain_code(code)) {
    case TPM2_RC_INTEGRITY:
    case TPM2_RC_BINDING:
    case TPM2_RC_SIZE:
    case TPM2_RC_VALUE:
      return Error(Errc::kCorrupt, "the bytes of " + std::string(what) + " were altered");
    default:
      break;
  }
  if (auto done = device.check(code, "load " + std::string(what)); !done) return done.error();
  return Loaded{.place = Place(device, handle), .area = *area, .name = name_of(stored.public_area)};
}

Result<crypto::PublicKey> public_key_of(const TPMT_PUBLIC& area) {
  if (area.type == TPM2_ALG_ECC && area.parameters.eccDetail.curveID == TPM2_ECC_NIST_P256) {
    return crypto::PublicKey::from_point(crypto::KeyType::kP256, view(area.unique.ecc.x), view(area.unique.ecc.y));
  }
  if (area.type == TPM2_ALG_RSA) {
    // 0 is 2^16 + 1 (Part 2 §12.2.3.5).
    std::array<std::byte, 4> exponent{};
    const std::uint32_t number = area.parameters.rsaDetail.exponent;
    store_be<std::uint32_t>(exponent, number == 0 ? 65'537 : number);
    return crypto::PublicKey::from_rsa(view(area.unique.rsa), exponent);
  }
  return Error(Errc::kUnsupported, "the key is neither on P-256 nor RSA");
}

}  // namespace redoubt::tpm::internal
