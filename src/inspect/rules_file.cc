#include "inspect/rules_file.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/config.h"
#include "inspect/dictionary.h"

namespace redoubt::inspect {
namespace {

static_assert(kRulesFileMaxBytes <= ConfigFile::kMaxSizeBytes);

constexpr Family kBuiltIn[] = {Family::kPersonal, Family::kSecret, Family::kAttack};
constexpr Family kFamilies[] = {Family::kPersonal, Family::kSecret, Family::kAttack, Family::kUser, Family::kContract};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_upper);
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kRuleNameMax && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool is_family(std::string_view kind) {
  return std::ranges::any_of(kFamilies, [&](Family family) { return upper(kind) == upper(to_string(family)); });
}

std::optional<Family> built_in_family(std::string_view name) {
  for (const Family family : kBuiltIn) {
    if (to_string(family) == name) return family;
  }
  return std::nullopt;
}

Result<double> get_fraction(const ConfigSection& section, std::string_view key, std::int64_t fallback) {
  const auto percent = section.get_int(key, fallback, {0, 100});
  if (!percent) return percent.error();
  return static_cast<double>(*percent) / 100;
}

Result<std::string> get_name(const ConfigSection& section, std::string_view key) {
  auto name = section.get_string(key);
  if (name && !is_name(*name)) return section.error_at(key, "must be 1 to 64 letters, digits, `_`, `-` or `.`");
  return name;
}

class Reader {
 public:
  explicit Reader(const ConfigFile& file) : file_(file) {}

  Result<RulesFile> read() {
    if (auto done = read_rules(); !done) return done.error();
    if (auto done = read_choice(); !done) return done.error();
    if (auto done = read_contracts(); !done) return done.error();
    if (auto done = read_cases(); !done) return done.error();
    if (auto done = file_.check_all_read(); !done) return done.error();
    return std::move(out_);
  }

 private:
  Result<> read_rules() {
    for (const ConfigSection& section : file_.sections("rule")) {
      if (out_.options.user.size() == kUserRulesMax) return Error(Errc::kTooLarge, "there are more than 1000 rules");
      auto rule = read_rule(section);
      if (!rule) return rule.error();
      out_.options.user.push_back(*std::move(rule));
    }
    return {};
  }

  Result<UserRule> read_rule(const ConfigSection& section) {
    UserRule rule;
    auto name = get_name(section, "name");
    if (!name) return name.error();
    rule.name = *std::move(name);
    auto kind = get_name(section, "kind");
    if (!kind) return kind.error();
    if (is_family(*kind)) return section.error_at("kind", "must not be the name of a family");
    rule.kind = *std::move(kind);
    if (auto done = read_what(section, rule); !done) return done.error();
    const auto ignore_case = section.get_bool("ignore_case", false);
    if (!ignore_case) return ignore_case.error();
    rule.ignore_case = *ignore_case;
    const auto width = section.get_int("max_width_bytes", 0, {0, 4096});
    if (!width) return width.error();
    rule.max_width_bytes = static_cast<std::size_t>(*width);
    const auto confidence = get_fraction(section, "confidence_percent", 80);
    if (!confidence) return confidence.error();
    rule.confidence = *confidence;
    const auto near = get_fraction(section, "confidence_near_percent", 95);
    if (!near) return near.error();
    rule.confidence_near = *near;
    return rule;
  }

