#include "behaviour/simulation/score.h"

#include <algorithm>

namespace redoubt::behaviour::simulation {
namespace {

// Some show only at the end of the day after, and after a weekend.
constexpr std::int64_t kLateMs = std::int64_t{4} * 24 * 3'600'000;

bool tells(const Signal& signal, const Attack& attack) {
  if (signal.time.value < attack.begin_ms || signal.time.value > attack.end_ms + kLateMs) return false;
  if (std::find(attack.rules.begin(), attack.rules.end(), signal.rule) == attack.rules.end()) return false;
  if (attack.key.ends_with('*')) return signal.key.starts_with(attack.key.substr(0, attack.key.size() - 1));
  return signal.key == attack.key;
}

}  // namespace

Score score(const SimulationOptions& options) {
  Score out;
  Simulation simulation(options);
  Engine engine(EngineOptions{});
  Collector collector;
  simulation.run([&](const SimulatedRecord& record) {
    ++out.records;
    (void)engine.apply(record.index, record.activity, record.features, collector).has_value();
  });
  out.attacks = simulation.attacks();
  for (const Attack& attack : out.attacks) {
    auto& told = out.told.emplace_back();
    for (const Signal& signal : collector.signals) {
      if (!tells(signal, attack)) continue;
      told = {signal.rule, signal.time.value - attack.begin_ms, signal.index};
      break;
    }
  }
  out.signals = std::move(collector.signals);
  return out;
}

}  // namespace redoubt::behaviour::simulation
