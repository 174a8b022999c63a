// The signals that a change of rules would have raised and lost: the same records under both, side by side.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "behaviour/signal.h"
#include "redoubt/behaviour/detection.h"

namespace redoubt::app::behaviour_verbs {

// One thread. Two signals are the same when they have the same rule, key and entry; one that says something else then
// (another severity or title) has changed.
class ReplayAgainst {
 public:
  struct Change {
    enum class What : std::uint8_t { kRaised, kLost, kChanged };
    What what = What::kRaised;
    behaviour::Signal signal;  // of a lost one as it was, else as it would be
  };
  // Of one rule, by how it is called in signals.
  struct Tally {
    std::string title;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    std::uint64_t raised = 0;
    std::uint64_t lost = 0;
    std::uint64_t changed = 0;
  };

  // Both without detectors, which no rule changes.
  ReplayAgainst(Detection before, Detection after) : before_(std::move(before)), after_(std::move(after)) {}

  // What the next record changes, lost ones first; valid until the next call. Errors of Detection::consume().
  Result<const std::vector<Change>*> consume(std::uint64_t index, ByteView record);

  const std::map<std::string, Tally>& by_rule() const { return by_rule_; }
  Tally total() const;
  const Detection& after() const { return after_; }

 private:
  class Kept final : public behaviour::SignalSink {
   public:
    void take(behaviour::Signal signal) override { all.push_back(std::move(signal)); }
    std::vector<behaviour::Signal> all;
  };

  void note(Change::What what, behaviour::Signal signal);

  Detection before_;
  Detection after_;
  std::map<std::string, Tally> by_rule_;
  std::vector<Change> changes_;
};

}  // namespace redoubt::app::behaviour_verbs
