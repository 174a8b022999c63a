// Sigma rules beside the detectors: what they match becomes signals of the same form.
//
// A signal's rule is the Sigma rule's id (or name, or title), its key the group of a correlation (`FIELD=VALUE,…`) or
// else who was authenticated; at most kKeyMax bytes, beyond which a digest stands for the rest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "behaviour/activity.h"
#include "behaviour/signal.h"
#include "encoding/json_items.h"
#include "sigma/correlator.h"
#include "sigma/rule_set.h"

namespace redoubt::app {

// One thread. The same records in the same order give the same signals, wherever it was saved and restored between.
class SigmaSignals {
 public:
  static constexpr std::size_t kKeyMax = 512;
  static constexpr std::size_t kStateBytesMax = std::size_t{256} << 20;  // of all groups of correlations, about

  // `hash_key`: as CorrelatorOptions has it. Precondition: the rules ask no predicate.
  SigmaSignals(sigma::RuleSet rules, const std::array<std::uint64_t, 2>& hash_key);
  SigmaSignals(SigmaSignals&&) noexcept;
  SigmaSignals& operator=(SigmaSignals&&) noexcept;
  ~SigmaSignals();

  const sigma::RuleSet& rules() const;

  // What is no event of JSON matches nothing. `items`: the record's, where somebody has read them; or else null.
  // `activity`: of the record; null when it could not be read.
  void consume(std::uint64_t index, ByteView record, const encoding::JsonItems* items,
               const behaviour::Activity* activity, behaviour::SignalSink& sink);

  // What correlations and new terms hold, and what they forgot to make room.
  struct State {
    std::uint64_t rules = 0;
    std::uint64_t groups = 0;
    std::uint64_t bytes = 0;
    std::uint64_t evicted = 0;
  };
  State state() const;

  // What correlations have seen: Correlator::save() and restore().
  std::string save() const;
  Result<sigma::RestoreReport> restore(std::string_view state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redoubt::app
