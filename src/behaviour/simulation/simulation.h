// A month of an organisation's records, made up: who is there, when they work, what they use, what goes wrong, and,
// where asked for, who attacks. For tests and measurements of behaviour; no part of the server.
//
//   Simulation simulation({.seed = 7, .attacks = {"prompt_flood"}});
//   simulation.run([&](const SimulatedRecord& record) { engine.apply(record.index, record.activity, record.features,
//   sink); }); for (const Attack& attack : simulation.attacks()) …                       // what should have been told,
//   of whom
//
// People have office hours, lunch, weekends, holidays and leave, work from offices, from home and while travelling, are
// on call, join and slowly begin, change groups, try what they may not, repeat and rephrase themselves. Applications
// have load that follows the day, nightly batches, limits that they run into, and texts from templates. Agents call
// tools. A model and a tool are rolled out, a policy is wrong for a day, an upstream is out for an hour and is tried
// again, a client retries with a key that has ended, and the Internet knocks. Amounts are log-normal, with good and bad
// days.
//
// The same options give the same records. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "behaviour/activity.h"
#include "behaviour/features.h"

namespace redoubt::behaviour::simulation {

struct SimulationOptions {
  std::uint64_t seed = 1;
  unsigned people = 300;
  unsigned applications = 24;
  unsigned agents = 24;
  unsigned days = 30;
  std::vector<std::string> attacks;  // by name, see attack_names()
  bool features = true;              // false: as after an erasure
};

// All attacks that can be asked for.
std::vector<std::string_view> attack_names();

struct Attack {
  std::string name;
  std::vector<std::string> rules;  // any of them tells it
  std::string key;                 // of the signal; ends in `*`: begins so
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
};

struct SimulatedRecord {
  std::uint64_t index = 0;
  const Activity& activity;  // valid during the call
  const Features* features;  // null: none
  bool attack = false;       // made by an attack
};

class Simulation {
 public:
  // Precondition: every attack is one of attack_names(), days at least 28 when there are any.
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();

  void run(const std::function<void(const SimulatedRecord&)>& take);
  const std::vector<Attack>& attacks() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The record as the gateway writes it (src/record), with what behaviour reads besides: tools and data sets. Facts are
// none of it.
std::string record_json(const Activity& activity);

}  // namespace redoubt::behaviour::simulation
