#include "sigma/internal/window.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace redoubt::sigma::internal {
namespace {

Entry* after(Group& group, std::int64_t time_ms) {
  // Nearly all come in order.
  Entry* at = group.end();
  if (at == group.begin() || at[-1].time_ms <= time_ms) return at;
  return std::upper_bound(group.begin(), group.end(), time_ms,
                          [](std::int64_t time, const Entry& entry) { return time < entry.time_ms; });
}

double as_number(std::uint64_t bits) {
  return std::bit_cast<double>(bits);
}

bool needs_sums(RuleKind kind) {
  return kind == RuleKind::kValueSum || kind == RuleKind::kValueAvg;
}

}  // namespace

Window::Window(const CorrelationRule& rule, std::size_t max_terms)
    : rule_(rule), max_terms_(max_terms), enough_(0), part_ms_(std::max<std::int64_t>(1, rule.timespan_ms / 1024)) {
  for (const ConditionTerm& term : rule.condition)
    enough_ = std::max(enough_, static_cast<std::size_t>(std::max(0.0, term.number)) + 1);
}

bool Window::too_late(const Group& group, std::int64_t time_ms) const {
  return group.newest_ms != kNever && time_ms < group.newest_ms - rule_.timespan_ms;
}

bool Window::distinct() const {
  return rule_.kind == RuleKind::kValueCount || rule_.kind == RuleKind::kTemporal || rule_.kind == RuleKind::kNewTerms;
}

bool Window::ranked() const {
  return rule_.percentile.has_value();
}

void Window::expire(Group& group) const {
  const std::int64_t horizon = group.newest_ms - rule_.timespan_ms;
  const Entry* first = group.begin();
  while (first != group.end() && first->time_ms < horizon) ++first;
  if (first != group.begin()) drop_front(group, static_cast<std::size_t>(first - group.begin()));
  if (group.size() == 0) group.coarse = false;
  if (rule_.kind == RuleKind::kTemporalOrdered)
    std::erase_if(group.chains, [&](const Chain& chain) { return chain.start_ms < horizon; });
}

// Those that are gone are counted, too.
void Window::drop_front(Group& group, std::size_t count) const {
  if (group.index != nullptr) group.index->drop_front(group.entries, count);
  if (count * 8 > group.size()) group.ranks.reset();  // sorting the rest costs less
  if (group.ranks != nullptr) {
    for (const Entry* entry = group.begin(); entry != group.begin() + count; ++entry) group.ranks->remove(entry->value);
  }
  group.entries.drop_front(count);
  if (group.size() == 0) without_index(group);
}

void Window::without_index(Group& group) const {
  group.index.reset();
  group.entries.drop_gone();
}

std::int64_t Window::part_of(std::int64_t time_ms) const {
  return time_ms >= 0 ? time_ms / part_ms_ : -((-time_ms + part_ms_ - 1) / part_ms_);
}

void Window::make_coarse(Group& group) const {
  group.coarse = true;
  std::vector<Entry> merged;
  for (const Entry& entry : group) {
    if (!merged.empty() && part_of(merged.back().time_ms) == part_of(entry.time_ms)) {
      Entry& sum = merged.back();
      sum.time_ms = entry.time_ms;
      sum.id = entry.id;
      sum.count += entry.count;
      if (needs_sums(rule_.kind))
        sum.value = std::bit_cast<std::uint64_t>(as_number(sum.value) + as_number(entry.value));
    } else {
      merged.push_back(entry);
    }
  }
  group.entries.assign(merged);
}

// For counts and sums.
void Window::append(Group& group, Entry entry) const {
  const bool count_only = rule_.kind == RuleKind::kEventCount && enough_ <= kMostEntries;
  if (!count_only && !group.coarse && group.size() >= kMostEntries) make_coarse(group);
  Entry* const at = after(group, entry.time_ms);
  if (group.coarse) {
    for (Entry* const near : {at - 1, at}) {
      if (near < group.begin() || near >= group.end() || part_of(near->time_ms) != part_of(entry.time_ms)) continue;
      if (near->count > 0xffffffffU - entry.count) break;
      near->count += entry.count;
      if (needs_sums(rule_.kind))
        near->value = std::bit_cast<std::uint64_t>(as_number(near->value) + as_number(entry.value));
      if (entry.time_ms >= near->time_ms) {
        near->time_ms = entry.time_ms;
        near->id = entry.id;
      }
      return;
    }
  }
  group.entries.insert(at, entry);
  if (count_only && group.size() > enough_) group.entries.drop_front(group.size() - enough_);
}

Entry* Window::entry_of(Group& group, std::uint64_t value) const {
  if (group.index == nullptr && group.size() >= ValueIndex::kLeast)
    group.index = std::make_unique<ValueIndex>(group.entries);
  if (group.index != nullptr) return group.index->find(group.entries, value);
  for (Entry* entry = group.end(); entry != group.begin(); --entry) {
    if (entry[-1].value == value) return entry - 1;
  }
  return nullptr;
}

