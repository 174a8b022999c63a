#include "incident/playbook.h"

#include <algorithm>
#include <charconv>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/yaml_reader.h"

namespace redoubt::incident {
namespace {

using behaviour::Severity;
using behaviour::Signal;
using encoding::YamlNode;

constexpr std::size_t kTextMax = 300;
constexpr std::size_t kListMax = 32;

// Reads one document. The first thing that is wrong is kept, with its line.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  std::optional<Playbook> read(const YamlNode& root) {
    Playbook out;
    members(root, "a playbook", [&](const std::string& name, const YamlNode& value) {
      if (name == "playbook") return void(out.name = text(value, name));
      if (name == "description") return void(out.description = text(value, name));
      if (name == "mode") return void(out.rehearse = mode(value));
      if (name == "when") return when(value, out.when);
      if (name == "do") return steps(value, out.steps);
      if (name == "notify") return roles(value, out.notify);
      if (name == "guard") return guard(value, out.guard);
      unknown(name, value, "a playbook has `playbook`, `description`, `mode`, `when`, `do`, `notify` and `guard`");
    });
    const bool named = !out.name.empty() && out.name.size() <= 64 &&
                       out.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!named) fail(root.line, "a playbook is named by `playbook`: 1 to 64 of a-z 0-9 -");
    if (out.steps.empty()) fail(root.line, "a playbook says what to `do`");
    if (error_) return std::nullopt;
    return out;
  }

  void fail(std::size_t line, std::string_view why, Errc code = Errc::kInvalidArgument) {
    if (error_) return;
    error_ = Error(code, std::string(file_) + ":" + std::to_string(line) + ": " + std::string(why));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <class Take>
  void members(const YamlNode& node, std::string_view what, Take&& take) {
    if (!node.is_map())
      return fail(node.line, std::string(what) + " is a map, not " + std::string(kind_name(node.kind)));
    for (const auto& [name, value] : node.members) take(name, value);
  }
  void unknown(const std::string& name, const YamlNode& node, std::string_view known) {
    fail(node.line, "`" + name.substr(0, 64) + "` is not known: " + std::string(known));
  }

  std::string text(const YamlNode& node, std::string_view name) {
    const bool line = node.is_text() && node.text.size() <= kTextMax && node.text.find('\n') == std::string::npos;
    if (!line) fail(node.line, "`" + std::string(name) + "` is one line of text");
    return node.text;
  }
  std::vector<std::string> texts(const YamlNode& node, std::string_view name) {
    std::vector<std::string> out;
    if (!node.is_list() || node.items.empty() || node.items.size() > kListMax) {
      fail(node.line, "`" + std::string(name) + "` is a list of 1 to " + std::to_string(kListMax));
      return out;
    }
    for (const YamlNode& item : node.items) out.push_back(text(item, name));
    return out;
  }
  std::uint64_t number(const YamlNode& node, std::string_view name, std::uint64_t least, std::uint64_t most) {
    const auto fits = [&](double value) {
      return value >= static_cast<double>(least) && value <= static_cast<double>(most);
    };
    if (node.kind == YamlNode::Kind::kInteger && fits(node.number)) return static_cast<std::uint64_t>(node.number);
    fail(node.line,
         "`" + std::string(name) + "` is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return least;
  }
  bool boolean(const YamlNode& node, std::string_view name) {
    if (node.kind != YamlNode::Kind::kBoolean) fail(node.line, "`" + std::string(name) + "` is true or false");
    return node.boolean;
  }

  bool mode(const YamlNode& node) {
    const std::string said = text(node, "mode");
    if (said != "enforce" && said != "rehearse") fail(node.line, "`mode` is `enforce` or `rehearse`");
    return said != "enforce";
  }

  void when(const YamlNode& node, Playbook::When& out) {
    members(node, "`when`", [&](const std::string& name, const YamlNode& value) {
      if (name == "rules") return rules(value, out.rules);
      if (name == "tags") return void(out.tags = texts(value, name));
      if (name == "severity") return severity(value, out.severity);
      if (name == "confidence") return void(out.confidence = static_cast<unsigned>(number(value, name, 0, 100)));
      if (name == "score") return void(out.score = static_cast<unsigned>(number(value, name, 0, 100)));
      if (name == "signals") return void(out.signals = number(value, name, 1, 1'000'000));
      unknown(name, value, "`when` has `rules`, `tags`, `severity`, `confidence`, `score` and `signals`");
    });
  }
  void rules(const YamlNode& node, std::vector<std::string>& out) {
    out = texts(node, "rules");
    for (const std::string& rule : out) {
      const std::size_t star = rule.find('*');
      if (rule.empty() || (star != std::string::npos && star + 1 != rule.size())) {
        fail(node.line, "a rule is named whole, or by its beginning and `*`");
      }
    }
  }
  void roles(const YamlNode& node, std::vector<std::string>& out) {
    out = texts(node, "notify");
    for (const std::string& role : out) {
      const bool good = !role.empty() && role.size() <= kRoleMax &&
                        role.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
      if (!good) fail(node.line, "`notify` names roles: 1 to 32 of a-z 0-9 -");
    }
  }
  void severity(const YamlNode& node, Severity& out) {
    const std::string said = text(node, "severity");
    for (const Severity each : {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
      if (behaviour::to_string(each) == said) return void(out = each);
    }
    fail(node.line, "`severity` is `low`, `medium`, `high` or `critical`");
  }

  void guard(const YamlNode& node, Playbook::Guard& out) {
    members(node, "`guard`", [&](const std::string& name, const YamlNode& value) {
      if (name == "stops_per_minute") {
        return void(out.stops_per_minute = static_cast<unsigned>(number(value, name, 0, 1000)));
      }
      if (name == "traffic_percent") {
        return void(out.traffic_percent = static_cast<unsigned>(number(value, name, 0, kTrafficPercent)));
      }
      unknown(name, value, "`guard` has `stops_per_minute` and `traffic_percent`");
    });
  }

  void steps(const YamlNode& node, std::vector<Playbook::Step>& out) {
    if (!node.is_list() || node.items.empty() || node.items.size() > kStepsMax) {
      return fail(node.line, "`do` is a list of 1 to " + std::to_string(kStepsMax) + " steps");
    }
    for (const YamlNode& item : node.items) out.push_back(step(item));
  }
  Playbook::Step step(const YamlNode& node) {
    Playbook::Step out;
    bool has_effect = false;
    members(node, "a step", [&](const std::string& name, const YamlNode& value) {
      if (name == "effect") {
        const auto effect = parse_effect(text(value, name));
        if (!effect) {
          fail(value.line,
               "`effect` is `throttle`, `step_up`, `inspect`, `quarantine`, `suspend`, `block` or `revoke_sessions`");
        }
        out.effect = effect.value_or(Effect::kThrottle);
        has_effect = true;
      } else if (name == "target") {
        auto target = parse_target(text(value, name));
        if (!target) fail(value.line, target.error().message());
        if (target) out.target = *std::move(target);
      } else if (name == "for") {
        const auto duration = parse_duration(text(value, name));
        if (!duration) fail(value.line, "`for` is a number with `s`, `m`, `h` or `d`: `30m`");
        out.for_ms = duration.value_or(0);
      } else if (name == "per_minute") {
        out.per_minute = static_cast<std::uint32_t>(number(value, name, 1, kThrottleMax));
      } else if (name == "families") {
        for (const std::string& family : texts(value, name)) {
          out.families.append(out.families.empty() ? "" : ",").append(family);
        }
      } else if (name == "approval") {
        out.approval = boolean(value, name);
      } else {
        unknown(name, value, "a step has `effect`, `target`, `for`, `per_minute`, `families` and `approval`");
      }
    });
    if (!has_effect) fail(node.line, "a step has an `effect`");
    fits(node, out);
    return out;
  }
  // Without a target it must be possible on something that alerts are about.
  void fits(const YamlNode& node, const Playbook::Step& step) {
    if (error_) return;
    Error last(Errc::kInvalidArgument, "");
    for (const TargetType type : {TargetType::kPrincipal, TargetType::kKey, TargetType::kNetwork, TargetType::kModel,
                                  TargetType::kTool, TargetType::kDataSet}) {
      if (step.target && step.target->type != type) continue;
      if (!step.target && !acts_on(step.effect, type)) continue;
      auto fits = check(step.on(step.target.value_or(Target{.type = type, .name = "any"})));
      if (fits) return;
      last = fits.error();
    }
    fail(node.line, last.message());
  }

  std::string_view file_;
  std::optional<Error> error_;
};

bool names(const std::string& pattern, std::string_view rule) {
  if (!pattern.ends_with('*')) return pattern == rule;
  return rule.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

// `atlas:AML.T0024` stands for its parts, too: `atlas:AML.T0024.002`.
bool covers(std::string_view wanted, std::string_view tag) {
  return tag.starts_with(wanted) &&
         (tag.size() == wanted.size() || tag[wanted.size()] == '.' || tag[wanted.size()] == ':');
}

}  // namespace

Action Playbook::Step::on(const Target& about) const {
  return {.effect = effect,
          .target = target.value_or(about),
          .for_ms = for_ms,
          .per_minute = per_minute,
          .families = families};
}

bool Playbook::is_for(const Signal& signal, std::uint64_t count) const {
  if (signal.severity < when.severity || signal.confidence < when.confidence || signal.score < when.score) return false;
  if (count < when.signals) return false;
  const auto any = [](const auto& wanted, auto&& fits) {
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), fits);
  };
  return any(when.rules, [&](const std::string& rule) { return names(rule, signal.rule); }) &&
         any(when.tags, [&](const std::string& wanted) {
           return std::any_of(signal.tags.begin(), signal.tags.end(),
                              [&](const std::string& tag) { return covers(wanted, tag); });
         });
}

