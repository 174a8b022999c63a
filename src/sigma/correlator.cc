#include "sigma/correlator.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "sigma/internal/correlation_engine.h"

namespace redoubt::sigma {
namespace {

bool is_temporal(RuleKind kind) {
  return kind == RuleKind::kTemporal || kind == RuleKind::kTemporalOrdered;
}

std::optional<double> number_of(const Value& value) {
  if (value.kind == Value::Kind::kNumber) return value.number;
  if (value.kind != Value::Kind::kText) return std::nullopt;
  double number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (value.text.empty() || stop != end || error != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

void frame(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out.append(text);
}

}  // namespace

Correlator::Engine::Engine(const RuleSet& rules, const CorrelatorOptions& options)
    : keep_(rules), rules_(internal::compiled(rules)), options_(options), hash_(options.hash_key) {
  REDOUBT_CHECK(options.max_groups > 0 && options.max_terms > 0);
  part_of_.assign(rules_.infos.size(), kNone);
  references_.resize(rules_.infos.size());
  for (std::uint32_t place = 0; place < rules_.correlations.size(); ++place) {
    const internal::CorrelationRule& rule = rules_.correlations[place];
    Part part{&rule, internal::Window(rule, options.max_terms), {}, {}, internal::kNever, {}, {}, false, false, false};
    part.ordered = rule.kind == RuleKind::kTemporalOrdered;
    part.numbers = rule.kind == RuleKind::kValueSum || rule.kind == RuleKind::kValueAvg || rule.percentile;
    part.values = !rule.fields.empty() && !rule.fields[0].empty();
    for (const auto& sources : rule.group) part.groupings.push_back(grouping_of(sources));
    parts_.push_back(std::move(part));
    part_of_[rule.rule] = place;
    for (std::uint32_t member = 0; member < rule.members.size(); ++member)
      references_[rule.members[member]].push_back({place, member});
  }
}

void Correlator::Engine::arrive(RuleIndex rule, std::uint32_t group, bool firing) {
  for (const Reference& reference : references_[rule]) {
    Part& part = parts_[reference.part];
    // Of a correlation: counting takes what it fires, order and presence what it holds.
    if (group != kNone && !firing && !is_temporal(part.rule->kind)) continue;
    if (part.arrivals.empty()) touched_.push_back(reference.part);
    part.arrivals.push_back({reference.member, group});
  }
}

std::span<const Firing> Correlator::Engine::add(const EventTime& when, const Event& event,
                                                std::span<const RuleIndex> matched) {
  firings_.clear();
  if (parts_.empty()) return firings_;
  ++events_;
  raised_.clear();
  group_values_.clear();
  ids_.clear();
  touched_.clear();
  for (const RuleIndex rule : matched) arrive(rule, kNone, true);
  const EventTime own{std::clamp(when.time_ms, -internal::kMostMs, internal::kMostMs), when.id};
  // Those that refer to others come after them, also in number.
  while (!touched_.empty()) {
    const auto next = std::min_element(touched_.begin(), touched_.end());
    const std::uint32_t place = *next;
    *next = touched_.back();
    touched_.pop_back();
    process(place, own, event);
  }
  make_room();
  for (Raised& raised : raised_) {
    raised.firing.group = std::span(group_values_).subspan(raised.first_value, raised.firing.group.size());
    raised.firing.contributing = std::span(ids_).subspan(raised.first_id, raised.ids);
    firings_.push_back(raised.firing);
  }
  return firings_;
}

void Correlator::Engine::process(std::uint32_t place, const EventTime& when, const Event& event) {
  Part& part = parts_[place];
  counted_.clear();
  // One event is not two members of an order: the later member first.
  if (part.ordered) {
    std::stable_sort(part.arrivals.begin(), part.arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.member > b.member; });
  }
  for (const Arrival& arrival : part.arrivals) take(part, arrival, when, event);
  part.arrivals.clear();
}

// The values of what is counted or added, into values_. Whether there are some.
bool Correlator::Engine::collect_values(Part& part, const Arrival& arrival, const Event& event) {
  values_.clear();
  if (!part.values) return true;
  const std::vector<FieldSlot>& fields = part.rule->fields[arrival.member];
  if (part.numbers) {
    for (const Value& value : event.values(fields[0])) {
      const auto number = number_of(value);
      if (number && values_.size() < kMaxGroups) values_.push_back(std::bit_cast<std::uint64_t>(*number));
    }
    return !values_.empty();
  }
  if (fields.size() == 1) {
    for (const Value& value : event.values(fields[0])) {
      if (value.kind == Value::Kind::kNull || values_.size() >= kMaxGroups) continue;
      const std::uint64_t hash = hash_(value.text).low;
      if (std::find(values_.begin(), values_.end(), hash) == values_.end()) values_.push_back(hash);
    }
    return !values_.empty();
  }
  // Combinations of the fields' values.
  std::vector<std::string> combined{std::string()};
  for (const FieldSlot field : fields) {
    std::vector<std::string> longer;
    for (const std::string& before : combined) {
      for (const Value& value : event.values(field)) {
        if (value.kind == Value::Kind::kNull || longer.size() >= kMaxGroups) continue;
        longer.push_back(before);
        frame(longer.back(), value.text);
      }
    }
    combined = std::move(longer);
  }
  for (const std::string& text : combined) {
    const std::uint64_t hash = hash_(text).low;
    if (std::find(values_.begin(), values_.end(), hash) == values_.end()) values_.push_back(hash);
  }
  return !values_.empty();
}

std::uint32_t Correlator::Engine::grouping_of(const std::vector<internal::CorrelationRule::Source>& sources) {
  std::vector<FieldSlot> fields;
  for (const auto& source : sources) fields.push_back(source.slot);
  const auto known = std::find_if(groupings_.begin(), groupings_.end(),
                                  [&](const Grouping& grouping) { return grouping.fields == fields; });
  if (known != groupings_.end()) return static_cast<std::uint32_t>(known - groupings_.begin());
  Grouping& fresh = groupings_.emplace_back();
  fresh.choices.resize(fields.size());
  fresh.fields = std::move(fields);
  return static_cast<std::uint32_t>(groupings_.size() - 1);
}

const Correlator::Engine::Grouping& Correlator::Engine::grouping(const Part& part, const Arrival& arrival,
                                                                 const Event& event) {
  const auto take_values = [&](std::vector<std::string_view>& choice, FieldSlot field) {
    choice.clear();
    for (const Value& value : event.values(field)) {
      if (value.kind == Value::Kind::kNull) continue;
      if (std::find(choice.begin(), choice.end(), value.text) == choice.end()) choice.push_back(value.text);
    }
  };
  if (arrival.group == kNone) {
    Grouping& own = groupings_[part.groupings[arrival.member]];
    if (own.event == events_) return own;
    own.event = events_;
    for (std::size_t i = 0; i < own.fields.size(); ++i) take_values(own.choices[i], own.fields[i]);
    add_keys(own);
    return own;
  }
  const auto& sources = part.rule->group[arrival.member];
  given_.choices.resize(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].member_group) {
      given_.choices[i].assign(1, group_values_[arrival.group + *sources[i].member_group].value);
    } else {
      take_values(given_.choices[i], sources[i].slot);
    }
  }
  add_keys(given_);
  return given_;
}

