#include "tpm/approval.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "tpm/internal/approver_key.h"
#include "tpm/internal/blob.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace {

using crypto::sha256;
using crypto::Sha256Digest;

template <class T>
std::array<std::byte, sizeof(T)> be(T number) {
  std::array<std::byte, sizeof(T)> out{};
  store_be(MutableByteView(out), number);
  return out;
}

template <class T>
std::array<std::byte, sizeof(T)> le(T number) {
  std::array<std::byte, sizeof(T)> out{};
  store_le(MutableByteView(out), number);
  return out;
}

Result<> check(const ApprovedState& state) {
  if (state.pcrs.empty()) return Error(Errc::kInvalidArgument, "an approval is of one register or more");
  if (state.counter < kFirstNvHandle || state.counter > kLastNvHandle) {
    return Error(Errc::kInvalidArgument, "an approval's counter is at an NV index from 0x01800000 to 0x01bfffff");
  }
  return {};
}

}  // namespace

namespace internal {

TPMT_PUBLIC approver_area(const crypto::P256PublicKey& approver) {
  const ByteView point(approver);
  TPMT_PUBLIC area{};
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT;
  area.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
  area.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
  area.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
  area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  area.unique.ecc.x = sized<TPM2B_ECC_PARAMETER>(point.subspan(1, 32));
  area.unique.ecc.y = sized<TPM2B_ECC_PARAMETER>(point.subspan(33, 32));
  return area;
}

}  // namespace internal

ApprovedState approved_state(const PcrValues& pcrs, NvHandle counter, std::uint64_t version) {
  REDOUBT_CHECK(!pcrs.empty());
  return {.pcrs = selection_of(pcrs), .pcr_digest = pcr_digest(pcrs), .counter = counter, .version = version};
}

Sha256Digest policy_digest(const ApprovedState& state) {
  // Part 3 §23.7: the selection as given, and the digest of the registers.
  const Sha256Digest start{};
  const Sha256Digest after_pcr =
      sha256({start, be<std::uint32_t>(TPM2_CC_PolicyPCR), state.pcrs.encode(), state.pcr_digest});
  // Part 3 §23.9: the digest of operand, offset and operation, then the name of the index.
  const Sha256Digest comparison =
      sha256({be(state.version), be<std::uint16_t>(0), be<std::uint16_t>(internal::kCounterComparison)});
  return sha256({after_pcr, be<std::uint32_t>(TPM2_CC_PolicyNV), comparison, counter_name(state.counter)});
}

Result<Bytes> approval_message(const ApprovedState& state, ByteView policy_ref) {
  if (auto good = check(state); !good) return good.error();
  if (policy_ref.size() > kMaxPolicyRef) {
    return Error(Errc::kInvalidArgument, "what a secret is for is said in 32 bytes at most");
  }
  Bytes out = to_bytes(policy_digest(state));
  append(out, policy_ref);
  return out;
}

Bytes Approval::encode() const {
  return internal::BlobWriter(internal::BlobKind::kApproval)
      .field(le(state.pcrs.bits()))
      .field(state.pcr_digest)
      .field(le(state.counter))
      .field(le(state.version))
      .field(signature)
      .finish();
}

Result<Approval> Approval::decode(ByteView bytes) {
  auto in = internal::BlobReader::open(bytes, internal::BlobKind::kApproval, kMaxBytes);
  if (!in) return in.error().in("the approval");
  const ByteView pcrs = in->exactly(4);
  const ByteView digest = in->exactly(32);
  const ByteView counter = in->exactly(4);
  const ByteView version = in->exactly(8);
  const ByteView signature = in->exactly(64);
  if (!in->finished()) return Error(Errc::kMalformed, "the approval is cut off, or something follows it");
  const auto selection = PcrSelection::from_bits(load_le<std::uint32_t>(pcrs));
  if (!selection) return Error(Errc::kMalformed, "the approval is of registers that there are not");
  Approval out{};
  out.state.pcrs = *selection;
  std::ranges::copy(digest, out.state.pcr_digest.begin());
  out.state.counter = load_le<std::uint32_t>(counter);
  out.state.version = load_le<std::uint64_t>(version);
  std::ranges::copy(signature, out.signature.begin());
  if (auto good = check(out.state); !good) return Error(Errc::kMalformed, good.error().message());
  return out;
}

Result<Approval> approve(const ApprovedState& state, ByteView policy_ref, const crypto::P256PrivateKey& approver) {
  const auto message = approval_message(state, policy_ref);
  if (!message) return message.error();
  return Approval{.state = state, .signature = approver.sign(*message)};
}

Bytes approver_public_area(const crypto::P256PublicKey& approver) {
  return internal::marshal(Tss2_MU_TPMT_PUBLIC_Marshal, internal::approver_area(approver));
}

Sha256Digest sealing_policy(const crypto::P256PublicKey& approver, ByteView policy_ref) {
  // Part 3 §23.16: PolicyUpdate (§23.2.3) of zeros with the key's name, then with the reference.
  const Sha256Digest start{};
  const Sha256Digest named =
      sha256({start, be<std::uint32_t>(TPM2_CC_PolicyAuthorize), internal::name_of(approver_public_area(approver))});
  return sha256({named, policy_ref});
}

}  // namespace redoubt::tpm
