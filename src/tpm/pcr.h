// Platform configuration registers, in the bank of SHA-256: which, and what is in them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

inline constexpr unsigned kPcrCount = 24;  // of a PC client

// A set of registers. A value.
class PcrSelection {
 public:
  constexpr PcrSelection() = default;
  // Of registers below kPcrCount; another one is a mistake of the caller's.
  PcrSelection(std::initializer_list<unsigned> pcrs);
  // Bit n is register n. kInvalidArgument for bits from kPcrCount on.
  static Result<PcrSelection> from_bits(std::uint32_t bits);

  std::uint32_t bits() const { return bits_; }
  bool empty() const { return bits_ == 0; }
  bool contains(unsigned pcr) const { return pcr < kPcrCount && ((bits_ >> pcr) & 1U) != 0; }
  // TPML_PCR_SELECTION (Part 2 §10.9.7) of one bank, SHA-256, with three octets of bits.
  Bytes encode() const;

  friend bool operator==(PcrSelection, PcrSelection) = default;

 private:
  std::uint32_t bits_ = 0;
};

// By index. An approver writes down the values that it expects; a TPM has those that are there.
using PcrValues = std::map<unsigned, crypto::Sha256Digest>;

// The registers that `values` has. Precondition: all below kPcrCount.
PcrSelection selection_of(const PcrValues& values);
// The digest of a selection of registers (Part 1 §17.5): SHA-256 of their values, in ascending order.
crypto::Sha256Digest pcr_digest(const PcrValues& values);

// What the registers hold, all of one moment. Errors: kInvalidArgument for an empty selection; kUnsupported when the
// TPM has no such register or no bank of SHA-256; kConflict when they changed while they were read, four times over.
Result<PcrValues> read_pcrs(Tpm& tpm, PcrSelection pcrs);

}  // namespace redoubt::tpm
