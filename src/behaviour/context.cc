#include <algorithm>
#include <cmath>

#include "behaviour/internal/state.h"
#include "encoding/base64.h"

namespace redoubt::behaviour {
namespace {

constexpr std::int64_t kSuspiciousForMs = 30 * kDayMs;
constexpr std::uint32_t kQuietHours = 24;

std::string_view prefix_of(About about) {
  switch (about) {
    case About::kPrincipal:
      return "principal/";
    case About::kModel:
      return "model/";
    case About::kTool:
      return "tool/";
    case About::kData:
      return "data_set/";
    case About::kTenant:
      break;
  }
  return "tenant/";
}

ProfileTable& table_of(State& state, About about) {
  switch (about) {
    case About::kPrincipal:
      return state.principals;
    case About::kModel:
      return state.models;
    case About::kTool:
      return state.tools;
    case About::kData:
      return state.data;
    case About::kTenant:
      break;
  }
  return state.tenants;
}

unsigned percent(double share) {
  return static_cast<unsigned>(std::lround(100 * std::clamp(share, 0.0, 1.0)));
}

}  // namespace

std::string shown(double value) {
  return std::to_string(std::llround(std::clamp(value, -9e15, 9e15)));
}

bool Context::raise(About about, ProfileTable::Entry& entry, const Finding& finding) {
  Profile& profile = entry.profile;
  const auto hour = static_cast<std::uint32_t>(std::clamp<std::int64_t>(local_ms() / kHourMs, 1, 0xffff'fff0));
  std::uint32_t& raised = profile.raised_hour[static_cast<std::size_t>(finding.rule)];
  if (raised != 0 && hour < raised + kQuietHours && hour + kQuietHours > raised) return false;
  raised = hour;
  const RuleInfo& info = info_of(finding.rule);
  std::vector<std::uint64_t> entries;
  if (finding.rests_on != Note::kNone) {
    for (const NotedEntry& noted : profile.noted) {
      if (noted.note() == finding.rests_on) entries.push_back(noted.index());
    }
  }
  if (finding.and_entry != UINT64_MAX) entries.push_back(finding.and_entry);
  if (finding.severity.value_or(info.severity) >= Severity::kMedium) {
    profile.suspicious_until_ms = now_ms + kSuspiciousForMs;
    table_of(state, about).keep(entry);
  }
  const double confidence = finding.confidence * (0.3 + 0.7 * familiarity(profile));
  std::string key(prefix_of(about));
  key += entry.name;
  const std::string& tenant_name = about == About::kTenant ? entry.name : entry.tenant;
  emit(info, std::move(key), finding.ratio, confidence, finding, std::move(entries),
       activity.authenticated() ? Attribution::kProven : Attribution::kClaimed, tenant_name);
  return true;
}

void Context::raise_source(Rule rule, const std::string& key, double ratio, double confidence,
                           const std::string& message, std::vector<std::uint64_t> entries) {
  emit(info_of(rule), key, ratio, confidence, {.rule = rule, .message = message}, std::move(entries),
       Attribution::kClaimed, std::string(activity.tenant));
}

void Context::emit(const RuleInfo& info, std::string key, double ratio, double confidence, const Finding& finding,
                   std::vector<std::uint64_t> entries, Attribution attribution, std::string tenant_name) {
  entries.push_back(index);
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  if (entries.size() > kSignalEntriesMax) {
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kSignalEntriesMax));
  }
  Signal signal{.rule = std::string(info.id),
                .key = std::move(key),
                .index = index,
                .time = activity.time,
                .severity = finding.severity.value_or(info.severity),
                .score = std::min(percent(1 - std::exp2(-std::clamp(ratio, 0.0, 60.0))), 99U),
                .confidence = percent(confidence),
                .attribution = attribution,
                .tenant = std::move(tenant_name),
                .message = finding.message,
                .entries = std::move(entries)};
  for (const std::string_view tag : info.tags) signal.tags.emplace_back(tag);
  ++state.stats.signals;
  sink_.take(std::move(signal));
}

void Context::small(Small thing) {
  Profile& of = profile();
  if (of.days_active < 10) return;
  const auto hour = static_cast<std::uint32_t>(std::clamp<std::int64_t>(local_ms() / kHourMs, 1, 0xffff'fff0));
  of.small_hour[static_cast<std::size_t>(thing)] = hour;
  of.note(index, Note::kNovelty);
}

}  // namespace redoubt::behaviour
