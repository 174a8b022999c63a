#include "incident/exercise.h"

#include <algorithm>

namespace redoubt::incident {
namespace {

constexpr std::string_view kAnyRule = "exercise.any";

// What all steps without a target of their own can be done to.
std::optional<TargetType> common_target(const Playbook& playbook) {
  for (const TargetType type :
       {TargetType::kPrincipal, TargetType::kKey, TargetType::kModel, TargetType::kTool, TargetType::kDataSet}) {
    const bool fits = std::all_of(playbook.steps.begin(), playbook.steps.end(), [&](const Playbook::Step& step) {
      return step.target || acts_on(step.effect, type);
    });
    if (fits) return type;
  }
  return std::nullopt;
}

// A rule's name that the pattern stands for.
std::string rule_for(const Playbook& playbook) {
  if (playbook.when.rules.empty()) return std::string(kAnyRule);
  std::string rule = playbook.when.rules.front();
  if (rule.ends_with('*')) rule.replace(rule.size() - 1, 1, "exercise");
  return rule;
}

}  // namespace

bool is_exercise(const std::vector<std::string>& tags) {
  return std::find(tags.begin(), tags.end(), kExerciseTag) != tags.end();
}

bool is_exercise_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash != std::string_view::npos && key.substr(slash + 1).starts_with(kExerciseName);
}

bool is_exercise(std::string_view incident, state::Tables& tables) {
  return tables
      .integer("SELECT 1 FROM incident_alerts WHERE incident = ?1 AND tags LIKE '%\"redoubt:exercise\"%' LIMIT 1",
               {incident})
      .has_value();
}

Result<Exercise> make_exercise(const Playbook& playbook, std::string_view name, UnixMillis now) {
  const bool named = !name.empty() && name.size() <= 64 &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
  if (!named) return Error(Errc::kInvalidArgument, "an exercise is named by 1 to 64 of a-z 0-9 -");
  const auto type = common_target(playbook);
  if (!type) {
    return Error(Errc::kInvalidArgument, "nothing that an alert is about fits all steps of `" + playbook.name + "`");
  }
  Exercise out{.playbook = playbook, .signal = {}};
  out.playbook.when.signals = 1;
  const Target about{.type = *type, .name = std::string(kExerciseName).append(name)};
  out.signal = {.rule = rule_for(playbook),
                .key = about.text(),
                .index = 0,
                .time = now,
                .severity = std::max(playbook.when.severity, behaviour::Severity::kMedium),
                .score = std::max(playbook.when.score, 50U),
                .confidence = std::max(playbook.when.confidence, 50U),
                .attribution = behaviour::Attribution::kProven,
                .tenant = {},
                .message = "an exercise of playbook " + playbook.name,
                .tags = {std::string(kExerciseTag)}};
  if (!playbook.when.tags.empty()) out.signal.tags.push_back(playbook.when.tags.front());
  return out;
}

}  // namespace redoubt::incident
