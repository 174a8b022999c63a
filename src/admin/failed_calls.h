// Callers who could not say who they are, by source: each further failure is answered more slowly, and only so many
// wait at a time.
//
// A key has 256 random bits: nobody guesses one, and this is not what keeps them out. It keeps a loop with a wrong key,
// or a flood, from costing much. Whoever shows a good key is never slowed, whatever came from the same source before.
//
// One thread. Memory is bounded by kMaxSources.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace redoubt::admin {

class FailedCalls {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr unsigned kFree = 3;                          // failures that are answered at once
  static constexpr std::chrono::milliseconds kFirstDelay{100};  // then, doubling
  static constexpr std::chrono::milliseconds kMaxDelay{3200};
  static constexpr std::chrono::minutes kForgetAfter{10};  // without a failure
  static constexpr std::size_t kMaxSources = 1024;         // further ones count as one
  static constexpr std::size_t kMaxWaiting = 64;

  // Counts a failure. How long its answer waits; nothing: so many wait already that it is refused at once (429). After
  // a delay above zero, call waited() when it is over.
  std::optional<std::chrono::milliseconds> add(std::string_view source, Time now);
  void waited() { --waiting_; }

  std::size_t sources_for_test() const { return sources_.size(); }

 private:
  struct Source {
    unsigned failures = 0;
    Time last{};
  };

  void forget(Time now);

  std::unordered_map<std::string, Source> sources_;
  std::size_t waiting_ = 0;
};

// Who counts as one: an IPv6 address is its /64, for whoever has one address of it has them all.
std::string source_of(std::string_view address);

}  // namespace redoubt::admin
