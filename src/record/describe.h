// Records for people: what `redoubt ledger show` prints.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "record/opening.h"

namespace redoubt::record {

// Aligned `key  value` lines, each ending in a newline. With `opening`, each committed value is recomputed: one that
// holds is printed, indented behind `|` so that its text cannot pass for ours; one that does not is named and withheld.
// A record of unknown kind is printed as indented JSON.
//
// Safe for terminals whatever the record or opening holds: control characters, line and paragraph separators and
// direction overrides are written as escapes, bytes that are not UTF-8 as `\xNN`.
//
// Errors: kTooLarge above 65,535 bytes, kMalformed when it is not a JSON object. Any thread.
Result<std::string> describe(ByteView record_json, const Opening* opening = nullptr);

}  // namespace redoubt::record