// Of what there is to choose from.
void Correlator::Engine::add_keys(Grouping& grouping) {
  grouping.complete = true;
  grouping.combinations = 1;
  grouping.keys.clear();
  for (const auto& choice : grouping.choices) {
    grouping.complete = grouping.complete && !choice.empty();
    grouping.combinations =
        std::min(grouping.combinations * std::max<std::size_t>(1, choice.size()), std::size_t{1} << 20);
  }
  if (!grouping.complete) return;
  for (std::size_t at = 0; at < std::min(grouping.combinations, kMaxGroups); ++at) {
    text_.clear();
    for (std::size_t i = 0; i < grouping.choices.size(); ++i) frame(text_, grouping.value(at, i));
    grouping.keys.push_back(hash_(text_));
  }
}

std::string_view Correlator::Engine::Grouping::value(std::size_t combination, std::size_t field) const {
  for (std::size_t i = choices.size() - 1; i > field; --i) combination /= choices[i].size();
  return choices[field][combination % choices[field].size()];
}

void Correlator::Engine::take(Part& part, const Arrival& arrival, const EventTime& when, const Event& event) {
  const Grouping& groups = grouping(part, arrival, event);
  if (!groups.complete || !collect_values(part, arrival, event)) {
    ++part.stats.without_group;
    return;
  }
  if (groups.combinations > kMaxGroups) part.stats.groups_cut += groups.combinations - kMaxGroups;
  for (std::size_t at = 0; at < groups.keys.size(); ++at) take_group(part, arrival, groups, at, when);
}

