#include "redoubt/inspect/inputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/config.h"
#include "base/unique_fd.h"
#include "crypto/kdf.h"
#include "crypto/secret.h"
#include "encoding/json_writer.h"

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

Result<double> fraction(const ConfigSection& section, std::string_view key, std::int64_t fallback) {
  const auto percent = section.get_int(key, fallback, {0, 100});
  if (!percent) return percent.error();
  return static_cast<double>(*percent) / 100;
}

// The key of dictionaries that are tried out here: made for this run, and forgotten with it.
class OwnKey : public inspect::DictionaryKey {
 public:
  Result<crypto::Sha256Digest> digest(std::string_view dictionary, std::string_view record) const override {
    constexpr std::string_view kBetween("\0", 1);
    return crypto::hmac_sha256(key_.reveal(), {as_bytes(dictionary), as_bytes(kBetween), as_bytes(record)});
  }

 private:
  crypto::Secret key_ = crypto::Secret::random(32);
};

Result<inspect::UserRule> read_user_rule(const ConfigSection& section, const OwnKey& key) {
  inspect::UserRule rule;
  auto name = section.get_string("name");
  if (!name) return name.error();
  auto kind = section.get_string("kind");
  if (!kind) return kind.error();
  auto pattern = section.get_string("pattern", "");
  if (!pattern) return pattern.error();
  auto words = section.get_strings("words", std::vector<std::string>{});
  if (!words) return words.error();
  auto records = section.get_strings("records", std::vector<std::string>{});
  if (!records) return records.error();
  auto context = section.get_strings("context", std::vector<std::string>{});
  if (!context) return context.error();
  const auto ignore_case = section.get_bool("ignore_case", false);
  if (!ignore_case) return ignore_case.error();
  const auto width = section.get_int("max_width_bytes", 0, {0, 4096});
  if (!width) return width.error();
  const auto confidence = fraction(section, "confidence_percent", 80);
  if (!confidence) return confidence.error();
  const auto near = fraction(section, "confidence_near_percent", 95);
  if (!near) return near.error();
  std::vector<crypto::Sha256Digest> digests;
  for (const std::string& record : *records) {
    auto digest = key.digest(*name, inspect::normal_record(record));
    if (!digest) return digest.error();
    digests.push_back(*digest);
  }
  return inspect::UserRule{.name = *std::move(name),
                           .kind = *std::move(kind),
                           .pattern = *std::move(pattern),
                           .words = *std::move(words),
                           .dictionary = std::move(digests),
                           .ignore_case = *ignore_case,
                           .context = *std::move(context),
                           .confidence = *confidence,
                           .confidence_near = *near,
                           .max_width_bytes = static_cast<std::size_t>(*width)};
}

}  // namespace

void add_rule_options(CLI::App& verb, RuleOptions& options) {
  verb.add_option("--kind", options.kinds, "look for this kind only (repeatable)")->allow_extra_args(false);
  verb.add_option("--family", options.families, "personal, secret, attack or user only (repeatable)")
      ->allow_extra_args(false);
  verb.add_option("--rules", options.file, "TOML file of one's own rules");
  verb.add_option("--min-confidence", options.min_confidence, "report nothing weaker")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
}

Result<OwnRules> read_own_rules(const std::string& file) {
  PosixFileSystem fs;
  const auto config = ConfigFile::load(fs, file);
  if (!config) return config.error();
  const auto key = std::make_shared<const OwnKey>();
  OwnRules out{.rules = {}, .key = key};
  for (const ConfigSection& section : config->sections("rule")) {
    auto rule = read_user_rule(section, *key);
    if (!rule) return rule.error();
    out.rules.push_back(*std::move(rule));
  }
  return out;
}

Result<std::shared_ptr<const inspect::Rules>> compile(const RuleOptions& options) {
  inspect::RulesOptions rules;
  rules.kinds = options.kinds;
  rules.min_confidence = options.min_confidence;
  for (const std::string& name : options.families) {
    const auto family = family_named(name);
    if (!family) return family.error();
    rules.families.push_back(*family);
  }
  if (!options.file.empty()) {
    auto own = read_own_rules(options.file);
    if (!own) return own.error();
    rules.user = std::move(own->rules);
    rules.dictionary_key = std::move(own->key);
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
