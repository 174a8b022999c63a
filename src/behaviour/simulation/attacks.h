// Attacks, each on victims of its own.
#pragma once

#include <string>
#include <vector>

#include "behaviour/simulation/events.h"
#include "behaviour/simulation/simulation.h"

namespace redoubt::behaviour::simulation {

struct PlannedAttack {
  Attack attack;
  Events events;
};

// `number`: its place among the attacks of this simulation, so that no two have the same victim.
PlannedAttack plan_attack(const Organisation& organisation, std::uint64_t seed, std::string_view name, unsigned number);

}  // namespace redoubt::behaviour::simulation
