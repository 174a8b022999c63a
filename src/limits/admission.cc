#include <algorithm>

#include "base/check.h"
#include "limits/internal/meter_table.h"
#include "limits/meters.h"

namespace redoubt::limits {

namespace {

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t both = 0;
  return __builtin_add_overflow(a, b, &both) ? ~std::uint64_t{0} : both;
}
std::uint64_t less(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

template <class Combine>
Use combined(const Use& a, const Use& b, Combine&& combine) {
  return {combine(a.requests, b.requests), combine(a.tokens, b.tokens), combine(a.bytes_out, b.bytes_out),
          combine(a.money, b.money)};
}
Use operator+(const Use& a, const Use& b) {
  return combined(a, b, sum);
}
// Nothing where b is more.
Use operator-(const Use& a, const Use& b) {
  return combined(a, b, less);
}

// Replaces a meter's state by what change(state) makes of it, or leaves it when that is nothing. False when the meter
// was forgotten.
template <class Change>
bool change_state(std::atomic<MeterState>& shared, Change&& change) {
  MeterState state = shared.load();
  while (state != kForgotten) {
    const std::optional<MeterState> next = change(state);
    if (!next || *next == state || shared.compare_exchange_weak(state, *next)) return true;
  }
  return false;
}

enum class Outcome : std::uint8_t { kCharged, kRefused, kNoMeter };

// Charges the meter of `key`, which is made when it is not there, as attempt(state) says: a Charge, or nothing.
template <class Attempt>
Outcome charge_meter(MeterTable& table, std::uint64_t key, const Rule& rule, UnixMillis now, Attempt&& attempt,
                     Mark& mark) {
  std::optional<Charge> charge;
  const auto change = [&](MeterState state) {
    charge = attempt(state);
    return charge ? std::optional(charge->state) : std::nullopt;
  };
  while (true) {
    MeterTable::Place place = table.find(key);
    if (place == MeterTable::kNone) place = table.find_or_make(key, fresh(rule.kind, now));
    if (place == MeterTable::kNone) return Outcome::kNoMeter;
    if (change_state(table.state(place), change)) break;
  }
  if (!charge) return Outcome::kRefused;
  mark = charge->mark;
  return Outcome::kCharged;
}

void give_back_to_meter(MeterTable& table, std::uint64_t key, const Rule& rule, Mark mark, std::uint64_t charged,
                        std::uint64_t kept, UnixMillis now) {
  const MeterTable::Place place = table.find(key);
  if (place == MeterTable::kNone) return;  // it was idle: there is nothing to give back to
  change_state(table.state(place),
               [&](MeterState state) { return std::optional(given_back(rule, state, mark, charged, kept, now)); });
}

MeterState state_of(const MeterTable& table, std::uint64_t key, const Rule& rule, UnixMillis now) {
  const MeterTable::Place place = table.find(key);
  if (place == MeterTable::kNone) return fresh(rule.kind, now);
  const MeterState state = table.state(place).load();
  return state == kForgotten ? fresh(rule.kind, now) : state;
}

}  // namespace

Admission::Admission(Admission&& other) noexcept {
  take(other);
}

Admission& Admission::operator=(Admission&& other) noexcept {
  if (this == &other) return *this;
  if (meters_ != nullptr && !settled_) give_back(used_, last_);
  take(other);
  return *this;
}

Admission::~Admission() {
  if (meters_ != nullptr && !settled_) give_back(used_, last_);
}

void Admission::take(Admission& other) {
  meters_ = std::exchange(other.meters_, nullptr);
  refused_ = other.refused_;
  settled_ = other.settled_;
  holds_count_ = other.holds_count_;
  last_ = other.last_;
  charged_ = other.charged_;
  used_ = other.used_;
  before_ = other.before_;
  refusal_ = other.refusal_;
  std::copy_n(other.holds_.begin(), holds_count_, holds_.begin());
}

// One subject of an exchange, while its limits are looked for.
struct Admission::Asked {
  SubjectType type;
  std::string_view id;
  std::uint64_t hash;        // for meters
  std::uint64_t prefetched;  // for limits
};

// Takes the rules that apply to one subject; an own one stands in place of each one of its shape. False when there are
// too many.
bool Admission::take_rules(const Limits& limits, const Asked& asked) {
  const auto [own, each] = limits.applying(asked.type, asked.id, asked.prefetched);
  std::uint64_t taken = 0;  // shapes
  for (const Rules rules : {own, each}) {
    const std::uint64_t but = taken;
    taken = shapes_of(rules);
    for (const Rule& rule : rules) {
      if ((but >> rule.shape & 1) != 0) continue;
      if (holds_count_ == kAppliedMax) return false;
      holds_[holds_count_++] = {&rule, SubjectHash::meter(asked.hash, rule), no_mark(rule)};
    }
  }
  return true;
}

// Finds the limits that apply. False when they are too many.
//
// What it needs lies all over memory. So the rules and the meters of all subjects are asked for before the first is
// looked at, and they come at the same time: a subject's meters are found without knowing its rules.
bool Admission::collect(const Limits& limits, const Subjects& subjects) {
  constexpr std::size_t kTogether = 16;
  holds_count_ = 0;
  std::array<Asked, kTogether> asked;
  std::size_t count = 0;
  bool all = true;
  const auto take_asked = [&] {
    for (std::size_t i = 0; i < count; ++i) meters_->prefetch_places(asked[i].hash);
    for (std::size_t i = 0; i < count; ++i) all = all && take_rules(limits, asked[i]);
    count = 0;
  };
  const auto ask = [&](SubjectType type, std::string_view id) {
    if (id.empty() || !limits.any_of(type)) return;
    const std::uint64_t prefetched = limits.prefetch(type, id);
    const std::uint64_t hash = meters_->hash().subject(type, id);
    meters_->prefetch_front(hash);
    asked[count++] = {type, id, hash, prefetched};
    if (count == kTogether) take_asked();
  };
  ask(SubjectType::kKey, subjects.key);
  ask(SubjectType::kPrincipal, subjects.principal);
  for (const std::string& group : subjects.groups) ask(SubjectType::kGroup, group);
  ask(SubjectType::kTenant, subjects.tenant);
  ask(SubjectType::kModel, subjects.model);
  take_asked();
  return all;
}

// Charges all limits or none. While admitting, a limit refuses also when nothing is left of it and nothing is charged.
bool Admission::charge(const Use& use, UnixMillis now, bool admitting) {
  std::array<Mark, kAppliedMax> marks;
  std::size_t done = 0;
  Outcome outcome = Outcome::kCharged;
  for (; done < holds_count_; ++done) {
    const auto& [rule, key, mark] = holds_[done];
    const std::uint64_t n = use.of(rule->quantity);
    marks[done] = no_mark(*rule);
    if (n > 0) {
      outcome = charge_meter(
          *meters_, key, *rule, now, [&](MeterState state) { return charged_if_fits(*rule, state, n, now); },
          marks[done]);
    } else if (admitting && !charged_if_fits(*rule, state_of(*meters_, key, *rule, now), 1, now)) {
      outcome = Outcome::kRefused;
    }
    if (outcome != Outcome::kCharged) break;
  }
  if (outcome == Outcome::kCharged) {
    for (std::size_t i = 0; i < done; ++i) holds_[i].mark = joined(*holds_[i].rule, holds_[i].mark, marks[i]);
    return true;
  }
  for (std::size_t i = 0; i < done; ++i) {
    const Hold& hold = holds_[i];
    give_back_to_meter(*meters_, hold.key, *hold.rule, marks[i], use.of(hold.rule->quantity), 0, now);
  }
  refused_ = true;
  refusal_ = {.why = Refusal::Why::kNoMeter};
  if (outcome == Outcome::kRefused) name_most_restrictive(use, now, done, admitting);
  return false;
}

// Of the limits that refuse, the first of which is holds_[first]: the one to wait for longest.
void Admission::name_most_restrictive(const Use& use, UnixMillis now, std::size_t first, bool admitting) {
  refusal_ = {};
  for (std::size_t i = first; i < holds_count_; ++i) {
    const Rule& rule = *holds_[i].rule;
    const std::uint64_t n = use.of(rule.quantity);
    if (n == 0 && !admitting) continue;
    const MeterState state = state_of(*meters_, holds_[i].key, rule, now);
    const std::optional<std::int64_t> wait = wait_ms(rule, state, std::max<std::uint64_t>(n, 1), now);
    const bool refuses = !wait || *wait > 0 || i == first;  // the first did, whatever was given back meanwhile
    if (!refuses) continue;
    if (refusal_.limit != nullptr && (!refusal_.retry_after_ms || (wait && *wait <= *refusal_.retry_after_ms)))
      continue;
    refusal_.limit = rule.limit;
    refusal_.remaining = remaining(rule, state, now);
    refusal_.retry_after_ms = wait;
  }
}

bool Admission::add(const Use& use, UnixMillis now) {
  REDOUBT_CHECK(meters_ != nullptr && !settled_);
  last_ = now;
  if (refused_) return false;
  const Use used = used_ + use;
  const Use more = used - charged_;
  if (more != Use{}) {
    const MeterTable::Call call(*meters_);
    if (!charge(more, meters_->not_before_sweep(now), false)) return false;
    charged_ = charged_ + more;
  }
  used_ = used;
  return true;
}

// Makes what was charged `real`: gives back what is too much and charges what is missing, limits or not.
void Admission::give_back(const Use& real, UnixMillis now) {
  const MeterTable::Call call(*meters_);
  now = meters_->not_before_sweep(now);
  for (std::size_t i = 0; i < holds_count_; ++i) {
    const Hold& hold = holds_[i];
    const std::uint64_t charged_before = charged_.of(hold.rule->quantity);
    const std::uint64_t wanted = real.of(hold.rule->quantity);
    if (wanted < charged_before) {
      give_back_to_meter(*meters_, hold.key, *hold.rule, hold.mark, charged_before, wanted, now);
    } else if (wanted > charged_before) {
      Mark mark = 0;
      // Without a meter left there is nothing that it could be counted in.
      charge_meter(
          *meters_, hold.key, *hold.rule, now,
          [&](MeterState state) { return std::optional(charged(*hold.rule, state, wanted - charged_before, now)); },
          mark);
    }
  }
}

void Admission::settle(const Use& real, UnixMillis now) {
  if (meters_ == nullptr || settled_) return;
  Use kept = real - before_;
  kept.requests = charged_.requests;
  if (real.money == kUnpriced) kept.money = used_.money;
  if (charged_ != Use{} || kept != Use{}) give_back(kept, now);
  settled_ = true;
}

void Admission::follow(const Limits& limits, const Subjects& subjects, UnixMillis now) {
  REDOUBT_CHECK(meters_ != nullptr && !settled_);
  last_ = now;
  give_back(used_, now);
  before_ = before_ + used_;
  used_ = {};
  charged_ = {};
  if (collect(limits, subjects)) return;
  refused_ = true;
  refusal_ = {.why = Refusal::Why::kTooManyLimits};
}

Use Admission::used() const {
  return before_ + used_;
}

bool Admission::counts(Quantity quantity) const {
  const auto holds = std::span(holds_).first(holds_count_);
  return std::ranges::any_of(holds, [&](const Hold& hold) { return hold.rule->quantity == quantity; });
}

void Admission::standings(UnixMillis now, std::vector<Standing>& out) const {
  if (meters_ == nullptr) return;
  const MeterTable::Call call(*meters_);
  now = meters_->not_before_sweep(now);
  for (std::size_t i = 0; i < holds_count_; ++i) {
    const Rule& rule = *holds_[i].rule;
    const MeterState state = state_of(*meters_, holds_[i].key, rule, now);
    out.push_back({rule.limit, remaining(rule, state, now), reset_ms(rule, state, now)});
  }
}

}  // namespace redoubt::limits
