// What responses hold back, as the request path asks for it: an immutable snapshot, from which a request learns in a
// few lookups whether it may go on.
//
//   const Restriction held = restrictions.of({.now = now, .principal = "agent-7", .key = "k3…", .model =
//   "clinic-llm"}); if (held.stopped()) deny(held.response);
//
// A copy costs a pointer; a change shares all but what changes. A response that has come to its end holds nothing back,
// also when nobody was there to record the end. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "incident/response.h"
#include "state/persistent_map.h"

namespace redoubt::incident {

// What is asked about. Empty names are asked nothing about.
struct Exchange {
  UnixMillis now{};
  std::string_view principal;
  std::string_view key;
  std::string_view network;  // hash, as in signals
  std::string_view model;
  std::span<const std::string> tools;
  std::span<const std::string> data_sets;
  bool tools_cut = false;      // there are others, which are not known: whatever is held back of tools counts
  bool data_sets_cut = false;  // likewise
  // When the caller proved who they are, and when with a second factor. Whoever has not said so has not.
  UnixMillis authenticated{};
  std::optional<UnixMillis> second_factor;
};

// Of all responses that hold: the strictest of each sort.
struct Restriction {
  std::optional<Effect> stop;    // suspended or blocked: nothing passes
  bool revoked = false;          // authenticated before the response began, or in the same millisecond
  bool review = false;           // each request waits for a reviewer
  bool step_up = false;          // no second factor since the response began
  std::uint32_t per_minute = 0;  // of the target named in `throttled`; 0: no throttle
  std::string throttled;         // text of the target
  std::string families;          // matches that are stopped: `attack,secret`; in order, each once
  std::string response;          // id of the one that decided, the first in the order above; empty: none holds

  bool any() const { return !response.empty(); }
  // Whether what is under way ends.
  bool ends() const { return stop || revoked; }
};

class Restrictions {
 public:
  Restriction of(const Exchange& exchange) const;
  bool empty() const { return by_target_.size() == 0; }

  // Active responses.
  void add(const Response& response);
  // Precondition: `response` names the target that it was added with.
  void remove(const Response& response);

  // Whether any target of this type is held back: whether it is worth asking what a request names of it.
  bool any_of(TargetType type) const { return of_type_[static_cast<std::size_t>(type)] > 0; }
  // What slows somebody down at `now`, in the order of targets and ids.
  std::vector<Response> throttles(UnixMillis now) const;
  // Those that hold `target` at `now`, in the order of ids.
  std::vector<Response> holding(const Target& target, UnixMillis now) const;

 private:
  using Held = std::vector<Response>;
  state::PersistentMap<Held> by_target_;
  std::size_t throttles_ = 0;
  std::array<std::size_t, kTargetTypeCount> of_type_{};
};

}  // namespace redoubt::incident
