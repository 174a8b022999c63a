#include "redoubt/behaviour/sigma_signals.h"

#include <algorithm>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

namespace redoubt::app {
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
  // A tag of ours is written as the detectors write it, and is not among those that there is no room for.
  const auto own = std::find(out.begin(), out.end(), "redoubt.induced");
  if (own != out.end()) {
    *own = "redoubt:induced";
    std::rotate(out.begin(), own, own + 1);
  }
  out.resize(std::min(out.size(), behaviour::kSignalTagsMax));
  return out;
}

sigma::CorrelatorOptions options_of(const std::array<std::uint64_t, 2>& hash_key) {
  sigma::CorrelatorOptions out{.max_bytes = SigmaSignals::kStateBytesMax};
  store_le(MutableByteView(std::as_writable_bytes(std::span(out.hash_key))).first(8), hash_key[0]);
  store_le(MutableByteView(std::as_writable_bytes(std::span(out.hash_key))).last(8), hash_key[1]);
  return out;
}

// Values are a caller's: without control characters, and not longer than a key may be. What is cut stays apart from
// what begins alike.
std::string harmless(std::string key) {
  for (char& c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (key.size() <= SigmaSignals::kKeyMax) return key;
  const std::string rest = "~" + encoding::hex(ByteView(crypto::sha256(as_bytes(key))).first(8));
  std::size_t end = SigmaSignals::kKeyMax - rest.size();
  while ((static_cast<unsigned char>(key[end]) & 0xc0) == 0x80) --end;
  return key.substr(0, end) + rest;
}

}  // namespace

struct SigmaSignals::Impl {
  Impl(sigma::RuleSet compiled, const std::array<std::uint64_t, 2>& hash_key)
      : rules(std::move(compiled)), events(rules), matcher(rules), correlator(rules, options_of(hash_key)) {}

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
      out.key = harmless(std::move(out.key));
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
  const behaviour::Activity* activity = nullptr;  // of the record that is being read
};

SigmaSignals::SigmaSignals(sigma::RuleSet rules, const std::array<std::uint64_t, 2>& hash_key)
    : impl_(std::make_unique<Impl>(std::move(rules), hash_key)) {}
SigmaSignals::SigmaSignals(SigmaSignals&&) noexcept = default;
SigmaSignals& SigmaSignals::operator=(SigmaSignals&&) noexcept = default;
SigmaSignals::~SigmaSignals() = default;

const sigma::RuleSet& SigmaSignals::rules() const {
  return impl_->rules;
}

void SigmaSignals::consume(std::uint64_t index, ByteView record, const encoding::JsonItems* items,
                           const behaviour::Activity* activity, behaviour::SignalSink& sink) {
  const auto event = items != nullptr ? impl_->events.read(*items) : impl_->events.read(as_chars(record));
  if (!event) return;
  impl_->activity = activity;
  const auto matched = impl_->matcher.match(**event);
  for (const sigma::RuleIndex rule : matched) impl_->take_match(rule, index, sink);
  const std::int64_t time = (*event)->time_ms().value_or(activity != nullptr ? activity->time.value : 0);
  for (const sigma::Firing& firing : impl_->correlator.add({.time_ms = time, .id = index}, **event, matched)) {
    impl_->take_firing(firing, index, sink);
  }
}

SigmaSignals::State SigmaSignals::state() const {
  State out{.rules = impl_->rules.rules().size()};
  for (sigma::RuleIndex rule = 0; rule < out.rules; ++rule) {
    const sigma::CorrelationStats stats = impl_->correlator.stats(rule);
    out.groups += stats.groups;
    out.bytes += stats.bytes;
    out.evicted += stats.evicted;
  }
  return out;
}

std::string SigmaSignals::save() const {
  return impl_->correlator.save();
}

Result<sigma::RestoreReport> SigmaSignals::restore(std::string_view state) {
  return impl_->correlator.restore(state);
}

}  // namespace redoubt::app
