// Threads that work beside those that answer requests.
#pragma once

namespace redoubt::app {

inline constexpr int kBackgroundNice = 10;

// Names the calling thread, of at most 15 characters, and has it step back behind the others: nice kBackgroundNice, and
// SCHED_BATCH, by which it does not interrupt who runs when it wakes. What the system refuses is a line of the log, and
// no reason not to work.
void become_background_thread(const char* name);

}  // namespace redoubt::app