Result<std::vector<Playbook>> read_playbooks(std::string_view file, std::string_view yaml) {
  std::vector<YamlNode> documents;
  encoding::YamlProblem problem;
  Reader reader(file);
  const encoding::YamlLimits limits{
      .max_bytes = kPlaybookFileMax, .max_documents = kPlaybooksMax, .max_nodes = 20'000, .max_depth = 8};
  if (!encoding::read_yaml(yaml, documents, problem, limits)) {
    reader.fail(problem.line, problem.message, problem.code);
    return *reader.error();
  }
  std::vector<Playbook> out;
  const std::string digest = "sha256:" + encoding::hex(crypto::sha256(as_bytes(yaml)));
  for (const YamlNode& root : documents) {
    auto playbook = reader.read(root);
    if (!playbook) return *reader.error();
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const Playbook& each) { return each.name == playbook->name; });
    if (twice) {
      reader.fail(root.line, "there is another playbook `" + playbook->name + "`");
      return *reader.error();
    }
    playbook->digest = digest;
    out.push_back(*std::move(playbook));
  }
  return out;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1000;
      break;
    case 'm':
      unit = 60'000;
      break;
    case 'h':
      unit = 3'600'000;
      break;
    case 'd':
      unit = 86'400'000;
      break;
    default:
      return std::nullopt;
  }
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number > 1'000'000) return std::nullopt;
  return number * unit;
}

}  // namespace redoubt::incident
