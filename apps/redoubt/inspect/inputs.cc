#include "redoubt/inspect/inputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/file.h"
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

}  // namespace

void add_rule_options(CLI::App& verb, RuleOptions& options) {
  verb.add_option("--kind", options.kinds, "look for this kind only (repeatable)")->allow_extra_args(false);
  verb.add_option("--family", options.families, "personal, secret, attack or user only (repeatable)")
      ->allow_extra_args(false);
  verb.add_option("--rules", options.file, "TOML file of one's own rules, such as inspection.toml");
  verb.add_option("--min-confidence", options.min_confidence, "report nothing weaker (0.5)")
      ->check(CLI::Range(0.0, 1.0));
}

Result<inspect::RulesFile> read_rules_file(const std::string& file) {
  PosixFileSystem fs;
  const auto text = read_file(fs, file, inspect::kRulesFileMaxBytes);
  if (!text) return text.error();
  return inspect::parse_rules_file(as_chars(*text), file, std::make_shared<const OwnKey>());
}

Result<std::shared_ptr<const inspect::Rules>> compile(const RuleOptions& options) {
  inspect::RulesOptions rules;
  if (!options.file.empty()) {
    auto file = read_rules_file(options.file);
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
