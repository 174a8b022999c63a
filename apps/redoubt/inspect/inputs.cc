#include "redoubt/inspect/inputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <map>

#include "base/bytes.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "encoding/json_writer.h"
#include "inspect/dictionary.h"
#include "keys/keyed_records.h"
#include "keys/sealed_dictionary.h"

namespace redoubt::app::inspect_verbs {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;

Result<inspect::Family> family_named(const std::string& name) {
  for (const auto family :
       {inspect::Family::kPersonal, inspect::Family::kSecret, inspect::Family::kAttack, inspect::Family::kUser}) {
    if (inspect::to_string(family) == name) return family;
  }
  return Error(Errc::kInvalidArgument, "no family is called `" + name + "`");
}

// Dictionaries that are tried out here, keyed for this run.
class OwnDictionaries final : public inspect::Dictionaries {
 public:
  Result<bool> contains(std::string_view dictionary, std::string_view record) const override {
    const auto found = by_name_.find(dictionary);
    if (found == by_name_.end()) return missing(dictionary);
    return found->second.contains(record);
  }

  Result<> check_has(const std::string& dictionary) const {
    if (by_name_.contains(dictionary)) return {};
    return missing(dictionary);
  }
  void add(const std::string& name, const std::vector<std::string>& records) {
    by_name_.emplace(name, keys::KeyedRecords::of(records));
  }

 private:
  static Error missing(std::string_view dictionary) {
    const std::string name(dictionary);
    return {Errc::kNotFound,
            "the records of the dictionary `" + name + "` are not here: --dictionary " + name + "=FILE"};
  }

  std::map<std::string, keys::KeyedRecords, std::less<>> by_name_;
};

Result<std::shared_ptr<const OwnDictionaries>> read_dictionaries(const RuleOptions& options,
                                                                 const inspect::RulesFile& file) {
  auto out = std::make_shared<OwnDictionaries>();
  for (const inspect::RulesFile::Records& inside : file.records) out->add(inside.dictionary, inside.records);
  for (const std::string& given : options.dictionaries) {
    const std::size_t sign = given.find('=');
    if (sign == std::string::npos) return Error(Errc::kInvalidArgument, "`" + given + "` is not NAME=FILE");
    auto records = read_records(given.substr(sign + 1));
    if (!records) return records.error();
    out->add(given.substr(0, sign), *records);
  }
  for (const inspect::UserRule& rule : file.options.user) {
    if (rule.dictionary.empty()) continue;
    if (auto done = out->check_has(rule.dictionary); !done) return done.error();
  }
  return std::shared_ptr<const OwnDictionaries>(std::move(out));
}

}  // namespace

void add_dictionary_option(CLI::App& verb, RuleOptions& options) {
  verb.add_option("--dictionary", options.dictionaries,
                  "NAME=FILE: the records, one a line, that rules with `dictionary = \"NAME\"` look up (repeatable)")
      ->allow_extra_args(false);
}

void add_rule_options(CLI::App& verb, RuleOptions& options) {
  verb.add_option("--kind", options.kinds, "look for this kind only (repeatable)")->allow_extra_args(false);
  verb.add_option("--family", options.families, "personal, secret, attack or user only (repeatable)")
      ->allow_extra_args(false);
  verb.add_option("--rules", options.file, "TOML file of one's own rules, such as inspection.toml");
  add_dictionary_option(verb, options);
  verb.add_option("--min-confidence", options.min_confidence, "report nothing weaker (0.5)")
      ->check(CLI::Range(0.0, 1.0));
}

Result<inspect::RulesFile> read_rules_file(const RuleOptions& options) {
  PosixFileSystem fs;
  const auto text = read_file(fs, options.file, inspect::kRulesFileMaxBytes);
  if (!text) return text.error();
  auto file = inspect::parse_rules_file(as_chars(*text), options.file);
  if (!file) return file;
  auto dictionaries = read_dictionaries(options, *file);
  if (!dictionaries) return dictionaries.error();
  file->options.dictionaries = *std::move(dictionaries);
  return file;
}

Result<std::vector<std::string>> read_records(const std::string& path) {
  std::vector<std::string> out;
  std::size_t number = 0;
  auto done = each_line(path, [&](std::string_view line) -> Result<> {
    ++number;
    std::string record = inspect::normal_record(line);
    if (record.empty()) return {};
    if (record.size() > keys::kDictionaryRecordMax) {
      return Error(Errc::kMalformed, "line " + std::to_string(number) + ": a record has at most 256 bytes").in(path);
    }
    if (out.size() == keys::kDictionaryRecordsMax) {
      return Error(Errc::kTooLarge, "there are more than 1000000 records").in(path);
    }
    out.push_back(std::move(record));
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<std::shared_ptr<const inspect::Rules>> compile(const RuleOptions& options) {
  inspect::RulesOptions rules;
  if (!options.file.empty()) {
    auto file = read_rules_file(options);
    if (!file) return file.error();
    rules = std::move(file->options);
  }
  if (!options.kinds.empty()) rules.kinds = options.kinds;
  if (options.min_confidence) rules.min_confidence = *options.min_confidence;
  if (!options.families.empty()) rules.families.clear();
  for (const std::string& name : options.families) {
    const auto family = family_named(name);
    if (!family) return family.error();
    rules.families.push_back(*family);
  }
  return inspect::Rules::compile(rules);
}

Result<> each_piece(const std::string& path, const std::function<Result<>(std::string_view)>& take) {
  UniqueFd file;
  int fd = STDIN_FILENO;
  if (!path.empty() && path != "-") {
    file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return errno_error("`" + path + "`", errno);
    fd = file.get();
  }
  std::vector<char> buffer(std::size_t{256} << 10);
  while (true) {
    const ::ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading", errno);
    if (got == 0) return {};
    if (auto done = take({buffer.data(), static_cast<std::size_t>(got)}); !done) return done;
  }
}

Result<> each_line(const std::string& path, const std::function<Result<>(std::string_view)>& take) {
  std::string line;
  auto done = each_piece(path, [&](std::string_view piece) -> Result<> {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      line += piece.substr(0, end);
      if (line.size() > kMaxLineBytes) return Error(Errc::kTooLarge, "a line of more than 64 MiB");
      if (end == std::string_view::npos) return {};
      if (auto taken = take(line); !taken) return taken;
      line.clear();
      piece.remove_prefix(end + 1);
    }
    return {};
  });
  if (done && !line.empty()) return take(line);
  return done;
}

Result<std::string> read_text(const std::string& path) {
  std::string text;
  auto done = each_piece(path, [&](std::string_view piece) -> Result<> {
    text += piece;
    if (text.size() > kMaxTextBytes) return Error(Errc::kTooLarge, "more than 1 GiB");
    return {};
  });
  if (!done) return done.error();
  return text;
}

void write_number(encoding::JsonWriter& json, std::string_view name, double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  json.key(name);
  json.raw(text);
}

}  // namespace redoubt::app::inspect_verbs
