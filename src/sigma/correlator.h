// Correlations and new terms: what rules matched, over time and by group.
//
//   Correlator correlator(rules, {});
//   for (const Firing& firing : correlator.add({.time_ms = t, .id = index}, event, matcher.match(event))) …
//
// The same calls give the same firings. Sigma 2.1.0, Correlation Rules.
//
// Time is the events' own. A correlation looks back from the newest event of a group over the timespan, both ends
// included. Events may come late: each counts at its own time, and the condition is asked for the window that ends with
// the newest. One that is older than that window is too late: it counts nowhere, and `too_late` says how many. In a
// temporal_ordered an event follows those alone that came before it and are not later.
//
// Firing: when the condition begins to hold for a group, and again once each timespan while it goes on. The window is
// not emptied. A correlation that refers to correlations takes their firings, or, if it is `temporal` or
// `temporal_ordered`, every event at which their condition holds; group and fields are those of that event.
//
// Groups: the values of the fields in `group-by`, letter by letter. An event without a value for one of them counts
// nowhere. With several values it counts in each group, in at most 64. An event that several of the rules match counts
// once in a group.
//
// Bounds. A group keeps what the condition needs: at most 1,024 events of a window one by one, or as many as the
// condition's largest bound, whichever is less; beyond, `event_count`, `value_sum` and `value_avg` keep sums for each
// 1,024th of the timespan, `value_percentile` the newest 1,024 values, and `value_count` at most 16,384 distinct values
// (a larger bound is an error of the rule). There are at most `max_groups` groups for each correlation and `max_bytes`
// for all. To make room, groups whose window was over a timespan ago go first, which changes nothing for events that
// are at most a timespan behind the newest of all groups; then those that were seen once, the oldest first; then the
// least recent. Each of the latter is counted in `evicted`.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sigma/event.h"

namespace redoubt::sigma {

struct CorrelatorOptions {
  std::size_t max_groups = 1'000'000;              // of each correlation
  std::size_t max_bytes = std::size_t{512} << 20;  // of all groups, about
  std::size_t max_terms = 4096;                    // of each group of new terms; beyond, the oldest are evicted
  std::size_t max_contributing = 32;               // events that a firing names: the newest
  // Groups and values are known by their SipHash-2-4 of 128 bits. With a key that nobody outside knows, nobody can make
  // two of them alike. The same for a state that is restored.
  std::array<std::uint8_t, 16> hash_key{};
};

struct EventTime {
  std::int64_t time_ms = 0;  // since 1970
  std::uint64_t id = 0;      // the caller's, for contributing events: the index of a ledger's entry
};

struct GroupValue {
  std::string_view name;   // as in `group-by`
  std::string_view value;  // of this event
};

struct Firing {
  RuleIndex rule = 0;
  std::int64_t time_ms = 0;                     // of the newest event of the window
  std::uint64_t event = 0;                      // that made it fire
  bool reports = true;                          // as RuleInfo has it
  double measure = 0;                           // what the condition was asked of: a count, a sum, …; new terms: 1
  std::span<const GroupValue> group;            // in the order of `group-by`
  std::span<const std::uint64_t> contributing;  // ids, oldest first, the last is `event` unless that came late
};

// Since the start or the restored state, of one correlation.
struct CorrelationStats {
  std::uint64_t groups = 0;   // now
  std::uint64_t bytes = 0;    // now, about
  std::uint64_t counted = 0;  // events, once for each group
  std::uint64_t too_late = 0;
  std::uint64_t without_group = 0;  // a field of `group-by`, or the one that is counted, had no value
  std::uint64_t groups_cut = 0;     // groups that an event with many values would also have counted in
  std::uint64_t evicted = 0;        // groups whose window was not over
  std::uint64_t evicted_terms = 0;  // of new terms: forgotten before their time
};

struct RestoreReport {
  std::size_t restored = 0;  // correlations that go on
  std::size_t fresh = 0;     // that are not in the state or have changed: they start with nothing
  std::size_t dropped = 0;   // in the state, but no longer among the rules, or changed
};

// One thread at a time.
class Correlator {
 public:
  explicit Correlator(const RuleSet& rules, const CorrelatorOptions& options = {});
  Correlator(Correlator&&) noexcept;
  Correlator& operator=(Correlator&&) noexcept;
  ~Correlator();

  // Takes the next event and what Matcher found. Firings in the order of the rules, a correlation after those that it
  // refers to; valid, as is what they point to, until the next call and while the event's texts live.
  std::span<const Firing> add(const EventTime& when, const Event& event, std::span<const RuleIndex> matched);

  // Of the rule at this place; zeros for a detection.
  CorrelationStats stats(RuleIndex rule) const;

  // Everything that matters for later firings: a correlator that restores it goes on exactly. The same state gives the
  // same bytes. Format: docs/formats/correlator.md.
  std::string save() const;
  // Of what save() gave, for rules that may have changed since. A correlation goes on if its own text and that of the
  // rules that it refers to match the same. Errors: kCorrupt (nothing has changed then), kUnsupported (another
  // version), kInvalidArgument (another hash key), kTooLarge (more groups than the options allow).
  Result<RestoreReport> restore(std::string_view state);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace redoubt::sigma
