#include "incident/playbook_tests.h"

#include <map>
#include <set>

#include "encoding/yaml_reader.h"
#include "incident/rehearsal.h"

namespace redoubt::incident {
namespace {

using encoding::YamlNode;

constexpr std::int64_t kBeginMs = 1'780'000'000'000;

struct Told {
  behaviour::Signal signal;
  std::int64_t after_ms = 1000;
  std::uint64_t times = 1;
};

struct Case : PlainSurroundings {
  std::string name;
  std::vector<Told> signals;
  std::vector<std::string> expect;
  std::optional<std::uint64_t> withheld;
  std::set<std::string, std::less<>> exempted;
  std::map<std::string, double, std::less<>> shares;

  std::string exempt(const Target& target) override { return exempted.contains(target.text()) ? "it is exempt" : ""; }
  std::optional<double> share(const Target& target, std::string_view) override {
    const auto found = shares.find(target.text());
    return found != shares.end() ? found->second / 100 : 0;
  }
};

class CaseReader {
 public:
  explicit CaseReader(std::string_view file) : file_(file) {}

  Result<std::vector<Case>> read(const YamlNode& root) {
    std::vector<Case> out;
    each_member(root, [&](const std::string& name, const YamlNode& value) {
      if (name != "cases" || !value.is_list() || value.items.size() > kPlaybookCasesMax) {
        return fail(value.line, "a file of cases has `cases`, a list of at most " + std::to_string(kPlaybookCasesMax));
      }
      for (const YamlNode& item : value.items) out.push_back(one(item));
    });
    if (error_) return *error_;
    if (out.empty()) return Error(Errc::kInvalidArgument, std::string(file_) + ": there are no cases");
    return out;
  }
  Error failure(std::size_t line, std::string_view why, Errc code) const {
    return {code, std::string(file_) + ":" + std::to_string(line) + ": " + std::string(why)};
  }

 private:
  void fail(std::size_t line, std::string_view why) {
    if (!error_) error_ = failure(line, why, Errc::kInvalidArgument);
  }
  template <class Take>
  void each_member(const YamlNode& node, Take&& take) {
    if (!node.is_map()) return fail(node.line, "a map is wanted here");
    for (const auto& [name, value] : node.members) take(name, value);
  }
  std::string text(const YamlNode& node) {
    if (!node.is_text()) fail(node.line, "text is wanted here");
    return node.text;
  }
  std::vector<std::string> texts(const YamlNode& node) {
    std::vector<std::string> out;
    if (!node.is_list()) fail(node.line, "a list is wanted here");
    for (const YamlNode& item : node.items) out.push_back(text(item));
    return out;
  }
  std::uint64_t number(const YamlNode& node, std::uint64_t most) {
    if (node.kind == YamlNode::Kind::kInteger && node.number >= 0 && node.number <= static_cast<double>(most)) {
      return static_cast<std::uint64_t>(node.number);
    }
    fail(node.line, "a whole number of at most " + std::to_string(most) + " is wanted here");
    return 0;
  }

  Case one(const YamlNode& node) {
    Case out;
    std::uint64_t signals = 0;
    each_member(node, [&](const std::string& name, const YamlNode& value) {
      if (name == "name") {
        out.name = text(value);
      } else if (name == "expect") {
        out.expect = texts(value);
      } else if (name == "withheld") {
        out.withheld = number(value, 1000);
      } else if (name == "exempt") {
        for (std::string& each : texts(value)) out.exempted.insert(std::move(each));
      } else if (name == "share") {
        each_member(value, [&](const std::string& target, const YamlNode& percent) {
          out.shares[target] = static_cast<double>(number(percent, 100));
        });
      } else if (name == "signals" && value.is_list()) {
        for (const YamlNode& item : value.items) {
          out.signals.push_back(told(item));
          signals += out.signals.back().times;
        }
      } else {
        fail(value.line, "`" + name +
                             "` is not known: a case has `name`, `signals`, `expect`, `withheld`, `exempt` and "
                             "`share`");
      }
    });
    if (signals == 0 || signals > kCaseSignalsMax) {
      fail(node.line, "a case has 1 to " + std::to_string(kCaseSignalsMax) + " signals");
    }
    return out;
  }

