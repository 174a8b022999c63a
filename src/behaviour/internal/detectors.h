// The detectors, one file each. Each looks at an entry before it is learnt from, and keeps what it needs in the
// profiles. They do not know each other.
#pragma once

#include "behaviour/internal/state.h"

namespace redoubt::behaviour {

// Of nobody known: detect_stuffing.cc.
void detect_stuffing(Context& context);
// Of a principal, each entry. `context.who` is there.
void detect_stuffing_succeeded(Context& context);
void detect_denials(Context& context);            // denied access, models and operations never used, answers withheld
void detect_flood(Context& context);              // prompt floods
void detect_volume(Context& context);             // exfiltration by volume, shifts of the other quantities
void detect_bulk_data(Context& context);          // repeated large reads, bulk reads after more privileges
void detect_extraction(Context& context);         // of models by text
void detect_tensor_extraction(Context& context);  // of models by tensors
void detect_probing(Context& context);            // variants of one text
void detect_tools(Context& context);              // new tools, outbound calls after an injection
void detect_novelty(Context& context);            // several small new things at once
void detect_low_and_slow(Context& context);       // many credentials of one tenant

// Of things: models, tools, data sets. More in the running hour than ever.
void detect_shift(Context& context, About about, ProfileTable::Entry& entry);

// At the end of an entity's day, before it is learnt: drifts, ramps, peers.
void detect_at_day_end(Context& context, About about, ProfileTable::Entry& entry);

// roll.cc: ends the entity's hour and day when time has come further, and learns them.
void roll(Context& context, About about, ProfileTable::Entry& entry);
// Adds what the entry says to the running hour and day.
void learn(Context& context);

// A peak that rises at once while little is known, and later by a third at most each time: so that what was told does
// not become usual at once. While there may be a ramp (`rising`), by a twentieth: so that none teaches a new usual.
inline void raise_peak(float& peak, float value, float floor, bool young, bool rising = false) {
  if (value <= peak) {
    peak *= 0.998F;
  } else {
    peak = young ? value : std::min(value, rising ? peak * 1.05F : peak * 1.33F + floor / 4);
  }
}

}  // namespace redoubt::behaviour
