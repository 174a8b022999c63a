// Holds: things that wait for somebody's decision. Whoever finds something that a person should look at (an inspection,
// a detector, an import) places a hold on it; somebody releases or refuses it, once.
//
//   holds.hold.place, .release, .refuse       object `hold/ID`; docs/formats/fact.md has their bodies
//
// The engine's thread. Holds are read from the tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::admin {

inline constexpr std::size_t kHoldsWaitingMax = 10'000;
inline constexpr std::size_t kHoldReasonMax = 200;  // characters

enum class HoldStatus : std::uint8_t { kWaiting, kReleased, kRefused };
std::string_view to_string(HoldStatus status);  // `waiting`, `released`, `refused`
std::optional<HoldStatus> parse_hold_status(std::string_view text);

struct Hold {
  std::string id;       // 16 of a-z 0-9
  std::string kind;     // what sort of thing waits: 1 to 64 of a-z 0-9 . _
  std::string subject;  // which one, in the words of its kind: 1 to 200 visible ASCII characters
  std::string reason;   // why it waits, one line: 1 to kHoldReasonMax characters
  std::string placed_by;
  UnixMillis placed{};
  HoldStatus status = HoldStatus::kWaiting;
  std::string decided_by;
  UnixMillis decided{};
  std::string decision_reason;
  std::uint64_t version = 0;
  friend bool operator==(const Hold&, const Hold&) = default;
};

class HoldsProjection final : public state::Projection {
 public:
  std::string_view module() const override { return "holds"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) override {}  // it has no sealed values
  Result<> load(state::Tables&) override { return {}; }
  void follow(const state::FoldedFact&, state::Tables&) override {}
};

std::string hold_object(std::string_view id);

// ---- proposals; `actor`, approval and idempotency are the caller's to fill in. kInvalidArgument for another form.

// Under a new id.
Result<state::Proposal> propose_hold(std::string_view kind, std::string_view subject, std::string_view reason);
Result<state::Proposal> propose_hold_decision(const Hold& hold, bool release, std::string_view reason);

// ---- from the tables.

Result<std::optional<Hold>> find_hold(state::Tables& tables, std::string_view id);
struct HoldFilter {
  std::optional<HoldStatus> status;
  std::optional<std::string> kind;
  std::optional<std::string> subject;
};
// In the order of ids, after `after`, at most `limit`.
Result<std::vector<Hold>> list_holds(state::Tables& tables, const HoldFilter& filter, std::string_view after,
                                     std::size_t limit);

}  // namespace redoubt::admin
