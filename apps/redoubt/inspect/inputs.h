// What the commands are given: texts, and the rules to read them by.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/rules_file.h"

namespace CLI {
class App;
}
namespace redoubt::encoding {
class JsonWriter;
}

namespace redoubt::app::inspect_verbs {

struct RuleOptions {
  std::vector<std::string> kinds;
  std::vector<std::string> families;
  std::string file;  // of one's own rules, TOML
  std::optional<double> min_confidence;
};
void add_rule_options(CLI::App& verb, RuleOptions& options);

// With a key, made for this, that the records in it are digested with. Errors: kNotFound, those of parse_rules_file().
Result<inspect::RulesFile> read_rules_file(const std::string& file);
// What the options say goes before what their file says. Errors: those of read_rules_file() and Rules::compile().
Result<std::shared_ptr<const inspect::Rules>> compile(const RuleOptions& options);

// Calls `take` with the pieces of a file, or of standard input when `path` is empty or `-`, until it fails.
Result<> each_piece(const std::string& path, const std::function<Result<>(std::string_view)>& take);
// With the lines, without their ends. Errors: kTooLarge for a line of more than 64 MiB.
Result<> each_line(const std::string& path, const std::function<Result<>(std::string_view)>& take);
Result<std::string> read_text(const std::string& path);

// As a number of JSON.
void write_number(encoding::JsonWriter& json, std::string_view name, double value, int decimals = 2);

}  // namespace redoubt::app::inspect_verbs
