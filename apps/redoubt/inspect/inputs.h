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
  std::string file;                       // of one's own rules, TOML
  std::vector<std::string> dictionaries;  // NAME=FILE, with the records that rules in it look up
  std::optional<double> min_confidence;
};
void add_rule_options(CLI::App& verb, RuleOptions& options);
void add_dictionary_option(CLI::App& verb, RuleOptions& options);  // alone

// Of `options.file`. Its rules look records up that stand in it, or in the files of `options.dictionaries`, as the
// server does in what was sealed. Errors: kNotFound, also for a dictionary that no file is given for; those of
// parse_rules_file().
Result<inspect::RulesFile> read_rules_file(const RuleOptions& options);
// What the options say goes before what their file says. Errors: those of read_rules_file() and Rules::compile().
Result<std::shared_ptr<const inspect::Rules>> compile(const RuleOptions& options);

// The records of a file, one a line, in normal form; lines without one are passed over. Errors: kTooLarge, kMalformed
// with the line.
Result<std::vector<std::string>> read_records(const std::string& path);

// Calls `take` with the pieces of a file, or of standard input when `path` is empty or `-`, until it fails.
Result<> each_piece(const std::string& path, const std::function<Result<>(std::string_view)>& take);
// With the lines, without their ends. Errors: kTooLarge for a line of more than 64 MiB.
Result<> each_line(const std::string& path, const std::function<Result<>(std::string_view)>& take);
Result<std::string> read_text(const std::string& path);

// As a number of JSON.
void write_number(encoding::JsonWriter& json, std::string_view name, double value, int decimals = 2);

}  // namespace redoubt::app::inspect_verbs
