// What the keeper holds the gateway to on its rings (docs/formats/ring.md).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::ledger::internal {

// Ring bytes of answers that opened values leave free: a short answer to every ticket, keys, checkpoints.
inline constexpr std::size_t kAnswerReserveBytes = 768 * 1024;

// A rule was broken; the service ends.
inline Error hostile(std::string_view what) {
  return Error(Errc::kCorrupt, "the gateway broke the rules of the ring: " + std::string(what));
}

}  // namespace redoubt::ledger::internal
