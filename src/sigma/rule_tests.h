// Tests that stand beside rules: events, and whether the rules of the file report something. README.md has the form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sigma/rule_set.h"

namespace redoubt::sigma {

struct RuleTest {
  std::string name;
  bool records = false;             // the events are records, not named as fields are
  std::vector<std::string> events;  // JSON
  bool matches = false;
  std::optional<std::string> rule;
  std::optional<std::vector<std::size_t>> fires_at;
  std::size_t repeat = 1;
  std::map<std::string, bool, std::less<>> predicates;
};

struct RuleTestResult {
  std::string name;
  bool passed = false;
  bool matches = false;               // what was expected
  std::vector<std::size_t> fired_at;  // what was found
  std::string problem;                // why it could not be run; empty otherwise
};

// A tests file. At most 4 MiB, 1,000 cases and 10,000 events. kMalformed with the case's place and name.
Result<std::vector<RuleTest>> parse_rule_tests(std::string_view json);

// Runs one case with all rules of the set; a rule of `file` must report. Any thread.
RuleTestResult run_rule_test(const RuleSet& rules, std::string_view file, const RuleTest& test);

}  // namespace redoubt::sigma
