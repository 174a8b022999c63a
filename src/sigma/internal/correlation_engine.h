// What a Correlator has: a table of groups for each correlation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/correlator.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/group_table.h"
#include "sigma/internal/window.h"

namespace redoubt::sigma {

class Correlator::Engine {
 public:
  Engine(const RuleSet& rules, const CorrelatorOptions& options);

  std::span<const Firing> add(const EventTime& when, const Event& event, std::span<const RuleIndex> matched);
  CorrelationStats stats(RuleIndex rule) const;

  // correlator_state.cc
  std::string save() const;
  Result<RestoreReport> restore(std::string_view bytes);

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::size_t kMaxGroups = 64;  // that one event counts in, and values of one event

  // A member of a correlation that matched this event; of a correlation with the values of its group.
  struct Arrival {
    std::uint32_t member = 0;
    std::uint32_t group = kNone;  // place of its first value in group_values_
  };
  // The groups that one event is in, by the values of some fields. Many correlations group by the same fields: then it
  // is made once for each event.
  struct Grouping {
    std::vector<FieldSlot> fields;
    std::uint64_t event = 0;                             // for which the rest was made; none: 0
    bool complete = false;                               // each field has a value
    std::vector<std::vector<std::string_view>> choices;  // of each field, its values
    std::size_t combinations = 0;                        // of these; about, when there are very many
    std::vector<internal::Hash128> keys;                 // of the combinations, at most kMaxGroups; the last field's
                                                         // values change first
    std::string_view value(std::size_t combination, std::size_t field) const;
  };
  struct Part {
    const internal::CorrelationRule* rule = nullptr;
    internal::Window window;
    internal::GroupTable table;
    CorrelationStats stats;
    std::int64_t newest_ms = internal::kNever;
    // Groups whose newest event is older may be forgotten: no event that is at most a timespan late meets theirs.
    std::int64_t forgotten_before_ms() const {
      return newest_ms == internal::kNever ? newest_ms : newest_ms - 2 * rule->timespan_ms;
    }
    std::vector<std::uint32_t> groupings;  // by member, when it is no correlation that gives its own group
    std::vector<Arrival> arrivals;         // of this event
    bool ordered = false;                  // temporal_ordered
    bool numbers = false;                  // of values, numbers are wanted
    bool values = false;                   // it looks at values of fields
  };
  // A correlation that refers to a rule.
  struct Reference {
    std::uint32_t part = 0;
    std::uint32_t member = 0;
  };
  // A firing before its group and events are where they stay.
  struct Raised {
    Firing firing;
    std::size_t first_value = 0;
    std::size_t first_id = 0;
    std::size_t ids = 0;
  };

  void arrive(RuleIndex rule, std::uint32_t group, bool firing);
  void process(std::uint32_t place, const EventTime& when, const Event& event);
  void take(Part& part, const Arrival& arrival, const EventTime& when, const Event& event);
  void take_group(Part& part, const Arrival& arrival, const Grouping& grouping, std::size_t combination,
                  const EventTime& when);
  std::uint32_t grouping_of(const std::vector<internal::CorrelationRule::Source>& sources);
  const Grouping& grouping(const Part& part, const Arrival& arrival, const Event& event);
  internal::Group* group_of(Part& part, const internal::Hash128& key, std::int64_t time_ms);
  bool collect_values(Part& part, const Arrival& arrival, const Event& event);
  void make_room();
  void add_keys(Grouping& grouping);

  RuleSet keep_;
  const internal::CompiledRules& rules_;
  CorrelatorOptions options_;
  internal::SipHash hash_;
  std::vector<Part> parts_;                         // in the order of rules_.correlations
  std::vector<std::uint32_t> part_of_;              // by rule
  std::vector<std::vector<Reference>> references_;  // by rule
  std::vector<std::uint32_t> touched_;              // parts that have arrivals, unsorted
  std::size_t bytes_ = 0;                           // of all tables
  std::vector<Grouping> groupings_;                 // no two of the same fields
  std::uint64_t events_ = 0;                        // added

  // Of the event that is being added.
  std::vector<GroupValue> group_values_;
  std::vector<std::uint64_t> ids_;
  std::vector<Raised> raised_;
  std::vector<Firing> firings_;
  Grouping given_;  // by a correlation's own group
  std::vector<std::uint64_t> values_;
  std::vector<std::pair<internal::Hash128, std::uint32_t>> counted_;  // groups and members it has counted in
  std::string text_;
};

}  // namespace redoubt::sigma
