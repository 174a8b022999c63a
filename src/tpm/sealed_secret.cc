#include "tpm/sealed_secret.h"

#include <algorithm>
#include <array>

#include "crypto/public_key.h"
#include "tpm/internal/approver_key.h"
#include "tpm/internal/blob.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/nv_public.h"
#include "tpm/internal/pcr_select.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace {

using internal::Device;
using internal::Loaded;
using internal::out;
using internal::Owned;
using internal::Place;
using internal::plain_code;

// Without TPMA_OBJECT_USERWITHAUTH: the policy is the only way to it.
TPMT_PUBLIC sealed_template(const crypto::Sha256Digest& policy) {
  TPMT_PUBLIC area{};
  area.type = TPM2_ALG_KEYEDHASH;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes =
      TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_NODA;
  area.authPolicy = internal::sized<TPM2B_DIGEST>(policy);
  area.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return area;
}

bool is_sealed_area(const TPMT_PUBLIC& area, const crypto::Sha256Digest& policy) {
  TPMT_PUBLIC expected = sealed_template(policy);
  if (area.type != expected.type) return false;
  expected.unique.keyedHash = area.unique.keyedHash;
  return internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, area) ==
         internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, expected);
}

// The TPM's word that the approver signed these bytes.
Result<Owned<TPMT_TK_VERIFIED>> verify_approval(Device& device, const crypto::P256PublicKey& approver, ByteView message,
                                                const crypto::P256Signature& signature) {
  TPM2B_PUBLIC area{};
  area.publicArea = internal::approver_area(approver);
  ESYS_TR handle = ESYS_TR_NONE;
  // In a hierarchy, for in none there are no tickets (Part 3 §20.1).
  const auto loaded = device.check(Esys_LoadExternal(device.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                                     &area, ESYS_TR_RH_OWNER, &handle),
                                   "take the approver's key");
  if (!loaded) return loaded.error();
  const Place key(device, handle);
  const auto digest = internal::sized<TPM2B_DIGEST>(crypto::sha256(message));
  TPMT_SIGNATURE signed_by{};
  signed_by.sigAlg = TPM2_ALG_ECDSA;
  signed_by.signature.ecdsa.hash = TPM2_ALG_SHA256;
  signed_by.signature.ecdsa.signatureR = internal::sized<TPM2B_ECC_PARAMETER>(ByteView(signature).first(32));
  signed_by.signature.ecdsa.signatureS = internal::sized<TPM2B_ECC_PARAMETER>(ByteView(signature).subspan(32));
  Owned<TPMT_TK_VERIFIED> ticket;
  const TSS2_RC code = Esys_VerifySignature(device.esys(), key.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
                                            &signed_by, out(ticket));
  if (plain_code(code) == TPM2_RC_SIGNATURE) {
    return Error(Errc::kVerifyFailed, "the approval is not signed by the approver of this secret, or not for it");
  }
  if (auto done = device.check(code, "verify the approval"); !done) return done.error();
  return ticket;
}

// Brings the session to the state's policy, step by step: the first that does not hold says what is wrong.
Result<> satisfy(Device& device, const Place& session, const ApprovedState& state) {
  const auto selection = internal::selection_list(state.pcrs);
  const auto digest = internal::sized<TPM2B_DIGEST>(state.pcr_digest);
  const TSS2_RC measured =
      Esys_PolicyPCR(device.esys(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &selection);
  if (plain_code(measured) == TPM2_RC_VALUE) {
    return Error(Errc::kPermissionDenied, "the machine's registers are not those that were approved");
  }
  if (auto done = device.check(measured, "compare its registers"); !done) return done;

  const auto counter = internal::open_counter(device, state.counter);
  if (!counter) return counter.error();
  std::array<std::byte, 8> version{};
  store_be<std::uint64_t>(version, state.version);
  const auto operand = internal::sized<TPM2B_OPERAND>(version);
  const TSS2_RC compared =
      Esys_PolicyNV(device.esys(), counter->place.get(), counter->place.get(), session.get(), ESYS_TR_PASSWORD,
                    ESYS_TR_NONE, ESYS_TR_NONE, &operand, 0, internal::kCounterComparison);
  if (plain_code(compared) == TPM2_RC_POLICY) {
    return Error(Errc::kPermissionDenied, "the approval was superseded: the counter is above its version");
  }
  return device.check(compared, "compare its counter");
}

}  // namespace

Bytes SealedSecret::encode() const {
  return internal::BlobWriter(internal::BlobKind::kSealedSecret)
      .field(public_area)
      .field(private_area)
      .field(parent_name)
      .field(approver)
      .field(policy_ref)
      .finish();
}

Result<SealedSecret> SealedSecret::decode(ByteView bytes) {
  auto in = internal::BlobReader::open(bytes, internal::BlobKind::kSealedSecret, kMaxBytes);
  if (!in) return in.error().in("the sealed secret");
  SealedSecret out{};
  out.public_area = to_bytes(in->field(internal::kMaxPublicArea));
  out.private_area = to_bytes(in->field(internal::kMaxPrivateArea));
  out.parent_name = to_bytes(in->exactly(internal::kNameSize));
  const ByteView approver = in->exactly(out.approver.size());
  out.policy_ref = to_bytes(in->field(kMaxPolicyRef));
  if (!in->finished()) return Error(Errc::kMalformed, "the sealed secret is cut off, or something follows it");
  std::ranges::copy(approver, out.approver.begin());
  const auto area = internal::unmarshal<TPMT_PUBLIC>(Tss2_MU_TPMT_PUBLIC_Unmarshal, out.public_area, "a sealed secret");
  if (!area) return area.error();
  if (out.approver[0] != std::byte{4} || !is_sealed_area(*area, sealing_policy(out.approver, out.policy_ref))) {
    return Error(Errc::kMalformed, "the sealed secret is not for its approver, or not for what it says");
  }
  return out;
}

