#include "tpm/attestation_key.h"

#include <algorithm>

#include "base/check.h"
#include "tpm/internal/blob.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace {

using internal::Device;
using internal::Loaded;
using internal::out;
using internal::Owned;
using internal::Place;

constexpr std::size_t kMaxCreation = 512;
constexpr std::string_view kWhat = "the attestation key";

internal::Stored stored(const AttestationKey& key) {
  return {.public_area = key.public_area, .private_area = key.private_area, .parent_name = key.parent_name};
}

// Restricted, so that it signs nothing that begins like a statement of the TPM's and was not made by it (Part 1
// §25.1.5).
TPMT_PUBLIC key_template() {
  TPMT_PUBLIC area{};
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                          TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                          TPMA_OBJECT_SIGN_ENCRYPT;
  area.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
  area.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
  area.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
  area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

// The same but for the point.
bool is_attestation_area(const TPMT_PUBLIC& area) {
  TPMT_PUBLIC expected = key_template();
  if (area.type != expected.type) return false;
  expected.unique.ecc = area.unique.ecc;
  return internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, area) ==
             internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, expected) &&
         internal::public_key_of(area).has_value();
}

TPMT_PUBLIC area_of(const AttestationKey& key) {
  const auto area =
      internal::unmarshal<TPMT_PUBLIC>(Tss2_MU_TPMT_PUBLIC_Unmarshal, key.public_area, "an attestation key");
  REDOUBT_CHECK(area);
  return *area;
}

// The key, while the storage key is there, attests its own birth.
Result<> certify_creation(Device& device, const Place& key, const TPM2B_DIGEST& hash, const TPMT_TK_CREATION& ticket,
                          AttestationKey& to) {
  const TPM2B_DATA nothing{};
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;  // the key's own
  Owned<TPM2B_ATTEST> attest;
  Owned<TPMT_SIGNATURE> signature;
  const auto done =
      device.check(Esys_CertifyCreation(device.esys(), key.get(), key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &nothing, &hash, &scheme, &ticket, out(attest), out(signature)),
                   "attest the making of the attestation key");
  if (!done) return done;
  to.creation_attest = to_bytes(internal::view(*attest));
  to.creation_signature = internal::marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, *signature);
  return {};
}

}  // namespace

Bytes AttestationKey::encode() const {
  return internal::BlobWriter(internal::BlobKind::kAttestationKey)
      .field(public_area)
      .field(private_area)
      .field(parent_name)
      .field(creation_data)
      .field(creation_attest)
      .field(creation_signature)
      .finish();
}

Result<AttestationKey> AttestationKey::decode(ByteView bytes) {
  auto in = internal::BlobReader::open(bytes, internal::BlobKind::kAttestationKey, kMaxBytes);
  if (!in) return in.error().in("the attestation key");
  AttestationKey key;
  key.public_area = to_bytes(in->field(internal::kMaxPublicArea));
  key.private_area = to_bytes(in->field(internal::kMaxPrivateArea));
  key.parent_name = to_bytes(in->exactly(internal::kNameSize));
  key.creation_data = to_bytes(in->field(kMaxCreation));
  key.creation_attest = to_bytes(in->field(kMaxCreation));
  key.creation_signature = to_bytes(in->field(kMaxCreation));
  if (!in->finished()) return Error(Errc::kMalformed, "the attestation key is cut off, or something follows it");
  const auto area =
      internal::unmarshal<TPMT_PUBLIC>(Tss2_MU_TPMT_PUBLIC_Unmarshal, key.public_area, "an attestation key");
  if (!area) return area.error();
  if (!is_attestation_area(*area)) return Error(Errc::kMalformed, "the key is no attestation key");
  return key;
}

Bytes AttestationKey::name() const {
  return internal::name_of(public_area);
}

crypto::PublicKey AttestationKey::public_key() const {
  auto key = internal::public_key_of(area_of(*this));
  REDOUBT_CHECK(key);
  return *std::move(key);
}

