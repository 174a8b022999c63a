// What other modules need to know of a record without knowing its format: which stage of which exchange it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace redoubt::record {

enum class Stage : std::uint8_t { kAdmission, kOutcome, kDenial, kInterrupted, kOpened, kFact, kAttested };

// As written in `unmapped.redoubt.stage`, for example `admission`.
std::string_view to_string(Stage stage);

struct Summary {
  Stage stage = Stage::kAdmission;
  std::string exchange_uid;                      // metadata.correlation_uid; may be empty for kOpened, is for kFact
  std::string operation;                         // api.operation; of a kFact its kind
  UnixMillis time;                               // event time
  std::optional<std::uint64_t> admission_index;  // kOutcome and kInterrupted
};

// Errors: kTooLarge above 65,535 bytes; kMalformed when it is not a JSON object; kUnsupported for a record of a kind
// that this module does not write. Any thread; parses the whole record.
Result<Summary> summarize(ByteView record_json);

}  // namespace redoubt::record
