// What one group of a correlation has seen over the timespan, and whether the condition holds for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sigma/internal/compiled.h"
#include "sigma/internal/group_table.h"

namespace redoubt::sigma::internal {

// A number of events of one by one, or parts of the timespan.
constexpr std::size_t kMostEntries = 1024;

// One event as a group takes it.
struct Occurrence {
  std::int64_t time_ms = 0;
  std::uint64_t id = 0;
  std::uint32_t member = 0;               // of the correlation
  std::span<const std::uint64_t> values;  // hashes, or bits of doubles
};

struct Verdict {
  bool holds = false;
  double measure = 0;
};

class Window {
 public:
  Window(const CorrelationRule& rule, std::size_t max_terms);

  // Whether the event is older than the window that ends with the group's newest event.
  bool too_late(const Group& group, std::int64_t time_ms) const;
  // Takes it in. Precondition: it is not too late. `forgotten` grows by terms that were left out for want of room.
  Verdict add(Group& group, const Occurrence& event, std::uint64_t& forgotten) const;
  // Whether each value has one entry, its newest.
  bool distinct() const;
  // Whether the number of a rank is asked for.
  bool ranked() const;
  // Events that make the condition hold, oldest first, at most so many.
  void contributing(const Group& group, std::size_t most, std::vector<std::uint64_t>& out) const;
  // Whether a group can have come to be as it is: for states from outside.
  bool plausible(const Group& group) const;

 private:
  void expire(Group& group) const;
  void drop_front(Group& group, std::size_t count) const;
  void without_index(Group& group) const;
  Entry* entry_of(Group& group, std::uint64_t value) const;
  void append(Group& group, Entry entry) const;
  void make_coarse(Group& group) const;
  std::int64_t part_of(std::int64_t time_ms) const;
  void see(Group& group, const Entry& entry, std::size_t most, std::uint64_t& forgotten, bool& fresh) const;
  void extend_chains(Group& group, const Occurrence& event) const;
  Verdict judged(double measure) const;
  Verdict percentile(Group& group, const Occurrence& event) const;
  Verdict new_terms(Group& group, const Occurrence& event, std::uint64_t& forgotten) const;

  const CorrelationRule& rule_;
  std::size_t max_terms_;
  std::size_t enough_;    // events or values that decide the condition
  std::int64_t part_ms_;  // of the timespan
};

}  // namespace redoubt::sigma::internal
