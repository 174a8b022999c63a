// Exercises: a playbook run on an incident that is simulated, so that people and playbook are tried and nobody is hurt.
//
//   const Exercise exercise = *make_exercise(playbook, "spring", now);
//   auto rehearsal = Rehearsal::create({exercise.playbook}, surroundings, Rehearsal::Keep::kFacts);
//   (*rehearsal)->take(exercise.signal);
//
// Each fact of an exercise says that it is one, by the tag `redoubt:exercise` of its alert, and the fold keeps it apart
// (fold_alerts.cc): it is about nobody who can be, all its responses are rehearsed, and it never is one alert or one
// incident with what is real.
//
// Values: any thread; what reads tables: the engine's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "behaviour/signal.h"
#include "incident/playbook.h"
#include "state/tables.h"

namespace redoubt::incident {

inline constexpr std::string_view kExerciseTag = "redoubt:exercise";
inline constexpr std::string_view kExerciseName = "exercise:";  // whom it is about is named so: `principal/exercise:…`

bool is_exercise(const std::vector<std::string>& tags);  // of an alert or a signal
bool is_exercise_key(std::string_view key);
bool is_exercise(std::string_view incident, state::Tables& tables);

struct Exercise {
  Playbook playbook;  // as it is, but for the number of signals that it waits for: one
  behaviour::Signal signal;
};

// A signal that the playbook is for. `name`: 1 to 64 of a-z 0-9 -. kInvalidArgument for another; for a playbook whose
// steps no one target fits.
Result<Exercise> make_exercise(const Playbook& playbook, std::string_view name, UnixMillis now);

}  // namespace redoubt::incident
