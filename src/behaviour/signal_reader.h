// Signals read back from the lines that append_signal() wrote.
//
// Any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "behaviour/signal.h"

namespace redoubt::behaviour {

inline constexpr std::size_t kSignalLineMax = 64 * 1024;  // bytes

// The signal of one line, without its end. Exactly what append_signal() writes for it: kMalformed otherwise; kTooLarge
// above kSignalLineMax.
Result<Signal> read_signal(std::string_view line);

}  // namespace redoubt::behaviour