Result<SealedSecret> seal(Tpm& tpm, const crypto::Secret& secret, const crypto::P256PublicKey& approver,
                          ByteView policy_ref) {
  if (secret.empty() || secret.size() > SealedSecret::kMaxSecret) {
    return Error(Errc::kInvalidArgument, "what is sealed has 1 to 128 bytes");
  }
  if (policy_ref.size() > kMaxPolicyRef) {
    return Error(Errc::kInvalidArgument, "what a secret is for is said in 32 bytes at most");
  }
  const ByteView point(approver);
  if (point[0] != std::byte{4} ||
      !crypto::PublicKey::from_point(crypto::KeyType::kP256, point.subspan(1, 32), point.subspan(33, 32))) {
    return Error(Errc::kInvalidArgument, "the approver's key is no point of P-256");
  }
  Device& device = TpmAccess::of(tpm);
  const auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  const auto session = internal::start_session(device, TPM2_SE_HMAC, storage->place.get(), TPMA_SESSION_DECRYPT);
  if (!session) return session.error();
  TPM2B_SENSITIVE_CREATE sensitive{};
  sensitive.sensitive.data = internal::sized<TPM2B_SENSITIVE_DATA>(secret.reveal());
  const crypto::Sha256Digest policy = sealing_policy(approver, policy_ref);
  TPM2B_PUBLIC in{};
  in.publicArea = sealed_template(policy);
  const TPM2B_DATA nothing{};
  const TPML_PCR_SELECTION no_pcrs{};
  Owned<TPM2B_PRIVATE> encrypted;
  Owned<TPM2B_PUBLIC> made;
  Owned<TPM2B_CREATION_DATA> data;
  Owned<TPM2B_DIGEST> hash;
  Owned<TPMT_TK_CREATION> ticket;
  const TSS2_RC code =
      Esys_Create(device.esys(), storage->place.get(), session->get(), ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in,
                  &nothing, &no_pcrs, out(encrypted), out(made), out(data), out(hash), out(ticket));
  crypto::wipe(std::as_writable_bytes(std::span(sensitive.sensitive.data.buffer)));
  if (auto done = device.check(code, "seal the secret"); !done) return done.error();
  if (!is_sealed_area(made->publicArea, policy)) {
    return Error(Errc::kIo, "the TPM sealed under another policy than was asked for");
  }
  return SealedSecret{.public_area = internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, made->publicArea),
                      .private_area = to_bytes(internal::view(*encrypted)),
                      .parent_name = storage->name,
                      .approver = approver,
                      .policy_ref = to_bytes(policy_ref)};
}

Result<crypto::Secret> unseal(Tpm& tpm, const SealedSecret& sealed, const Approval& approval) {
  const auto message = approval_message(approval.state, sealed.policy_ref);
  if (!message) return message.error();
  Device& device = TpmAccess::of(tpm);
  const auto ticket = verify_approval(device, sealed.approver, *message, approval.signature);
  if (!ticket) return ticket.error();
  auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  const auto object = internal::load(
      device, *storage,
      {.public_area = sealed.public_area, .private_area = sealed.private_area, .parent_name = sealed.parent_name},
      "the sealed secret");
  if (!object) return object.error();
  // Salted to the very key that load() found to be the one that sealed.
  const auto session = internal::start_session(device, TPM2_SE_POLICY, storage->place.get(), TPMA_SESSION_ENCRYPT);
  if (!session) return session.error();
  storage->place.release();
  if (auto done = satisfy(device, *session, approval.state); !done) return done.error();

  const auto policy = internal::sized<TPM2B_DIGEST>(policy_digest(approval.state));
  const auto reference = internal::sized<TPM2B_NONCE>(sealed.policy_ref);
  TPM2B_NAME name{};
  const Bytes approver_name = internal::name_of(approver_public_area(sealed.approver));
  name.size = static_cast<std::uint16_t>(approver_name.size());
  std::ranges::copy(approver_name, std::as_writable_bytes(std::span(name.name)).begin());
  const auto authorised = device.check(Esys_PolicyAuthorize(device.esys(), session->get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                            ESYS_TR_NONE, &policy, &reference, &name, ticket->get()),
                                       "take the approval");
  if (!authorised) return authorised.error();
  Owned<TPM2B_SENSITIVE_DATA> data;
  const auto done = device.check(
      Esys_Unseal(device.esys(), object->place.get(), session->get(), ESYS_TR_NONE, ESYS_TR_NONE, out(data)), "unseal");
  if (!done) return done.error();
  auto secret = crypto::Secret::copy_of(internal::view(*data));
  crypto::wipe(std::as_writable_bytes(std::span(data->buffer)));
  return secret;
}

}  // namespace redoubt::tpm
