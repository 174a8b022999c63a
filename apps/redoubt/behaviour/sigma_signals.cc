#include "redoubt/behaviour/sigma_signals.h"

#include <algorithm>

#include "behaviour/activity.h"
#include "redoubt/behaviour/rule_folder.h"
#include "sigma/correlator.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

namespace redoubt::app::behaviour_verbs {
namespace {

using behaviour::Severity;

Severity severity_of(sigma::Level level) {
  switch (level) {
    case sigma::Level::kCritical:
      return Severity::kCritical;
    case sigma::Level::kHigh:
      return Severity::kHigh;
    case sigma::Level::kMedium:
      return Severity::kMedium;
    default:
      return Severity::kLow;
  }
}

// A rule says how serious it is, not how unusual: its level stands for both.
unsigned score_of(Severity severity) {
  constexpr std::array<unsigned, 4> kScores = {30, 50, 75, 95};
  return kScores[static_cast<std::size_t>(severity)];
}

// `attack.t1078` and `atlas.aml.t0051` are Sigma's way to write ids.
std::vector<std::string> tags_of(const sigma::RuleInfo& info) {
  std::vector<std::string> out(info.tags.begin(), info.tags.end());
  out.resize(std::min(out.size(), behaviour::kSignalTagsMax));
  return out;
}

}  // namespace

struct SigmaSignals::Impl {
  explicit Impl(sigma::RuleSet compiled)
      : rules(std::move(compiled)), events(rules), matcher(rules), correlator(rules) {}

  // Whom a match is about: who was authenticated, or else nobody that is known.
  behaviour::Signal signal_of(const sigma::RuleInfo& info, std::uint64_t index) const {
    behaviour::Signal out;
    out.rule = info.key();
    out.index = index;
    out.severity = severity_of(info.level);
    out.score = score_of(out.severity);
    out.confidence = 100;
    out.message = info.title;
    out.tags = tags_of(info);
    out.entries = {index};
    if (activity != nullptr) {
      out.time = activity->time;
      out.tenant = activity->tenant;
    }
    const bool proven = activity != nullptr && activity->authenticated();
    out.attribution = proven ? behaviour::Attribution::kProven : behaviour::Attribution::kClaimed;
    out.key = proven ? "principal/" + std::string(activity->principal) : "unauthenticated";
    return out;
  }

  void take_match(sigma::RuleIndex rule, std::uint64_t index, behaviour::SignalSink& sink) const {
    const sigma::RuleInfo& info = rules.rules()[rule];
    if (info.reports) sink.take(signal_of(info, index));
  }

  void take_firing(const sigma::Firing& firing, std::uint64_t index, behaviour::SignalSink& sink) const {
    if (!firing.reports) return;
    behaviour::Signal out = signal_of(rules.rules()[firing.rule], index);
    if (!firing.group.empty()) {
      out.key.clear();
      for (const sigma::GroupValue& each : firing.group) {
        if (!out.key.empty()) out.key += ",";
        out.key.append(each.name).append("=").append(each.value);
      }
    }
    out.entries.assign(firing.contributing.begin(), firing.contributing.end());
    out.entries.push_back(index);
    std::sort(out.entries.begin(), out.entries.end());
    out.entries.erase(std::unique(out.entries.begin(), out.entries.end()), out.entries.end());
    if (out.entries.size() > behaviour::kSignalEntriesMax) {
      out.entries.erase(out.entries.begin(),
                        out.entries.end() - static_cast<std::ptrdiff_t>(behaviour::kSignalEntriesMax));
    }
    sink.take(std::move(out));
  }

  sigma::RuleSet rules;
  sigma::EventReader events;
  sigma::Matcher matcher;
  sigma::Correlator correlator;
  behaviour::ActivityReader activities;
  const behaviour::Activity* activity = nullptr;
};

SigmaSignals::SigmaSignals(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigmaSignals::SigmaSignals(SigmaSignals&&) noexcept = default;
SigmaSignals& SigmaSignals::operator=(SigmaSignals&&) noexcept = default;
SigmaSignals::~SigmaSignals() = default;

Result<SigmaSignals> SigmaSignals::load(const std::string& folder, const std::string& taxonomy_file) {
  auto found = read_rule_folder({folder}, taxonomy_file);
  if (!found) return found.error();
  auto rules = sigma::RuleSet::compile(found->files, found->taxonomy);
  if (!rules) return rules.error();
  if (!rules->predicate_uses().empty()) {
    return Error(Errc::kUnsupported,
                 "rules that ask the mesh (`" + rules->predicate_uses()[0].text + "`) need a server");
  }
  return SigmaSignals(std::make_unique<Impl>(*std::move(rules)));
}

void SigmaSignals::consume(std::uint64_t index, ByteView record, behaviour::SignalSink& sink) {
  const auto event = impl_->events.read(as_chars(record));
  if (!event) return;
  const auto activity = impl_->activities.read(record);
  impl_->activity = activity ? *activity : nullptr;
  const auto matched = impl_->matcher.match(**event);
  for (const sigma::RuleIndex rule : matched) impl_->take_match(rule, index, sink);
  const std::int64_t time = (*event)->time_ms().value_or(impl_->activity != nullptr ? impl_->activity->time.value : 0);
  for (const sigma::Firing& firing : impl_->correlator.add({.time_ms = time, .id = index}, **event, matched)) {
    impl_->take_firing(firing, index, sink);
  }
}

}  // namespace redoubt::app::behaviour_verbs
