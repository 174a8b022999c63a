// Deadlines, from what was said and a table of laws.
#include "incident/clocks.h"

#include <algorithm>
#include <array>
#include <span>

namespace redoubt::incident {
namespace {

constexpr std::array<std::string_view, 6> kStates = {"undecided", "not_notifiable", "due",
                                                     "overdue",   "done",           "done_late"};

template <class T, class Is>
const T* find_in(const std::vector<T>& list, Is&& is) {
  const auto found = std::find_if(list.begin(), list.end(), is);
  return found == list.end() ? nullptr : &*found;
}

// The clocks of one regime, in the order of its steps: a later term may run from an earlier one's end.
class OfRegime {
 public:
  OfRegime(const Regime& regime, const Clocks& clocks, const Calendar& calendar, UnixMillis now)
      : regime_(regime),
        clocks_(clocks),
        calendar_(calendar),
        now_(now),
        aware_(clocks.awareness->time),
        decision_(find_in(clocks.decisions, [&](const Notifiability& each) { return each.regime == regime.id; })) {}

  void append(std::vector<Deadline>& out) {
    const std::size_t begin = out.size();
    for (const Regime::Step& step : regime_.steps) {
      Deadline each{.regime = regime_.id, .step = step.id, .to = step.to, .law = regime_.law, .article = step.article};
      const Told* const told = told_of(step.id);
      if (told != nullptr) each.done = told->first;
      time(step, {out.data() + begin, out.size() - begin}, each);
      each.state = state_of(each);
      out.push_back(std::move(each));
    }
  }

 private:
  const Told* told_of(std::string_view step) const {
    return find_in(clocks_.told, [&](const Told& each) { return each.regime == regime_.id && each.step == step; });
  }
  UnixMillis end(UnixMillis from, const Period& period) const {
    return end_of_period(from, period, regime_.counting, calendar_);
  }

  void time(const Regime::Step& step, std::span<const Deadline> before, Deadline& out) const {
    if (!step.within) return;
    switch (step.from) {
      case Regime::From::kAwareness:
        out.due = end(aware_, *step.within);
        return;
      case Regime::From::kYearOfAwareness:
        out.due = end(last_day_of_year(aware_, calendar_), *step.within);
        return;
      case Regime::From::kDecision:
        return from_decision(step, out);
      case Regime::From::kStep:
        break;
    }
    if (const Told* const earlier = told_of(step.after)) {
      out.due = end(earlier->last, *step.within);
      return;
    }
    // At the latest: as if the earlier one were done in its last moment.
    const auto earlier =
        std::find_if(before.begin(), before.end(), [&](const Deadline& each) { return each.step == step.after; });
    out.provisional = true;
    if (earlier != before.end() && earlier->due) out.due = end({earlier->due->value - 1}, *step.within);
  }
  void from_decision(const Regime::Step& step, Deadline& out) const {
    const bool decided = decision_ != nullptr && decision_->notifiable;
    out.provisional = !decided;
    const UnixMillis from = decided ? decision_->since : now_;
    out.due = end(from, *step.within);
    if (!step.no_later) return;
    const UnixMillis latest = end(aware_, *step.no_later);
    if (from < latest) out.due = std::min(*out.due, latest);
  }

  ClockState state_of(const Deadline& each) const {
    if (decision_ == nullptr) return ClockState::kUndecided;
    if (!decision_->notifiable) return ClockState::kNotNotifiable;
    if (each.done) return each.due && *each.done >= *each.due ? ClockState::kDoneLate : ClockState::kDone;
    return each.due && now_ >= *each.due ? ClockState::kOverdue : ClockState::kDue;
  }

  const Regime& regime_;
  const Clocks& clocks_;
  const Calendar& calendar_;
  UnixMillis now_;
  UnixMillis aware_;
  const Notifiability* decision_;
};

}  // namespace

std::string_view to_string(ClockState state) {
  return kStates.at(static_cast<std::size_t>(state));
}

std::vector<Deadline> deadlines(const Clocks& clocks, const RegimeTable& table, UnixMillis now) {
  std::vector<Deadline> out;
  if (!clocks.awareness) return out;
  const std::chrono::sys_days date = date_of(clocks.awareness->time, table.calendar);
  for (const Regime& regime : table.regimes) {
    if (regime.applies(date)) OfRegime(regime, clocks, table.calendar, now).append(out);
  }
  return out;
}

}  // namespace redoubt::incident