Result<AttestationKey> create_attestation_key(Tpm& tpm) {
  Device& device = TpmAccess::of(tpm);
  const auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  auto session =
      internal::start_session(device, TPM2_SE_HMAC, storage->place.get(), TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT);
  if (!session) return session.error();
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA nothing{};
  const TPML_PCR_SELECTION no_pcrs{};
  TPM2B_PUBLIC in{};
  in.publicArea = key_template();
  Owned<TPM2B_PRIVATE> encrypted;
  Owned<TPM2B_PUBLIC> made;
  Owned<TPM2B_CREATION_DATA> data;
  Owned<TPM2B_DIGEST> hash;
  Owned<TPMT_TK_CREATION> ticket;
  const auto done = device.check(
      Esys_Create(device.esys(), storage->place.get(), session->get(), ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in,
                  &nothing, &no_pcrs, out(encrypted), out(made), out(data), out(hash), out(ticket)),
      "make the attestation key");
  if (!done) return done.error();
  session->release();
  AttestationKey key;
  key.public_area = internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, made->publicArea);
  key.private_area = to_bytes(internal::view(*encrypted));
  key.parent_name = storage->name;
  key.creation_data = internal::marshal(Tss2_MU_TPMS_CREATION_DATA_Marshal, data->creationData);
  if (!is_attestation_area(made->publicArea)) return Error(Errc::kIo, "the TPM made another key than was asked for");
  const auto loaded = internal::load(device, *storage, stored(key), kWhat);
  if (!loaded) return loaded.error();
  if (auto certified = certify_creation(device, loaded->place, *hash, *ticket, key); !certified) {
    return certified.error();
  }
  return key;
}

Result<crypto::Secret> activate_credential(Tpm& tpm, const AttestationKey& key, ByteView id_object,
                                           ByteView encrypted_secret) {
  const auto identity =
      internal::unmarshal<TPM2B_ID_OBJECT>(Tss2_MU_TPM2B_ID_OBJECT_Unmarshal, id_object, "a credential");
  if (!identity) return identity.error();
  const auto seed = internal::unmarshal<TPM2B_ENCRYPTED_SECRET>(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal,
                                                                encrypted_secret, "a credential's encrypted secret");
  if (!seed) return seed.error();
  Device& device = TpmAccess::of(tpm);
  auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  const auto loaded = internal::load(device, *storage, stored(key), kWhat);
  if (!loaded) return loaded.error();
  storage->place.release();
  const TpmIdentity& about = tpm.identity();
  const auto endorsement =
      internal::make_endorsement_key(device, about.has_rsa_certificate && !about.has_ec_certificate);
  if (!endorsement) return endorsement.error();
  // The endorsement key's policy: the authorisation of its hierarchy, which is empty.
  const auto session = internal::start_session(device, TPM2_SE_POLICY, endorsement->place.get(), TPMA_SESSION_ENCRYPT);
  if (!session) return session.error();
  Owned<TPM2B_TIMEOUT> timeout;
  Owned<TPMT_TK_AUTH> ticket;
  const auto authorised = device.check(
      Esys_PolicySecret(device.esys(), ESYS_TR_RH_ENDORSEMENT, session->get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                        ESYS_TR_NONE, nullptr, nullptr, nullptr, 0, out(timeout), out(ticket)),
      "authorise the endorsement key");
  if (!authorised) return authorised.error();
  Owned<TPM2B_DIGEST> answer;
  const TSS2_RC code =
      Esys_ActivateCredential(device.esys(), loaded->place.get(), endorsement->place.get(), ESYS_TR_PASSWORD,
                              session->get(), ESYS_TR_NONE, &*identity, &*seed, out(answer));
  switch (internal::plain_code(code)) {
    case TPM2_RC_INTEGRITY:
    case TPM2_RC_VALUE:
    case TPM2_RC_SIZE:
    case TPM2_RC_ECC_POINT:
      return Error(Errc::kVerifyFailed, "the credential is for another TPM or another key, or was altered");
    default:
      break;
  }
  if (auto done = device.check(code, "activate the credential"); !done) return done.error();
  auto secret = crypto::Secret::copy_of(internal::view(*answer));
  crypto::wipe(std::as_writable_bytes(std::span(answer->buffer)));
  return secret;
}

}  // namespace redoubt::tpm
