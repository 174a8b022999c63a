// What part of a tenant's traffic somebody or something has had within the last hour, as guards of responses ask.
//
// Counted are callers, each once a minute, not requests: so nobody has a larger part by sending more, and a flood that
// is to be stopped does not look like too much to stop. The part of a model, tool, data set or network is that of those
// who used it, in the minutes in which they did.
//
// One thread counts, any asks.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "behaviour/activity.h"
#include "behaviour/features.h"
#include "incident/response.h"

namespace redoubt::app {

class TrafficShares {
 public:
  static constexpr std::size_t kPairsMax = 200'000;  // of a caller and what it used; beyond, nothing is known

  // An exchange that was let in or denied, of somebody who was authenticated; others count for nothing.
  void count(const behaviour::Activity& activity, const behaviour::Features* features);

  // 0 to 1; nothing when nothing of the tenant is known, or not all.
  std::optional<double> share(const incident::Target& target, std::string_view tenant);
  // Whether anybody used it within the hour.
  bool seen(const incident::Target& target);

 private:
  // In which of the 60 minutes that end with `last`; bit 0 is that one.
  struct Minutes {
    std::uint64_t bits = 0;
    std::int64_t last = 0;
  };
  using Callers = std::unordered_map<std::string, Minutes>;
  using Uses = std::unordered_map<std::string, Callers>;  // by the target's text: who used it when

  void add(Uses& uses, incident::TargetType type, std::string_view name, std::string_view caller, std::int64_t minute);
  int minutes(const Minutes& of) const;
  std::int64_t minutes(const Callers& of) const;
  bool make_room();

  std::mutex mutex_;                               // guards what follows
  std::unordered_map<std::string, Uses> tenants_;  // by tenant
  std::size_t pairs_ = 0;
  std::int64_t minute_ = 0;            // of the latest record
  std::int64_t incomplete_until_ = 0;  // the minute in which all is known again
  std::int64_t swept_ = 0;             // the minute in which room was last made
};

}  // namespace redoubt::app
