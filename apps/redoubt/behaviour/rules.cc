// `redoubt behaviour rules check` and `test`: rule files, and the tests that stand beside them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "encoding/json_writer.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/rule_folder.h"
#include "sigma/rule_tests.h"

namespace redoubt::app {
namespace {

using behaviour_verbs::RuleFolder;

struct RulesOptions {
  std::vector<std::string> paths;
  std::string taxonomy;
};

void print_problems(const std::vector<sigma::RuleProblem>& problems, bool json) {
  if (!json) {
    for (const auto& problem : problems) std::printf("%s\n", problem.to_error().message().c_str());
    return;
  }
  std::string out;
  encoding::JsonWriter writer(out);
  writer.begin_object();
  writer.member("ok", false);
  writer.key("problems");
  writer.begin_array();
  for (const auto& problem : problems) {
    writer.begin_object();
    writer.member("file", problem.file);
    writer.member("line", problem.line);
    writer.member("code", to_string(problem.code));
    writer.member("message", problem.message);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  std::printf("%s\n", out.c_str());
}

struct ReadRules {
  std::optional<RuleFolder> folder;
  std::optional<sigma::RuleSet> rules;
  int status = kSuccess;  // otherwise what is wrong was printed, and the others are not there
};

ReadRules read_rules(const RulesOptions& options, bool json) {
  auto folder = behaviour_verbs::read_rule_folder(options.paths, options.taxonomy);
  if (!folder) return {.status = report(folder.error(), json)};
  std::vector<sigma::RuleProblem> problems;
  auto rules = sigma::RuleSet::compile(folder->files, folder->taxonomy, &problems);
  if (!rules) {
    print_problems(problems, json);
    return {.status = kAnswerIsNo};
  }
  return {.folder = *std::move(folder), .rules = *std::move(rules)};
}

int check(const RulesOptions& options, bool json) {
  const auto read = read_rules(options, json);
  if (read.status != kSuccess) return read.status;
  const auto& folder = read.folder;
  const auto& rules = read.rules;
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", true);
    writer.member("files", folder->files.size());
    writer.member("rules", rules->rules().size());
    writer.member("fields", rules->field_count());
    writer.member("digest", rules->digest());
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("%zu rules in %zu files read %zu fields\n", rules->rules().size(), folder->files.size(),
                rules->field_count());
  }
  return kSuccess;
}

// One file's cases, or why there are none.
struct FileResult {
  std::string file;
  std::string problem;
  std::vector<sigma::RuleTestResult> cases;
};

bool reports_something(const sigma::RuleSet& rules, const std::string& file) {
  for (const sigma::RuleInfo& rule : rules.rules()) {
    if (rule.file == file && rule.reports) return true;
  }
  return false;
}

FileResult run_file(const sigma::RuleSet& rules, const std::string& file) {
  FileResult out{file, {}, {}};
  const auto text = behaviour_verbs::read_tests_beside(file);
  if (!text) {
    out.problem = text.error().message();
    return out;
  }
  if (!*text) {
    if (reports_something(rules, file)) out.problem = "there are no tests beside it";
    return out;
  }
  const auto tests = sigma::parse_rule_tests(**text);
  if (!tests) {
    out.problem = "its tests: " + tests.error().message();
    return out;
  }
  bool some = false;
  bool none = false;
  for (const sigma::RuleTest& test : *tests) {
    out.cases.push_back(sigma::run_rule_test(rules, file, test));
    (test.matches ? some : none) = true;
  }
  if (!some || !none) out.problem = "its tests have no case that " + std::string(some ? "does not match" : "matches");
  return out;
}

std::string why(const sigma::RuleTestResult& result) {
  if (!result.problem.empty()) return result.problem;
  std::string out = result.matches ? "should match, and " : "should not match, and ";
  if (result.fired_at.empty()) return out + "nothing fires";
  out += "fires at";
  for (std::size_t i = 0; i < result.fired_at.size() && i < 8; ++i) out += " " + std::to_string(result.fired_at[i]);
  return out + (result.fired_at.size() > 8 ? " …" : "");
}

void print_results(const std::vector<FileResult>& files, std::size_t cases, std::size_t failed, bool json) {
  if (!json) {
    for (const FileResult& file : files) {
      if (!file.problem.empty()) std::printf("%s: %s\n", file.file.c_str(), file.problem.c_str());
      for (const auto& result : file.cases) {
        if (!result.passed) std::printf("%s: `%s`: %s\n", file.file.c_str(), result.name.c_str(), why(result).c_str());
      }
    }
    std::printf("%zu cases of %zu files, %zu failures\n", cases, files.size(), failed);
    return;
  }
  std::string out;
  encoding::JsonWriter writer(out);
  writer.begin_object();
  writer.member("ok", failed == 0);
  writer.member("cases", cases);
  writer.member("failures", failed);
  writer.key("files");
  writer.begin_array();
  for (const FileResult& file : files) {
    writer.begin_object();
    writer.member("file", file.file);
    if (!file.problem.empty()) writer.member("problem", file.problem);
    writer.key("cases");
    writer.begin_array();
    for (const auto& result : file.cases) {
      writer.begin_object();
      writer.member("name", result.name);
      writer.member("passed", result.passed);
      if (!result.passed) writer.member("why", why(result));
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  std::printf("%s\n", out.c_str());
}

int test(const RulesOptions& options, bool json) {
  const auto read = read_rules(options, json);
  if (read.status != kSuccess) return read.status;
  const auto& folder = read.folder;
  const auto& rules = read.rules;
  std::vector<FileResult> results;
  std::size_t cases = 0;
  std::size_t failed = 0;
  for (const sigma::RuleFile& file : folder->files) {
    FileResult result = run_file(*rules, file.name);
    cases += result.cases.size();
    failed += result.problem.empty() ? 0 : 1;
    for (const auto& one : result.cases) failed += one.passed ? 0 : 1;
    results.push_back(std::move(result));
  }
  print_results(results, cases, failed, json);
  return failed == 0 ? kSuccess : kAnswerIsNo;
}

void add_verb(CLI::App& rules, const char* name, const char* what, int (*run)(const RulesOptions&, bool),
              Common& common, int& status) {
  auto* const verb = rules.add_subcommand(name, what);
  const auto options = std::make_shared<RulesOptions>();
  verb->add_option("paths", options->paths, "rule files, or folders of them (`*.yml`)")->required();
  verb->add_option("--taxonomy", options->taxonomy,
                   "what fields and log sources mean (default: `taxonomy.yaml` beside the rules or above)");
  verb->add_flag("--json", common.json, "answer in JSON");
  verb->callback([options, run, &common, &status] { status = run(*options, common.json); });
}

}  // namespace

void add_rules_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const rules = behaviour.add_subcommand("rules", "detection rules in Sigma 2.1");
  rules->require_subcommand(1);
  add_verb(*rules, "check", "whether rules are well-formed, and what is wrong with them", check, common, status);
  add_verb(*rules, "test", "the tests that stand beside rules", test, common, status);
}

}  // namespace redoubt::app
