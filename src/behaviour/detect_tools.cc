// An agent that calls a tool it never called; an injection in what it was told, and a call that leads outside after it.
#include <algorithm>
#include <array>
#include <cctype>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr std::uint32_t kLeastCalls = 30;
constexpr std::uint16_t kLeastDays = 5;
constexpr std::int64_t kToolKnownMs = 10 * kDayMs;  // a tool that is new to everybody is a roll-out
constexpr std::int64_t kInjectionForMs = 15 * kMinuteMs;

// Words of tool names that lead data outside. Parts of a name are separated by `.`, `_`, `-`, `/` and `:`.
constexpr std::array<std::string_view, 12> kOutboundWords = {
    "send", "post", "upload", "webhook", "http", "publish", "share", "transfer", "export", "fetch", "browse", "notify"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_outbound(std::string_view tool) {
  std::string word;
  for (std::size_t i = 0; i <= tool.size(); ++i) {
    const char c = i < tool.size() ? lower(tool[i]) : '.';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word.push_back(c);
      continue;
    }
    if (std::find(kOutboundWords.begin(), kOutboundWords.end(), word) != kOutboundWords.end()) return true;
    word.clear();
  }
  return false;
}

// In what a tool or a model answered, and let through: what was blocked or taken out told it nothing. What a person
// pastes into a question is the person's own.
bool tells_injection(const Activity& activity, const MatchSeen& match) {
  const bool answered =
      match.kind == "prompt_injection" && (activity.stage == record::Stage::kOutcome || match.where == "tool");
  return (answered || match.kind == "tool_injection") &&
         (match.action == "none" || match.action == "flag" || match.action.empty());
}

void detect_new_tool(Context& context, std::string_view tool) {
  Profile& profile = context.profile();
  if (profile.tools.has(context.hash(tool))) return;
  const ProfileTable::Entry* const known = context.state.tools.find(tool);
  context.small(Small::kTool);
  if (profile.tool_calls < kLeastCalls || profile.days_active < kLeastDays) return;
  if (known == nullptr || context.now_ms - known->profile.first_ms < kToolKnownMs) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kNewTool,
                 .ratio = std::min(4.0, 1 + profile.tool_calls / 500.0),
                 .message = "calls the tool `" + std::string(tool.substr(0, 64)) + "` for the first time, after " +
                            shown(profile.tool_calls) + " calls of others",
                 .rests_on = Note::kNone});
}

void detect_outbound(Context& context, std::string_view tool) {
  Profile& profile = context.profile();
  const std::int64_t since = context.now_ms - profile.injection_ms;
  if (profile.injection_ms == 0 || since < 0 || since > kInjectionForMs) return;
  if (profile.injection_index == context.index || !is_outbound(tool)) return;
  const bool never_called = !profile.tools.has(context.hash(tool));
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kInjectionThenOutbound,
                 .ratio = never_called ? 3.0 : 1.5,
                 .message = "calls `" + std::string(tool.substr(0, 64)) + "` " +
                            shown(static_cast<double>(since) / static_cast<double>(kSecondMs)) +
                            " seconds after an injection in what it was told",
                 .and_entry = profile.injection_index,
                 .severity = never_called ? Severity::kCritical : Severity::kHigh});
}

}  // namespace

void detect_tools(Context& context) {
  for (const std::string_view tool : context.activity.tools) {
    detect_outbound(context, tool);
    detect_new_tool(context, tool);
  }
  const auto& matches = context.activity.matches;
  if (context.activity.stage != record::Stage::kDenial &&
      std::any_of(matches.begin(), matches.end(),
                  [&](const MatchSeen& match) { return tells_injection(context.activity, match); })) {
    context.profile().injection_ms = context.now_ms;
    context.profile().injection_index = context.index;
  }
}

}  // namespace redoubt::behaviour