  Told told(const YamlNode& node) {
    Told out;
    out.signal.severity = behaviour::Severity::kMedium;
    out.signal.score = 60;
    out.signal.confidence = 80;
    each_member(node, [&](const std::string& name, const YamlNode& value) {
      if (name == "rule") {
        out.signal.rule = text(value);
      } else if (name == "key") {
        out.signal.key = text(value);
      } else if (name == "tenant") {
        out.signal.tenant = text(value);
      } else if (name == "severity") {
        severity(value, out.signal.severity);
      } else if (name == "attribution") {
        const std::string said = text(value);
        if (said != "proven" && said != "claimed") fail(value.line, "`attribution` is `proven` or `claimed`");
        out.signal.attribution = said == "claimed" ? Attribution::kClaimed : Attribution::kProven;
      } else if (name == "score") {
        out.signal.score = static_cast<unsigned>(number(value, 100));
      } else if (name == "confidence") {
        out.signal.confidence = static_cast<unsigned>(number(value, 100));
      } else if (name == "tags") {
        out.signal.tags = texts(value);
      } else if (name == "after") {
        const auto duration = parse_duration(text(value));
        if (!duration) fail(value.line, "`after` is a number with `s`, `m`, `h` or `d`");
        out.after_ms = duration.value_or(0);
      } else if (name == "times") {
        out.times = number(value, kCaseSignalsMax);
      } else {
        fail(value.line, "`" + name + "` is not known of a signal");
      }
    });
    if (out.signal.rule.empty() || out.signal.key.empty()) fail(node.line, "a signal has `rule` and `key`");
    return out;
  }
  void severity(const YamlNode& node, behaviour::Severity& out) {
    using behaviour::Severity;
    const std::string said = text(node);
    for (const Severity each : {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
      if (behaviour::to_string(each) == said) return void(out = each);
    }
    fail(node.line, "`severity` is `low`, `medium`, `high` or `critical`");
  }

  std::string_view file_;
  std::optional<Error> error_;
};

Result<> play(Case& wanted, Rehearsal& rehearsal) {
  std::int64_t time = kBeginMs;
  std::uint64_t index = 0;
  for (const Told& told : wanted.signals) {
    for (std::uint64_t i = 0; i < told.times; ++i) {
      behaviour::Signal signal = told.signal;
      time += i == 0 ? told.after_ms : 1000;
      signal.time = {time};
      signal.index = ++index;
      signal.entries = {signal.index};
      if (auto done = rehearsal.take(signal); !done) return done;
    }
  }
  return rehearsal.end();
}

Result<std::string> run(const std::vector<Playbook>& playbooks, Case& wanted) {
  auto rehearsal = Rehearsal::create(playbooks, wanted);
  if (!rehearsal) return rehearsal.error();
  if (auto done = play(wanted, **rehearsal); !done) return done.error();
  const auto responses = (*rehearsal)->responses();
  if (!responses) return responses.error();
  const auto alerts = (*rehearsal)->alerts();
  if (!alerts) return alerts.error();
  std::multiset<std::string> missing(wanted.expect.begin(), wanted.expect.end());
  for (const Response& response : *responses) {
    const std::string there = describe(response);
    const auto found = missing.find(there);
    if (found == missing.end()) return "not expected: `" + there + "`";
    missing.erase(found);
  }
  if (!missing.empty()) return "expected, and not there: `" + *missing.begin() + "`";
  std::uint64_t withheld = 0;
  for (const Alert& alert : *alerts) withheld += alert.withheld.size();
  if (wanted.withheld && *wanted.withheld != withheld) {
    return std::to_string(withheld) + " withheld instead of " + std::to_string(*wanted.withheld);
  }
  return std::string();
}

}  // namespace

std::string describe(const Response& response) {
  return std::string(to_string(response.action.effect)) + " " + response.action.target.text() + " " +
         std::string(to_string(response.status));
}

Result<std::vector<PlaybookCaseResult>> run_playbook_tests(const std::vector<Playbook>& playbooks,
                                                           std::string_view file, std::string_view yaml) {
  CaseReader reader(file);
  std::vector<YamlNode> documents;
  encoding::YamlProblem problem;
  const encoding::YamlLimits limits{
      .max_bytes = kPlaybookFileMax, .max_documents = 1, .max_nodes = 50'000, .max_depth = 8};
  if (!encoding::read_yaml(yaml, documents, problem, limits)) {
    return reader.failure(problem.line, problem.message, problem.code);
  }
  if (documents.empty()) return reader.failure(1, "there are no cases", Errc::kInvalidArgument);
  auto cases = reader.read(documents.front());
  if (!cases) return cases.error();
  std::vector<PlaybookCaseResult> out;
  for (Case& each : *cases) {
    auto result = run(playbooks, each);
    if (!result) return result.error();
    out.push_back({.name = each.name, .problem = *std::move(result)});
  }
  return out;
}

}  // namespace redoubt::incident
