#include "tpm/endorsement.h"

#include <algorithm>

#include "crypto/x509.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/nv_public.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace {

using internal::Device;
using internal::out;
using internal::Owned;

constexpr std::size_t kMaxCertificate = 4096;
constexpr std::uint16_t kPiece = 512;  // no TPM for PCs reads less at once

// The whole index; the maker may have left bytes after the certificate.
Result<Bytes> read_index(Device& device, TPM2_HANDLE handle) {
  const auto index = internal::open_nv(device, handle);
  if (!index) return index.error();
  const std::size_t size = index->area.dataSize;
  if (size > kMaxCertificate) return Error(Errc::kTooLarge, "the endorsement certificate is above 4 KiB");
  const bool by_itself = (index->area.attributes & TPMA_NV_AUTHREAD) != 0;
  const ESYS_TR authority = by_itself ? index->place.get() : ESYS_TR_RH_OWNER;
  Bytes bytes;
  while (bytes.size() < size) {
    const auto count = static_cast<std::uint16_t>(std::min<std::size_t>(kPiece, size - bytes.size()));
    Owned<TPM2B_MAX_NV_BUFFER> data;
    const auto read =
        device.check(Esys_NV_Read(device.esys(), authority, index->place.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, count, static_cast<std::uint16_t>(bytes.size()), out(data)),
                     "read its endorsement certificate");
    if (!read) return read.error();
    if (data->size != count) return Error(Errc::kIo, "the TPM gave another part of its certificate than was asked for");
    append(bytes, internal::view(*data));
  }
  return bytes;
}

// The DER without what follows it: a SEQUENCE whose length has two bytes (X.690 §8.1.3), as every certificate's has.
Result<Bytes> trim(Bytes bytes) {
  constexpr std::size_t kHeader = 4;
  const bool sequence = bytes.size() >= kHeader && bytes[0] == std::byte{0x30} && bytes[1] == std::byte{0x82};
  const std::size_t size = sequence ? kHeader + load_be<std::uint16_t>(ByteView(bytes).subspan(2)) : 0;
  if (size == 0 || size > bytes.size()) {
    return Error(Errc::kMalformed, "what the TPM holds as endorsement certificate is none");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<Endorsement> read_endorsement(Tpm& tpm) {
  Device& device = TpmAccess::of(tpm);
  const TpmIdentity& identity = tpm.identity();
  const bool rsa = identity.has_rsa_certificate && !identity.has_ec_certificate;
  const auto made = internal::make_endorsement_key(device, rsa);
  if (!made) return made.error();
  auto key = internal::public_key_of(made->area);
  if (!key) return key.error();
  Endorsement out{.public_area = internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, made->area),
                  .key = *std::move(key),
                  .certificate = {}};
  if (!identity.has_ec_certificate && !identity.has_rsa_certificate) return out;
  auto bytes = read_index(device, rsa ? internal::kRsaCertificate : internal::kEcCertificate);
  if (!bytes) return bytes.error();
  auto der = trim(*std::move(bytes));
  if (!der) return der.error();
  const auto certificate = crypto::Certificate::from_der(*der);
  if (!certificate) return certificate.error().in("the TPM's endorsement certificate");
  if (certificate->public_key().spki_sha256() != out.key.spki_sha256()) {
    return Error(Errc::kVerifyFailed, "the TPM's endorsement certificate is of another key than its endorsement key");
  }
  out.certificate = *std::move(der);
  return out;
}

}  // namespace redoubt::tpm