// For distinct values: each once, at its newest. With an index, what was known is left where it is and goes when there
// is more of that than of the rest; what comes late makes the index anew.
void Window::see(Group& group, const Entry& entry, std::size_t most, std::uint64_t& forgotten, bool& fresh) const {
  Entry* const known = entry_of(group, entry.value);
  fresh = known == nullptr;
  if (!fresh) {
    if (known->time_ms > entry.time_ms) return;
    if (group.index != nullptr) {
      group.index->remove(group.entries, *known);
      group.entries.leave(known);
    } else {
      group.entries.erase(known);
    }
  }
  if (after(group, entry.time_ms) != group.end() || group.entries.gone() > group.size()) without_index(group);
  group.entries.insert(after(group, entry.time_ms), entry);
  if (group.index != nullptr && !group.index->add(group.entries)) without_index(group);
  if (group.size() > most) {
    const std::size_t surplus = group.size() - most;
    forgotten += surplus;
    std::size_t count = 0;
    for (std::size_t seen = 0; seen < surplus; ++count) seen += group.begin()[count].count > 0 ? 1 : 0;
    drop_front(group, count);
  }
}

Verdict Window::judged(double measure) const {
  Verdict out{true, measure};
  if (rule_.condition.empty()) {  // of temporal types: all members
    out.holds = measure >= static_cast<double>(rule_.members.size());
    return out;
  }
  for (const ConditionTerm& term : rule_.condition) out.holds &= holds(term.comparison, measure, term.number);
  return out;
}

Verdict Window::percentile(Group& group, const Occurrence& event) const {
  if (group.size() == 0) return {};
  if (rule_.percentile) {
    if (group.ranks == nullptr) group.ranks = std::make_unique<RankIndex>(group.entries);
    // The least number that so many per cent of all do not exceed.
    const double rank = std::ceil(*rule_.percentile / 100 * static_cast<double>(group.size()));
    return judged(group.ranks->at(static_cast<std::size_t>(std::max(1.0, rank)) - 1));
  }
  Verdict out;
  for (const std::uint64_t value : event.values) {
    const auto same = std::count_if(group.begin(), group.end(), [&](const Entry& e) { return e.value == value; });
    out = judged(100.0 * static_cast<double>(same) / static_cast<double>(group.size()));
    if (out.holds) break;
  }
  return out;
}

Verdict Window::new_terms(Group& group, const Occurrence& event, std::uint64_t& forgotten) const {
  bool some = false;
  for (const std::uint64_t term : event.values) {
    bool fresh = false;
    see(group, {event.time_ms, event.id, term, 1}, max_terms_, forgotten, fresh);
    some |= fresh;
  }
  return {some && event.time_ms - group.first_ms >= rule_.learning_ms, 1};
}

void Window::extend_chains(Group& group, const Occurrence& event) const {
  // The longest chains that may go on, one for each length; the one that began last is the best of its length.
  std::vector<Chain> longer;
  longer.push_back({event.member, event.time_ms, event.time_ms, {event.id}});
  for (const Chain& chain : group.chains) {
    // With all members wanted, only the one before can be the last.
    const bool follows = rule_.condition.empty() ? chain.member + 1 == event.member && chain.ids.size() == event.member
                                                 : chain.member < event.member;
    if (!follows || chain.last_ms > event.time_ms) continue;
    Chain next{event.member, chain.start_ms, event.time_ms, chain.ids};
    next.ids.push_back(event.id);
    longer.push_back(std::move(next));
  }
  for (Chain& chain : longer) {
    if (rule_.condition.empty() && chain.ids.size() != chain.member + 1) continue;
    const auto same = std::find_if(group.chains.begin(), group.chains.end(), [&](const Chain& c) {
      return c.member == chain.member && c.ids.size() == chain.ids.size();
    });
    if (same == group.chains.end()) {
      group.chains.push_back(std::move(chain));
    } else if (same->start_ms <= chain.start_ms) {
      *same = std::move(chain);
    }
  }
}

