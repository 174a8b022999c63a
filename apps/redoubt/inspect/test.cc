// `redoubt inspect test`: one's own rules against one's own cases.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "inspect/scanner.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app::inspect_verbs {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "`" : ", `") + one + "`";
  return out.empty() ? "nothing" : out;
}

int test(const RuleOptions& options, bool json) {
  const auto read = read_rules_file(options);
  if (!read) return report(read.error(), json);
  const auto& cases = read->cases;
  if (cases.empty()) return report(Error(Errc::kNotFound, "`" + options.file + "` has no [[case]]"), json);
  const auto rules = compile(options);
  if (!rules) return report(rules.error(), json);
  const auto scanner = inspect::Scanner::create(*rules);
  if (!scanner) return report(scanner.error(), json);
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const inspect::RulesFile::Case& one = cases[i];
    std::vector<inspect::Match> matches;
    if (auto done = (*scanner)->scan(one.text, matches); !done) return report(done.error(), json);
    std::vector<std::string> found;
    for (const inspect::Match& match : matches) {
      found.push_back(std::string(match.kind) + ":" +
                      one.text.substr(match.span.begin_bytes, match.span.end_bytes - match.span.begin_bytes));
    }
    if (found == one.expect) continue;
    failures.push_back("case " + std::to_string(i + 1) + ": expected " + joined(one.expect) + ", found " +
                       joined(found));
  }
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", failures.empty());
    writer.member("passed", cases.size() - failures.size());
    writer.key("failures");
    writer.begin_array();
    for (const std::string& failure : failures) writer.value(failure);
    writer.end_array();
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    for (const std::string& failure : failures) std::printf("%s\n", failure.c_str());
    std::printf("%zu passed, %zu failed\n", cases.size() - failures.size(), failures.size());
  }
  return failures.empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace

Run add_test(CLI::App& verb, Common& common) {
  auto options = std::make_shared<RuleOptions>();
  options->families = {"user"};
  verb.add_flag("--json", common.json, "answer in JSON");
  verb.add_option("file", options->file, "TOML file with [[rule]] and [[case]] (docs/inspection.md)")->required();
  add_dictionary_option(verb, *options);
  return [options, &common] { return test(*options, common.json); };
}

}  // namespace redoubt::app::inspect_verbs
