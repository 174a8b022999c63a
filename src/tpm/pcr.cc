#include "tpm/pcr.h"

#include <algorithm>

#include "base/check.h"
#include "tpm/internal/device.h"
#include "tpm/internal/marshal.h"
#include "tpm/internal/pcr_select.h"

namespace redoubt::tpm {

namespace {

constexpr int kReadTries = 4;

}  // namespace

PcrSelection::PcrSelection(std::initializer_list<unsigned> pcrs) {
  for (const unsigned pcr : pcrs) {
    REDOUBT_CHECK(pcr < kPcrCount);
    bits_ |= 1U << pcr;
  }
}

Result<PcrSelection> PcrSelection::from_bits(std::uint32_t bits) {
  if ((bits >> kPcrCount) != 0) return Error(Errc::kInvalidArgument, "registers are numbered from 0 to 23");
  PcrSelection out;
  out.bits_ = bits;
  return out;
}

Bytes PcrSelection::encode() const {
  return internal::marshal(Tss2_MU_TPML_PCR_SELECTION_Marshal, internal::selection_list(*this));
}

PcrSelection selection_of(const PcrValues& values) {
  std::uint32_t bits = 0;
  for (const auto& [pcr, value] : values) {
    REDOUBT_CHECK(pcr < kPcrCount);
    bits |= 1U << pcr;
  }
  return *PcrSelection::from_bits(bits);
}

crypto::Sha256Digest pcr_digest(const PcrValues& values) {
  crypto::Sha256 hash;
  for (const auto& [pcr, value] : values) hash.update(value);
  return hash.finish();
}

namespace internal {

TPML_PCR_SELECTION selection_list(PcrSelection pcrs) {
  TPML_PCR_SELECTION out{};
  out.count = 1;
  out.pcrSelections[0].hash = TPM2_ALG_SHA256;
  out.pcrSelections[0].sizeofSelect = 3;
  for (unsigned i = 0; i < 3; ++i) {
    out.pcrSelections[0].pcrSelect[i] = static_cast<std::uint8_t>((pcrs.bits() >> (8 * i)) & 0xffU);
  }
  return out;
}

namespace {

// The registers that a list selects; nothing when it is not of one bank, SHA-256.
std::uint32_t bits_of(const TPML_PCR_SELECTION& list) {
  std::uint32_t bits = 0;
  if (list.count != 1 || list.pcrSelections[0].hash != TPM2_ALG_SHA256) return bits;
  for (unsigned i = 0; i < std::min<unsigned>(list.pcrSelections[0].sizeofSelect, 3); ++i) {
    bits |= std::uint32_t{list.pcrSelections[0].pcrSelect[i]} << (8 * i);
  }
  return bits;
}

// Empty when registers changed meanwhile.
Result<PcrValues> read_once(Device& device, PcrSelection pcrs) {
  PcrValues values;
  std::uint32_t counter = 0;
  std::uint32_t left = pcrs.bits();
  // A TPM gives at most eight in one answer.
  while (left != 0) {
    const auto wanted = selection_list(*PcrSelection::from_bits(left));
    std::uint32_t now = 0;
    Owned<TPML_PCR_SELECTION> given;
    Owned<TPML_DIGEST> digests;
    const auto read = device.check(
        Esys_PCR_Read(device.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, &now, out(given), out(digests)),
        "read its registers");
    if (!read) return read.error();
    const std::uint32_t bits = bits_of(*given) & left;
    if (bits == 0) return Error(Errc::kUnsupported, "the TPM has no such register, or no bank of SHA-256");
    if (!values.empty() && now != counter) return PcrValues();
    counter = now;
    std::uint32_t next = 0;
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
      if (((bits >> pcr) & 1U) == 0) continue;
      if (next >= digests->count) return Error(Errc::kIo, "the TPM gave fewer registers than it said");
      const ByteView value = view(digests->digests[next++]);
      crypto::Sha256Digest& to = values[pcr];
      if (value.size() != to.size()) return Error(Errc::kIo, "the TPM gave a register that has not 32 bytes");
      std::ranges::copy(value, to.begin());
    }
    left &= ~bits;
  }
  return values;
}

}  // namespace

Result<PcrValues> read_pcrs(Device& device, PcrSelection pcrs) {
  if (pcrs.empty()) return Error(Errc::kInvalidArgument, "no register was selected");
  for (int i = 0; i < kReadTries; ++i) {
    auto values = read_once(device, pcrs);
    if (!values || !values->empty()) return values;
  }
  return Error(Errc::kConflict, "registers changed while they were read");
}

}  // namespace internal

Result<PcrValues> read_pcrs(Tpm& tpm, PcrSelection pcrs) {
  return internal::read_pcrs(TpmAccess::of(tpm), pcrs);
}

}  // namespace redoubt::tpm
