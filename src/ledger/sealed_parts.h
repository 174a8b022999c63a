// What lies sealed beside a record (docs/formats/opening.md): features for behaviour, and the opening.
//
// In version 2 the features stand in front, after a byte that says how many bytes they are. Without features it is the
// sealed opening alone, which begins with its own version, 1. What either of them says is for whoever has its key.
//
// Functions; any thread.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::ledger {

inline constexpr std::size_t kMaxSealedFeatures = 255;  // bytes

struct SealedParts {
  ByteView features;  // may be empty
  ByteView opening;   // may be empty
};

// Views into `sealed`. kMalformed for bytes of version 2 that end too early.
Result<SealedParts> split_sealed(ByteView sealed);

// Bytes that features take in front of an opening; 0 without any.
constexpr std::size_t features_part_size(std::size_t features_size) {
  return features_size == 0 ? 0 : 2 + features_size;
}
// Writes them to the front of `out`; returns what is behind. Precondition: at most kMaxSealedFeatures bytes, and room.
MutableByteView store_features(ByteView features, MutableByteView out);

}  // namespace redoubt::ledger
