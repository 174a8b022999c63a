// What a meter knows, in one word of 64 bits, and the arithmetic on it. Pure functions; the words are shared by
// compare-and-swap (meter_table.h).
//
// A bucket is a virtual schedule, as in the Generic Cell Rate Algorithm (ITU-T I.371, Annex A): the word is the time,
// in nanoseconds since 1970, at which everything charged so far will have flowed in again. What is charged moves it on
// by the time that it takes to flow in; it may not lie further in the future than the burst takes. That time is rounded
// up by less than a nanosecond a charge, against the caller.
//
// A window is its number, modulo 2^20, in the upper 20 bits, and what was used of it in the lower 44. A number behind
// that of now (by less than half of 2^20: a year, in minutes) is past; one ahead means that the clock was set back, and
// counts on.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "limits/internal/rule.h"

namespace redoubt::limits {

using MeterState = std::uint64_t;

// Of a meter that is being forgotten; no state is this.
inline constexpr MeterState kForgotten = ~MeterState{0};

// Where a charge went, for giving it back: of a bucket, when it began to flow in again; of a window, its number and how
// much, as in a state.
using Mark = std::uint64_t;

MeterState fresh(MeterKind kind, UnixMillis now);
// Whether forgetting it changes nothing.
bool is_idle(MeterKind kind, MeterState state, UnixMillis now);
// Which of two states of one meter has more used; ties: either.
MeterState fuller(MeterKind kind, MeterState a, MeterState b);
// The state that was saved at another time, so that it means the same now: nothing when it is idle.
std::optional<MeterState> revived(MeterKind kind, MeterState state, UnixMillis saved_at, UnixMillis now);

struct Charge {
  MeterState state;  // with `n` charged
  Mark mark;
};
// Whatever it has; a window saturates at 2^44 - 2, a bucket at 400 days.
Charge charged(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now);
// Only when it fits. `n` is at least 1.
std::optional<Charge> charged_if_fits(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now);
// The mark of no charge, and of two.
Mark no_mark(const Rule& rule);
Mark joined(const Rule& rule, Mark first, Mark second);

// Of `charged` that went where `mark` says, all but `kept` given back, as far as time has not done so already.
MeterState given_back(const Rule& rule, MeterState state, Mark mark, std::uint64_t charged, std::uint64_t kept,
                      UnixMillis now);

std::uint64_t remaining(const Rule& rule, MeterState state, UnixMillis now);
// Until the window ends, or the bucket is full.
std::int64_t reset_ms(const Rule& rule, MeterState state, UnixMillis now);
// Until `n`, at least 1, fits; 0 when it does now, nothing when it never will.
std::optional<std::int64_t> wait_ms(const Rule& rule, MeterState state, std::uint64_t n, UnixMillis now);

}  // namespace redoubt::limits
