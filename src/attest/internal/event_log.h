// Logs of what firmware and boot loaders measured, replayed to the registers that they extended: TCG2 logs,
// crypto-agile and legacy, to PCRs; confidential computing logs (CCEL) to RTMRs.
//
//   const auto replay = replay_tcg_log(log, crypto::HashAlgorithm::kSha256);
//   if (!replay) …                                 // not in its form
//   compare replay->registers with the quote; note_log(examination, *replay);
//
// A log is worth what the registers are worth that it is compared with. Only digests are extended, so the data of most
// events is proven by nothing: no claim is made from it. Redoubt's own events have the digest of their data. TCG PC
// Client Platform Firmware Profile 1.06 §10; Intel's Guest-Hypervisor Communication Interface and UEFI 2.10 §38.4 for
// CCEL.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace redoubt::attest {

class Examination;

struct LogReplay {
  static constexpr std::size_t kMaxEvents = 65'536;
  static constexpr unsigned kRegisters = 24;  // PCRs of a PC client
  static constexpr unsigned kRtmrs = 4;
  // In which a keeper measures the bundle in force (docs/operating/attested-server.md).
  static constexpr unsigned kBundleRegister = 15;

  crypto::HashAlgorithm bank = crypto::HashAlgorithm::kSha256;
  // Of a TCG log the PCRs that an event extended; of a CC log all RTMRs, RTMR n from the register index n + 1.
  std::map<unsigned, crypto::Digest> registers;
  std::size_t events = 0;
  // What the newest event of Redoubt's with the name `bundle` in register kBundleRegister holds: the digest of the
  // bundle that was measured last.
  std::optional<Bytes> bundle;
  // What is odd and still possible: a second separator in a register, an error that the firmware noted.
  std::vector<std::string> flags;
  // Where the log contradicts itself: a digest that is not of the event's data although its type says that it is
  // (§10.4.1: separators, actions, the version of the S-CRTM). At most 16 are told.
  std::vector<std::string> contradictions;
};

// The replay in `bank`; without one, in SHA-256, or in the strongest other that the log has: SHA-1 for a legacy log.
// Errors: kMalformed when it is not in its form, whole; kNotFound when it has no such bank; kTooLarge above kMaxEvents.
Result<LogReplay> replay_tcg_log(ByteView log, std::optional<crypto::HashAlgorithm> bank = std::nullopt);

// The replay in SHA-384. What follows the last event is all zeros or all 0xff, or nothing. Errors as above.
Result<LogReplay> replay_cc_log(ByteView log);

// Notes that the log agrees with itself, or does not, and claims `event_log_flags`, a list: a relying party that wants
// none of them demands it to be empty.
void note_log(Examination& examination, const LogReplay& replay);

}  // namespace redoubt::attest
