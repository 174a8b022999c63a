#include "tpm/internal/device.h"

#include <tss2/tss2_rc.h>

namespace redoubt::tpm::internal {

namespace {

bool is_of_tpm(TSS2_RC code) {
  const TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

// What callers can tell apart. What a code means for one command only, its caller says.
Errc errc_of(TSS2_RC code) {
  if (!is_of_tpm(code)) return Errc::kIo;
  switch (plain_code(code)) {
    case TPM2_RC_LOCKOUT:
    case TPM2_RC_FAILURE:
    case TPM2_RC_INITIALIZE:
    case TPM2_RC_UPGRADE:
    case TPM2_RC_DISABLED:
    case TPM2_RC_RETRY:
    case TPM2_RC_YIELDED:
    case TPM2_RC_TESTING:
    case TPM2_RC_CANCELED:
    case TPM2_RC_NV_RATE:
    case TPM2_RC_NV_UNAVAILABLE:
    case TPM2_RC_MEMORY:
    case TPM2_RC_OBJECT_MEMORY:
    case TPM2_RC_SESSION_MEMORY:
    case TPM2_RC_OBJECT_HANDLES:
    case TPM2_RC_SESSION_HANDLES:
      return Errc::kUnavailable;
    case TPM2_RC_NV_SPACE:
      return Errc::kResourceExhausted;
    case TPM2_RC_NV_DEFINED:
      return Errc::kAlreadyExists;
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:
    case TPM2_RC_POLICY_FAIL:
    case TPM2_RC_NV_AUTHORIZATION:
      return Errc::kPermissionDenied;
    case TPM2_RC_PCR_CHANGED:
      return Errc::kConflict;
    default:
      return Errc::kIo;
  }
}

}  // namespace

TSS2_RC plain_code(TSS2_RC code) {
  if (!is_of_tpm(code)) return code;
  code &= ~TSS2_RC_LAYER_MASK;
  // Format one: bit 6 says that a parameter is meant, bits 8 to 11 which, or which handle or session.
  return (code & TPM2_RC_FMT1) != 0 ? code & (TPM2_RC_FMT1 | 0x3fU) : code;
}

Device::~Device() {
  Esys_Finalize(&esys_);
}

Result<> Device::start() {
  return check(Esys_Initialize(&esys_, transport_->tcti(), nullptr), "begin");
}

Error Device::error(TSS2_RC code, std::string_view tried) {
  const std::string context = "the TPM did not " + std::string(tried);
  if (const auto& broken = transport_->broken()) {
    const Errc errc = std::exchange(told_, true) ? Errc::kUnavailable : broken->code();
    return {errc, context + ": " + broken->message()};
  }
  std::string message = context + ": " + Tss2_RC_Decode(code);
  if (plain_code(code) == TPM2_RC_LOCKOUT) message += "; it is locked out after wrong authorisations, for a while";
  return {errc_of(code), std::move(message)};
}

void Place::release() {
  if (handle_ == ESYS_TR_NONE) return;
  // A TPM that does not flush is gone, and what was in it too: the next command tells.
  if (kind_ == Kind::kTransient) {
    (void)Esys_FlushContext(device_->esys(), handle_);
  } else {
    (void)Esys_TR_Close(device_->esys(), &handle_);
  }
  handle_ = ESYS_TR_NONE;
}

Result<Place> start_session(Device& device, TPM2_SE type, ESYS_TR salt_key, TPMA_SESSION attributes) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  ESYS_TR handle = ESYS_TR_NONE;
  const auto started =
      device.check(Esys_StartAuthSession(device.esys(), salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, nullptr, type, &symmetric, TPM2_ALG_SHA256, &handle),
                   "start a session");
  if (!started) return started.error();
  Place session(device, handle);
  if (auto set = set_attributes(device, session, attributes); !set) return set.error();
  return session;
}

Result<> set_attributes(Device& device, const Place& session, TPMA_SESSION attributes) {
  return device.check(
      Esys_TRSess_SetAttributes(device.esys(), session.get(), attributes | TPMA_SESSION_CONTINUESESSION, 0xff),
      "set the attributes of a session");
}

}  // namespace redoubt::tpm::internal
