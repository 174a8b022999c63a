// What stands behind Engine: its state, and how an entry goes through it.
#pragma once

#include "behaviour/engine.h"
#include "behaviour/internal/state.h"

namespace redoubt::behaviour {

struct Engine::Impl {
  explicit Impl(const EngineOptions& engine_options) : options(engine_options), state(engine_options) {}

  Result<> begin(std::uint64_t index);
  void apply(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink);

  EngineOptions options;
  State state;
  ActivityReader reader;

 private:
  void look_at(std::uint64_t index, const Activity& activity, const Features* features, SignalSink& sink);
  bool take_time(UnixMillis time);
  void take_missing(std::uint64_t index);
  void take_principal(Context& context);
  void take_fact(Context& context);
};

}  // namespace redoubt::behaviour
