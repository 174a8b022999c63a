// An approval together with what it is of, as text that a person can read: what was measured, in which order, and what
// firmware's registers hold.
//
//   ApprovalFile file{.counter = counter, .version = 2, .boot = {}, .measured = log};   // from the programs' files
//   file.sign(policy_ref, approver_key);
//   write(file.format());
//   …
//   auto file = ApprovalFile::parse(text);
//   auto secret = unseal(tpm, sealed, file->approval());
//
// What the approver signs is an ApprovedState, which is computed from the rest of the file. So whoever alters a word of
// it has a file whose signature does not hold, and a machine that differs can be told in what (describe_differences()).
// docs/formats/tpm-files.md
//
// Values. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "tpm/approval.h"
#include "tpm/measurement_log.h"
#include "tpm/nv_index.h"
#include "tpm/pcr.h"

namespace redoubt::tpm {

struct ApprovalFile {
  static constexpr std::size_t kMaxBytes = 16 * 1024;
  static constexpr std::size_t kMaxMeasurements = 32;
  static constexpr std::size_t kMaxValue = 64;  // bytes of a measurement: digests
  static constexpr unsigned kLastBootPcr = 7;

  NvHandle counter = 0;
  std::uint64_t version = 0;  // the highest value of the counter with which it holds
  PcrValues boot;             // of registers 0 to kLastBootPcr; empty: they do not matter
  MeasurementLog measured;    // one measurement at least, since the machine was started
  crypto::P256Signature signature{};

  // Precondition: `measured` is not empty.
  ApprovedState state() const;
  Approval approval() const { return {.state = state(), .signature = signature}; }

  // Errors: as approve(); kInvalidArgument for what could not be parsed again.
  Result<> sign(ByteView policy_ref, const crypto::P256PrivateKey& approver);
  bool is_signed_by(const crypto::P256PublicKey& approver, ByteView policy_ref) const;

  std::string format() const;
  // Says nothing about the signature. Errors: kTooLarge above kMaxBytes; kMalformed for anything that format() does not
  // write.
  static Result<ApprovalFile> parse(std::string_view text);
};

// What a machine has that the approval does not: one line for a person, empty when nothing differs. `registers`: what
// those of the approval hold now; `measured`: what the machine says that it measured.
std::string describe_differences(const ApprovalFile& approved, const MeasurementLog& measured,
                                 const PcrValues& registers);

}  // namespace redoubt::tpm