Verdict Window::add(Group& group, const Occurrence& event, std::uint64_t& forgotten) const {
  const bool over = group.newest_ms == kNever || event.time_ms - rule_.timespan_ms > group.newest_ms;
  if (over) group.first_ms = event.time_ms;
  group.newest_ms = std::max(group.newest_ms, event.time_ms);
  expire(group);
  bool fresh = false;
  std::uint64_t uncounted = 0;
  switch (rule_.kind) {
    case RuleKind::kEventCount: {
      append(group, {event.time_ms, event.id, 0, 1});
      double count = 0;
      if (group.coarse) {
        for (const Entry& entry : group) count += entry.count;
      } else {
        count = static_cast<double>(group.size());
      }
      return judged(count);
    }
    case RuleKind::kValueCount:
      for (const std::uint64_t value : event.values)
        see(group, {event.time_ms, event.id, value, 1}, enough_, uncounted, fresh);
      return judged(static_cast<double>(group.size()));
    case RuleKind::kTemporal:
      see(group, {event.time_ms, event.id, event.member, 1}, rule_.members.size(), uncounted, fresh);
      return judged(static_cast<double>(group.size()));
    case RuleKind::kTemporalOrdered: {
      extend_chains(group, event);
      std::size_t longest = 0;
      for (const Chain& chain : group.chains) longest = std::max(longest, chain.ids.size());
      return judged(static_cast<double>(longest));
    }
    case RuleKind::kValueSum:
    case RuleKind::kValueAvg: {
      double sum = 0;
      for (const std::uint64_t value : event.values) sum += as_number(value);
      append(group, {event.time_ms, event.id, std::bit_cast<std::uint64_t>(sum),
                     static_cast<std::uint32_t>(event.values.size())});
      double total = 0;
      double count = 0;
      for (const Entry& entry : group) {
        total += as_number(entry.value);
        count += entry.count;
      }
      return judged(rule_.kind == RuleKind::kValueSum ? total : total / count);
    }
    case RuleKind::kValuePercentile:
      for (const std::uint64_t value : event.values) {
        group.entries.insert(after(group, event.time_ms), {event.time_ms, event.id, value, 1});
        if (group.ranks != nullptr) group.ranks->add(value);
      }
      if (group.size() > kMostEntries) drop_front(group, group.size() - kMostEntries);
      return percentile(group, event);
    case RuleKind::kNewTerms:
      return new_terms(group, event, forgotten);
    case RuleKind::kDetection:
      break;
  }
  return {};
}

void Window::contributing(const Group& group, std::size_t most, std::vector<std::uint64_t>& out) const {
  if (rule_.kind == RuleKind::kTemporalOrdered) {
    const Chain* longest = nullptr;
    for (const Chain& chain : group.chains) {
      if (longest == nullptr || chain.ids.size() > longest->ids.size() ||
          (chain.ids.size() == longest->ids.size() && chain.last_ms > longest->last_ms))
        longest = &chain;
    }
    if (longest == nullptr) return;
    const std::size_t count = std::min(most, longest->ids.size());
    out.insert(out.end(), longest->ids.end() - static_cast<std::ptrdiff_t>(count), longest->ids.end());
    return;
  }
  // Values of one event stand beside each other.
  const std::size_t first = out.size();
  for (const Entry* entry = group.end(); entry != group.begin() && out.size() - first < most; --entry) {
    if (entry[-1].count > 0 && (out.size() == first || out.back() != entry[-1].id)) out.push_back(entry[-1].id);
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

bool Window::plausible(const Group& group) const {
  std::size_t most = kMostEntries + 2;
  if (rule_.kind == RuleKind::kValueCount) most = enough_;
  if (rule_.kind == RuleKind::kTemporal) most = rule_.members.size();
  if (rule_.kind == RuleKind::kTemporalOrdered) most = 0;
  if (rule_.kind == RuleKind::kNewTerms) most = max_terms_;
  const auto none_or_time = [](std::int64_t time_ms) { return time_ms == kNever || is_time(time_ms); };
  if (!is_time(group.newest_ms) || !none_or_time(group.fired_ms) || !is_time(group.first_ms) || group.size() > most)
    return false;
  const std::int64_t horizon = group.newest_ms - rule_.timespan_ms;
  std::int64_t before = horizon;
  for (const Entry& entry : group) {
    if (entry.time_ms < before || entry.time_ms > group.newest_ms || entry.count == 0) return false;
    if (rule_.kind == RuleKind::kTemporal && entry.value >= rule_.members.size()) return false;
    before = entry.time_ms;
  }
  if (distinct()) {
    std::vector<std::uint64_t> values;
    for (const Entry& entry : group) values.push_back(entry.value);
    std::sort(values.begin(), values.end());
    if (std::adjacent_find(values.begin(), values.end()) != values.end()) return false;
  }
  if (rule_.kind != RuleKind::kTemporalOrdered) return group.chains.empty();
  if (group.chains.size() > rule_.members.size() * rule_.members.size()) return false;
  for (const Chain& chain : group.chains) {
    if (chain.member >= rule_.members.size() || chain.ids.empty() || chain.ids.size() > chain.member + 1 ||
        chain.start_ms < horizon || chain.last_ms < chain.start_ms || chain.last_ms > group.newest_ms)
      return false;
    if (rule_.condition.empty() && chain.ids.size() != chain.member + 1) return false;
  }
  return true;
}

}  // namespace redoubt::sigma::internal
