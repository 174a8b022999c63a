// `redoubt policy test`: a team's own cases against its policies.
#include <cstdio>

#include "base/file.h"
#include "gateway/policy_files.h"
#include "redoubt/layout.h"
#include "redoubt/policy_cases.h"
#include "redoubt/policy_commands.h"

namespace redoubt::app {
namespace {

struct Outcome {
  const PolicyCase* of = nullptr;
  gateway::Ruling ruling;
  std::string wrong;  // empty: as expected
};

std::string list(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out.empty() ? "none" : out;
}

std::string compare(const PolicyCase& of, const gateway::Ruling& ruling) {
  std::string wrong;
  const auto add = [&](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
  if (ruling.permit != of.allow) add(std::string("expected ") + (of.allow ? "allow" : "deny"));
  const std::set<std::string> reasons(ruling.reasons.begin(), ruling.reasons.end());
  if (of.reasons && *of.reasons != reasons) add("expected " + list(*of.reasons) + " to determine it");
  const auto commit = ruling.obligations.commit;
  if (of.commit && (!commit || to_string(*commit) != *of.commit)) add("expected commit level `" + *of.commit + "`");
  return wrong;
}

Result<std::vector<Outcome>> run(const std::vector<PolicyCase>& cases, const gateway::PolicyBundle& bundle) {
  std::vector<Outcome> out;
  for (const PolicyCase& one : cases) {
    auto ruling = one.decide(bundle);
    if (!ruling) return ruling.error().in("case `" + one.name + "`, line " + std::to_string(one.line));
    Outcome outcome{.of = &one, .ruling = *std::move(ruling), .wrong = {}};
    outcome.wrong = compare(one, outcome.ruling);
    out.push_back(std::move(outcome));
  }
  return out;
}

std::string determined_by(const gateway::Ruling& ruling) {
  if (!ruling.overruled.empty()) return std::string(ruling.overruled);
  if (ruling.reasons.empty()) return "no policy permits it";
  return list({ruling.reasons.begin(), ruling.reasons.end()});
}

void print(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    std::printf("%s  %s\n", outcome.wrong.empty() ? "ok    " : "FAILED", outcome.of->name.c_str());
    if (outcome.wrong.empty()) continue;
    std::printf("        line %d: %s; got %s: %s\n", outcome.of->line, outcome.wrong.c_str(),
                outcome.ruling.permit ? "allow" : "deny", determined_by(outcome.ruling).c_str());
  }
}

void print_json(const std::vector<Outcome>& outcomes, std::size_t failed) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", failed == 0);
  json.member("passed", outcomes.size() - failed);
  json.member("failed", failed);
  json.key("cases");
  json.begin_array();
  for (const Outcome& outcome : outcomes) {
    json.begin_object();
    json.member("name", outcome.of->name);
    json.member("line", outcome.of->line);
    json.member("ok", outcome.wrong.empty());
    json.member("decision", outcome.ruling.permit ? "allow" : "deny");
    json.key("reasons");
    json.begin_array();
    for (const std::string_view reason : outcome.ruling.reasons) json.value(reason);
    json.end_array();
    if (!outcome.wrong.empty()) json.member("wrong", outcome.wrong);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_policy_test(const Common& common, const PolicyTestOptions& options) {
  PosixFileSystem fs;
  auto files = gateway::read_policies(fs, options.policies.empty() ? Layout(common.dir).policies() : options.policies);
  if (!files) return report(files.error(), common.json);
  auto bundle = gateway::PolicyBundle::load(*files);
  if (!bundle) return report(bundle.error(), common.json);
  auto text = read_file(fs, options.cases, kMaxCaseBytes);
  if (!text) return report(text.error(), common.json);
  auto cases = parse_policy_cases(as_chars(*text));
  if (!cases) return report(cases.error().in(options.cases), common.json);
  auto outcomes = run(*cases, **bundle);
  if (!outcomes) return report(outcomes.error().in(options.cases), common.json);
  std::size_t failed = 0;
  for (const Outcome& outcome : *outcomes) failed += outcome.wrong.empty() ? 0 : 1;
  if (common.json) {
    print_json(*outcomes, failed);
  } else {
    print(*outcomes);
    std::printf("%zu passed, %zu failed\n", outcomes->size() - failed, failed);
  }
  return failed == 0 ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
