// How well an engine told the attacks of a simulation, and how often it told something of a month without any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "behaviour/engine.h"
#include "behaviour/simulation/simulation.h"

namespace redoubt::behaviour::simulation {

// Keeps what it is told.
class Collector final : public SignalSink {
 public:
  void take(Signal signal) override { signals.push_back(std::move(signal)); }
  std::vector<Signal> signals;
};

struct Score {
  std::uint64_t records = 0;
  std::vector<Signal> signals;
  std::vector<Attack> attacks;
  // Of each attack, in their order, the first signal that tells it: its rule, and how long after it began; nothing: it
  // was not told.
  struct Told {
    std::string rule;
    std::int64_t after_ms = 0;
    std::uint64_t index = 0;
  };
  std::vector<std::optional<Told>> told;
};

// Plays the month through a new engine.
Score score(const SimulationOptions& options);

}  // namespace redoubt::behaviour::simulation