  // What it looks for, and near what.
  Result<> read_what(const ConfigSection& section, UserRule& rule) {
    auto pattern = section.get_string("pattern", "");
    if (!pattern) return pattern.error();
    if (pattern->size() > kUserPatternMaxBytes) return section.error_at("pattern", "must not exceed 4096 bytes");
    // They would stand in messages.
    if (std::ranges::any_of(*pattern, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
      return section.error_at("pattern", R"(must hold no control characters; write them as `\n` or `\x{1b}`)");
    }
    rule.pattern = *std::move(pattern);
    auto words = get_words(section, "words");
    if (!words) return words.error();
    rule.words = *std::move(words);
    if (rule.pattern.empty() == rule.words.empty()) {
      return section.error_at(rule.words.empty() ? "pattern" : "words", "must be there, or the other of the two");
    }
    auto context = get_words(section, "context");
    if (!context) return context.error();
    rule.context = *std::move(context);
    return read_dictionary(section, rule);
  }

  Result<> read_dictionary(const ConfigSection& section, UserRule& rule) {
    auto records = get_words(section, "records");
    if (!records) return records.error();
    const bool named = section.has("dictionary");
    if (!named && records->empty()) return {};
    const char* const key = named ? "dictionary" : "records";
    if (rule.pattern.empty()) return section.error_at(key, "must go with a `pattern`");
    if (named) {
      auto dictionary = get_name(section, key);
      if (!dictionary) return dictionary.error();
      if (dictionary->starts_with('.')) return section.error_at(key, "must not begin with a dot");
      if (!records->empty()) return section.error_at(key, "must not stand beside `records`");
      rule.dictionary = *std::move(dictionary);
      return {};
    }
    rule.dictionary = "records of " + rule.name;
    std::ranges::transform(*records, records->begin(), normal_record);
    out_.records.push_back({rule.name, rule.dictionary, *std::move(records)});
    return {};
  }

  Result<std::vector<std::string>> get_words(const ConfigSection& section, std::string_view key) {
    auto words = section.get_strings(key, std::vector<std::string>{});
    if (!words) return words;
    if (std::ranges::any_of(*words, &std::string::empty)) return section.error_at(key, "must hold no empty text");
    words_ += words->size();
    if (words_ > kUserWordsMax) return Error(Errc::kTooLarge, "there are more than 20000 words and records");
    return words;
  }

  // Rules of one's own are used whatever is chosen of those built in.
  Result<> read_choice() {
    RulesOptions& options = out_.options;
    const auto families = file_.get_strings("inspection.families", std::vector<std::string>{});
    if (!families) return families.error();
    for (const std::string& name : *families) {
      const auto family = built_in_family(name);
      if (!family) return file_.error_at("inspection.families", "may hold `personal`, `secret` and `attack`");
      options.families.push_back(*family);
    }
    if (!options.families.empty()) options.families.push_back(Family::kUser);
    const auto kinds = file_.get_strings("inspection.kinds", std::vector<std::string>{});
    if (!kinds) return kinds.error();
    for (const std::string& kind : *kinds) {
      if (!is_name(kind)) return file_.error_at("inspection.kinds", "must hold names of kinds, such as `credit_card`");
      const auto is_own = [&](const UserRule& rule) { return upper(rule.kind) == upper(kind); };
      if (std::ranges::none_of(options.user, is_own)) options.kinds.push_back(upper(kind));
    }
    if (!kinds->empty()) {
      for (const UserRule& rule : options.user) options.kinds.push_back(rule.kind);
    }
    const auto confidence = get_fraction(file_, "inspection.min_confidence_percent", 50);
    if (!confidence) return confidence.error();
    options.min_confidence = *confidence;
    const auto decode = file_.get_bool("inspection.decode", true);
    if (!decode) return decode.error();
    options.decode = *decode;
    const auto buffer = file_.get_bool("inspection.buffer_streams", false);
    if (!buffer) return buffer.error();
    out_.buffer_streams = *buffer;
    return {};
  }

  Result<> read_contracts() {
    std::set<std::string> tools;
    for (const ConfigSection& section : file_.sections("contract")) {
      if (out_.contracts.size() == kToolContractsMax) {
        return Error(Errc::kTooLarge, "there are more than 256 contracts");
      }
      auto tool = section.get_string("tool");
      if (!tool) return tool.error();
      const auto prints = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
      if (tool->empty() || tool->size() > kToolNameMax || !std::ranges::all_of(*tool, prints)) {
        return section.error_at("tool", "must be a tool's name, of at most 128 bytes");
      }
      if (!tools.insert(*tool).second) return section.error_at("tool", "has a contract already");
      auto schema = get_name(section, "schema");
      if (!schema) return schema.error();
      if (schema->starts_with('.') || !schema->ends_with(".json")) {
        return section.error_at("schema", "must be the name of a file that ends in `.json`");
      }
      out_.contracts.push_back({*std::move(tool), *std::move(schema)});
    }
    return {};
  }

  Result<> read_cases() {
    for (const ConfigSection& section : file_.sections("case")) {
      auto text = section.get_string("text");
      if (!text) return text.error();
      auto expect = section.get_strings("expect");
      if (!expect) return expect.error();
      out_.cases.push_back({*std::move(text), *std::move(expect)});
    }
    return {};
  }

  const ConfigFile& file_;
  RulesFile out_;
  std::size_t words_ = 0;
};

}  // namespace

Result<RulesFile> parse_rules_file(std::string_view text, const std::string& name) {
  if (text.size() > kRulesFileMaxBytes) return Error(Errc::kTooLarge, name + ": more than 1 MiB");
  const auto file = ConfigFile::parse(text, name);
  if (!file) return file.error();
  auto out = Reader(*file).read();
  // What is missing is malformed here: the file is there.
  if (!out && out.error().code() == Errc::kNotFound) return Error(Errc::kMalformed, out.error().message());
  return out;
}

}  // namespace redoubt::inspect
