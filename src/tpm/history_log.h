// What a history in a TPM (nv_index.h) was extended with, so that it can be explained: which, in order, and where each
// is written down. Unlike registers it outlives the machine's restarts, so who puts old files back is noticed.
//
//   HistoryLog log(handle);                       // with create_history(); kept
//   log.add({.digest = digest, .index = fact});
//   write(log.encode());                          // first, as with a MeasurementLog
//   catch_up(tpm, log, authorisation);
//
// It keeps the newest kMaxEvents: older ones are folded into the value that it begins with, which loses what they were
// and none of what the newer ones prove, for no other beginning leads to the value that the TPM holds.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "tpm/nv_index.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

struct HistoryEvent {
  crypto::Sha256Digest digest{};  // of what happened
  std::uint64_t index = 0;        // where that is written down; grows from event to event

  friend bool operator==(const HistoryEvent&, const HistoryEvent&) = default;
};

// A value.
class HistoryLog {
 public:
  static constexpr std::size_t kMaxEvents = 1024;
  static constexpr std::size_t kEventBytes = 40;
  static constexpr std::size_t kMaxBytes = kMaxEvents * kEventBytes + 64;

  // Of the history that was made there, and that nothing happened to.
  explicit HistoryLog(NvHandle handle);

  // What encode() wrote. Errors: kTooLarge; kMalformed when it is in another form, or an index does not grow.
  static Result<HistoryLog> decode(ByteView bytes);
  Bytes encode() const;

  NvHandle handle() const { return handle_; }
  const std::vector<HistoryEvent>& events() const { return events_; }
  // What the TPM holds if all of it was extended.
  crypto::Sha256Digest value() const;

  // Appends without a TPM. kInvalidArgument when the index does not grow.
  Result<> add(const HistoryEvent& event);

 private:
  friend Result<> catch_up(Tpm& tpm, const HistoryLog& log, const crypto::Secret& authorisation);

  NvHandle handle_;
  crypto::Sha256Digest start_;  // before the first of events_
  std::vector<HistoryEvent> events_;
};

// Extends the history with those of the log's newest events that it lacks. Errors: kVerifyFailed when it holds nothing
// that the log passes through: log or TPM were put back, or exchanged; those of read_history(): kNotFound when the TPM
// has none, kPermissionDenied when it was deleted and made again.
Result<> catch_up(Tpm& tpm, const HistoryLog& log, const crypto::Secret& authorisation);

}  // namespace redoubt::tpm
