#include "redoubt/behaviour/replay_against.h"

#include <algorithm>

namespace redoubt::app::behaviour_verbs {
namespace {

bool same(const behaviour::Signal& a, const behaviour::Signal& b) {
  return a.rule == b.rule && a.key == b.key && a.index == b.index;
}

}  // namespace

void ReplayAgainst::note(Change::What what, behaviour::Signal signal) {
  Tally& tally = by_rule_[signal.rule];
  tally.title = signal.message;
  ++(what == Change::What::kRaised ? tally.raised : what == Change::What::kLost ? tally.lost : tally.changed);
  changes_.push_back({.what = what, .signal = std::move(signal)});
}

Result<const std::vector<ReplayAgainst::Change>*> ReplayAgainst::consume(std::uint64_t index, ByteView record) {
  changes_.clear();
  Kept before;
  Kept after;
  if (auto done = before_.consume(index, record, nullptr, before); !done) return done.error();
  if (auto done = after_.consume(index, record, nullptr, after); !done) return done.error();
  for (const behaviour::Signal& signal : before.all) ++by_rule_[signal.rule].before;
  for (const behaviour::Signal& signal : after.all) ++by_rule_[signal.rule].after;
  for (behaviour::Signal& old : before.all) {
    const auto match =
        std::find_if(after.all.begin(), after.all.end(), [&](const auto& now) { return same(old, now); });
    if (match == after.all.end()) {
      note(Change::What::kLost, std::move(old));
      continue;
    }
    if (!(*match == old)) note(Change::What::kChanged, *match);
    after.all.erase(match);
  }
  for (behaviour::Signal& now : after.all) note(Change::What::kRaised, std::move(now));
  return &changes_;
}

ReplayAgainst::Tally ReplayAgainst::total() const {
  Tally out;
  for (const auto& [rule, tally] : by_rule_) {
    out.before += tally.before;
    out.after += tally.after;
    out.raised += tally.raised;
    out.lost += tally.lost;
    out.changed += tally.changed;
  }
  return out;
}

}  // namespace redoubt::app::behaviour_verbs
