// What Redoubt measured, in order: a TCG2 log, crypto-agile, that replays to the registers, and the measuring itself.
//
//   MeasurementLog log;
//   log.add({.pcr = 12, .name = "program", .value = sha256_of_the_program});
//   write(log.encode());   // first: what is extended and written down nowhere could be explained to nobody
//   catch_up(tpm, log);
//
// A verifier takes what was written as the event log of a quote.
//
// TCG PC Client Platform Firmware Profile 1.06 §10. Every event is an EV_EVENT_TAG with kTag, whose data is the name, a
// zero byte and the value; its digest is the SHA-256 of the event's bytes, so whoever has the log knows what was
// measured and not its digest alone.
//
// What this proves is little by itself: whoever is root before the first measurement can extend the same digests, for
// they are no secret. A register stands for the software only together with those of the boot (0 to 7), which firmware
// measured before any software of ours ran.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

// 8 to 15 are the operating system's, and nothing but a reset of the machine resets them. Those below are firmware's;
// 16 and 23 are for debugging and applications, and anybody resets them; 17 to 22 belong to the dynamic root of trust.
inline constexpr unsigned kFirstMeasuredPcr = 8;
inline constexpr unsigned kLastMeasuredPcr = 15;

struct Measurement {
  unsigned pcr;
  std::string name;  // 1 to kMaxName characters of printable ASCII without spaces
  Bytes value;       // at most kMaxValue bytes: a digest of what is measured, or the thing itself when it is short

  friend bool operator==(const Measurement&, const Measurement&) = default;
};

// A value.
class MeasurementLog {
 public:
  static constexpr std::size_t kMaxEvents = 1024;
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxValue = 1024;
  static constexpr std::size_t kMaxBytes = kMaxEvents * (kMaxName + kMaxValue + 64);
  static constexpr std::uint32_t kTag = 0x54424452;  // taggedEventID: `RDBT` in the bytes of the log

  // A log that encode() wrote, from before this process: registers outlive processes. Errors: kTooLarge above kMaxBytes
  // or kMaxEvents; kMalformed when it is in another form; kVerifyFailed when a digest is not of its event.
  static Result<MeasurementLog> decode(ByteView bytes);
  Bytes encode() const;

  const std::vector<Measurement>& measurements() const { return measurements_; }
  // The newest event of the register; null when it has none. Valid until the log changes.
  const Measurement* last_of(unsigned pcr) const;
  // What the registers that have events hold if nobody else extended them.
  PcrValues replay() const;

  // The digest that `measurement` extends its register with. An approver computes what a machine will hold with it and
  // add(). Errors: kInvalidArgument for a register that measure() refuses, a name or a value outside the limits.
  static Result<crypto::Sha256Digest> digest_of(const Measurement& measurement);
  // Appends without a TPM. Errors: as digest_of(); kResourceExhausted at kMaxEvents.
  Result<> add(Measurement measurement);

 private:
  std::vector<Measurement> measurements_;
};

// Extends the log's registers with those of its events that they lack: the newest ones, which a process that was killed
// had written down and no more. Only for a log of this boot of the machine: registers that begin anew have a log that
// does. Errors: kConflict when a register holds nothing that the log passes through; those of read_pcrs().
Result<> catch_up(Tpm& tpm, const MeasurementLog& log);

// Extends the register, and then the log. Errors: kInvalidArgument for a register outside kFirstMeasuredPcr to
// kLastMeasuredPcr, a name or a value outside the limits; kResourceExhausted when the log is full; kConflict when the
// register holds something else than the log replays to: somebody else extended it, and what is measured now could not
// be explained to anybody.
Result<> measure(Tpm& tpm, MeasurementLog& log, Measurement measurement);

}  // namespace redoubt::tpm
