// The facts of limits, and what the state makes of them.
//
//   limits.limit.set      object `limit/ID`: the limit as it is to be, whole
//   limits.limit.remove   object `limit/ID`
//
// docs/formats/limits-facts.md describes the bodies.
//
// A limit whose subject and shape another one has already is refused (kAlreadyExists). Usage is no fact: it changes
// with each request (meters.h).
//
// The engine's thread; a snapshot may be given to any.
#pragma once

#include <string>
#include <string_view>

#include "encoding/json_reader.h"
#include "limits/limits.h"
#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::limits {

inline constexpr std::string_view kLimitSet = "limits.limit.set";
inline constexpr std::string_view kLimitRemove = "limits.limit.remove";

class LimitsProjection final : public state::Projection {
 public:
  LimitsProjection();
  ~LimitsProjection() override;

  std::string_view module() const override { return "limits"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, state::Tables& tables) override;
  Result<> load(state::Tables& tables) override;
  void follow(const state::FoldedFact& fact, state::Tables& tables) override;

  // What is in force now. Cheap: a pointer.
  Limits snapshot() const { return limits_; }

 private:
  Limits limits_;
};

// ---- proposals: who wants what, in the engine's terms. `actor`, approval and idempotency are the caller's to fill in.

// The limit as it is to be; `now` is the one with this id, or null. `wanted.version` is the version that the object has
// by the caller's knowledge: that of `now`, or without it 0, or what a limit that was removed has left
// (state::Engine::version_of). kInvalidArgument as check().
Result<state::Proposal> propose_limit(const Limit* now, const Limit& wanted);
state::Proposal propose_limit_removal(const Limit& now);

// `limit/ID`.
std::string limit_object(std::string_view id);
// The limit as JSON: the body of `limits.limit.set`, without version.
void append_limit(std::string& out, const Limit& limit);
// The limit in such an object, whose members must all be known; `version` is not read. kInvalidArgument.
Result<Limit> read_limit(std::string_view id, const simdjson::dom::object& object);

}  // namespace redoubt::limits