// The group, made if it is not there. Null: the event is too late for it.
internal::Group* Correlator::Engine::group_of(Part& part, const internal::Hash128& key, std::int64_t time_ms) {
  internal::Group* const known = part.table.find(key);
  if (known != nullptr) {
    if (part.window.too_late(*known, time_ms)) {
      ++part.stats.too_late;
      return nullptr;
    }
    part.table.touch(*known);
    return known;
  }
  const std::int64_t horizon = part.forgotten_before_ms();
  part.table.expire(horizon, 2);
  while (part.table.size() >= options_.max_groups) {
    if (!part.table.evict(horizon)) ++part.stats.evicted;
  }
  internal::Group& fresh = part.table.insert(key);
  fresh.distinct = part.window.distinct();
  fresh.ranked = part.window.ranked();
  return &fresh;
}

void Correlator::Engine::take_group(Part& part, const Arrival& arrival, const Grouping& grouping,
                                    std::size_t combination, const EventTime& when) {
  const internal::CorrelationRule& rule = *part.rule;
  const internal::Hash128& key = grouping.keys[combination];
  // Several rules, or several fields, may lead to the same group.
  const std::uint32_t role = is_temporal(rule.kind) ? arrival.member : 0;
  const std::pair counted{key, role};
  if (std::find(counted_.begin(), counted_.end(), counted) != counted_.end()) return;
  counted_.push_back(counted);

  part.newest_ms = std::max(part.newest_ms, when.time_ms);
  bytes_ -= part.table.bytes();
  internal::Group* const group = group_of(part, key, when.time_ms);
  if (group == nullptr) {
    bytes_ += part.table.bytes();
    return;
  }
  ++part.stats.counted;
  const std::size_t before = group->bytes();
  const internal::Verdict verdict =
      part.window.add(*group, {when.time_ms, when.id, arrival.member, values_}, part.stats.evicted_terms);
  part.table.resized(before, group->bytes());
  bytes_ += part.table.bytes();

  const bool was_holding = std::exchange(group->holding, verdict.holds);
  if (!verdict.holds) return;
  // Of new terms each is its own occasion.
  const bool fires = !was_holding || rule.kind == RuleKind::kNewTerms || group->fired_ms == internal::kNever ||
                     group->newest_ms - group->fired_ms >= rule.timespan_ms;
  const auto first_value = static_cast<std::uint32_t>(group_values_.size());
  const RuleInfo& info = rules_.infos[rule.rule];
  const std::size_t fields = grouping.choices.size();
  for (std::size_t i = 0; i < fields; ++i) group_values_.push_back({info.group_by[i], grouping.value(combination, i)});
  if (fires) {
    group->fired_ms = group->newest_ms;
    Raised raised;
    raised.firing = {rule.rule, group->newest_ms, when.id, info.reports, verdict.measure, {}, {}};
    raised.first_value = first_value;
    raised.firing.group = std::span<const GroupValue>(group_values_.data(), fields);  // its size alone
    raised.first_id = ids_.size();
    if (rule.kind == RuleKind::kNewTerms) {
      ids_.push_back(when.id);
    } else {
      part.window.contributing(*group, options_.max_contributing, ids_);
    }
    raised.ids = ids_.size() - raised.first_id;
    raised_.push_back(raised);
  }
  arrive(rule.rule, first_value, fires);
}

void Correlator::Engine::make_room() {
  while (bytes_ > options_.max_bytes) {
    Part* largest = &parts_.front();
    for (Part& part : parts_) {
      if (part.table.bytes() > largest->table.bytes()) largest = &part;
    }
    if (largest->table.size() == 0) return;
    bytes_ -= largest->table.bytes();
    if (!largest->table.evict(largest->forgotten_before_ms())) ++largest->stats.evicted;
    bytes_ += largest->table.bytes();
  }
}

CorrelationStats Correlator::Engine::stats(RuleIndex rule) const {
  if (rule >= part_of_.size() || part_of_[rule] == kNone) return {};
  const Part& part = parts_[part_of_[rule]];
  CorrelationStats out = part.stats;
  out.groups = part.table.size();
  out.bytes = part.table.bytes();
  return out;
}

Correlator::Correlator(const RuleSet& rules, const CorrelatorOptions& options)
    : engine_(std::make_unique<Engine>(rules, options)) {}
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;
Correlator::~Correlator() = default;

std::span<const Firing> Correlator::add(const EventTime& when, const Event& event, std::span<const RuleIndex> matched) {
  return engine_->add(when, event, matched);
}
CorrelationStats Correlator::stats(RuleIndex rule) const {
  return engine_->stats(rule);
}
std::string Correlator::save() const {
  return engine_->save();
}
Result<RestoreReport> Correlator::restore(std::string_view state) {
  return engine_->restore(state);
}

}  // namespace redoubt::sigma
