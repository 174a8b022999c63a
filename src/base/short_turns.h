// A thread for which others wait, on a processor that it shares with threads for which nobody does.
#pragma once

#include <cstdint>

namespace redoubt {

inline constexpr std::uint64_t kShortTurnNanoseconds = 100'000;  // the shortest that Linux gives

// Asks for turns of kShortTurnNanoseconds for the calling thread alone: woken, it then goes before threads whose turns
// are longer, rather than when theirs has ended, which is up to some milliseconds later. What it gets of the processor
// in all stays the same, and so do its policy and nice value. sched_setattr(2): `sched_runtime` of SCHED_OTHER and
// SCHED_BATCH is the length of a turn from Linux 6.12 on; earlier kernels take no notice.
//
// False: the system refuses, with the reason in errno, and the turns stay as they were. Threads that are started
// afterwards take it over. A thread of another policy is left alone, and that is no refusal.
bool take_short_turns();

}  // namespace redoubt
