// What the state makes of the facts of alerts, incidents and responses (facts.h). What holds after every fact:
//
// - An alert that names an incident names one that there is. Whoever is merged is merged into one that is neither
// merged nor
//   closed; alerts move along.
// - Of one target at most kHeldMax responses are active. An active one has an end.
// - What has ended begins no more, and a closed incident changes no more.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "incident/restrictions.h"
#include "state/projection.h"

namespace redoubt::incident {

inline constexpr std::int64_t kHeldMax = 64;         // active responses of one target
inline constexpr std::int64_t kNotesMax = 1000;      // of one incident
inline constexpr std::int64_t kActiveMax = 100'000;  // responses, in all

// One thread, that of the engine; what it hands out: any.
class IncidentProjection final : public state::Projection {
 public:
  std::string_view module() const override { return "incident"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) override;
  Result<> load(state::Tables& tables) override;
  void follow(const state::FoldedFact& fact, state::Tables& tables) override;

  // What is in force now. Cheap: a pointer.
  const Restrictions& restrictions() const { return restrictions_; }

 private:
  Restrictions restrictions_;
};

}  // namespace redoubt::incident
