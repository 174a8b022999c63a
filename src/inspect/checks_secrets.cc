// Whether a text is a secret, rather than a word, a name of something, or what stands in a manual in its place.
#include <algorithm>
#include <string>

#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "inspect/internal/checks.h"
#include "inspect/internal/checksums.h"
#include "inspect/internal/letter_pairs.h"

namespace redoubt::inspect::internal {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

// Words that manuals put where a secret belongs.
bool is_placeholder(std::string_view text) {
  constexpr std::string_view kAnywhere[] = {
      "example",  "placeholder", "changeme", "change_me", "change-me", "replace",     "yourpass",
      "your_",    "your-",       "xxxx",     "****",      "....",      "abcdefgh",    "12345678",
      "qwertyui", "dummy",       "redacted", "insert",    "sample",    "undefined",   "<",
      "${",       "{{",          "$(",       "%(",        "#{",        "process.env", "os.environ",
      "getenv",   "localhost",   "todo",     "not_real",  "fake"};
  const std::string small = lower(text);
  return std::ranges::any_of(kAnywhere, [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

// The longest row of equal characters, or of ones that follow each other.
std::size_t longest_row(std::string_view text) {
  std::size_t longest = 0;
  for (const int step : {0, 1, -1}) {
    std::size_t row = 1;
    for (std::size_t i = 1; i < text.size(); ++i) {
      row = text[i] - text[i - 1] == step ? row + 1 : 1;
      longest = std::max(longest, row);
    }
  }
  return longest;
}

struct Makeup {
  std::size_t digits = 0, capitals = 0, smalls = 0, others = 0, changes = 0;
};
Makeup makeup(std::string_view text) {
  Makeup out;
  int previous = -1;
  for (const char c : text) {
    int type = 3;
    if (is_digit(c)) type = 0;
    if (c >= 'A' && c <= 'Z') type = 1;
    if (c >= 'a' && c <= 'z') type = 2;
    ++(type == 0 ? out.digits : type == 1 ? out.capitals : type == 2 ? out.smalls : out.others);
    out.changes += previous >= 0 && type != previous ? 1 : 0;
    previous = type;
  }
  return out;
}

// Names of things: words joined by signs, `my-service.key_name`, and camel case.
bool is_name(std::string_view text) {
  std::size_t words = 0;
  std::size_t wordlike = 0;
  std::size_t signs = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_alnum(text[at])) {
      ++at;
      ++signs;
      continue;
    }
    // A capital and the small letters after it, a row of small letters, or a number.
    ++at;
    if (is_digit(text[begin])) {
      while (at < text.size() && is_digit(text[at])) ++at;
    } else if (text[begin] >= 'A' && text[begin] <= 'Z' && at < text.size() && text[at] >= 'A' && text[at] <= 'Z') {
      while (at < text.size() && text[at] >= 'A' && text[at] <= 'Z') ++at;
    } else {
      while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    }
    ++words;
    const std::string_view word = text.substr(begin, at - begin);
    const bool has_vowel = word.find_first_of("aeiouyAEIOUY") != std::string_view::npos;
    if (!is_digit(text[begin]) && word.size() >= 3 && has_vowel && is_wordlike(word)) wordlike += word.size();
  }
  return words > 0 && wordlike * 10 >= (text.size() - signs) * 7;
}

// `scram-sha-256`: what secrets are made for, in small letters.
bool is_algorithm(std::string_view text) {
  constexpr std::string_view kNames[] = {"sha1",    "sha-1", "sha256", "sha-256", "sha384",  "sha-384", "sha512",
                                         "sha-512", "md5",   "aes128", "aes-128", "aes256",  "aes-256", "ed25519",
                                         "x25519",  "hs256", "rs256",  "es256",   "chacha20"};
  return text.size() < 24 &&
         std::ranges::any_of(kNames, [&](std::string_view name) { return text.find(name) != std::string_view::npos; });
}

double least_entropy(std::size_t size) {
  if (size < 16) return 2.4;
  if (size < 24) return 2.8;
  return size < 40 ? 3.0 : 3.3;
}

}  // namespace

bool is_random(std::string_view text) {
  return text.size() >= 8 && longest_row(text) < 6 && !is_placeholder(text) &&
         entropy_bits(text) >= least_entropy(text.size());
}

bool is_very_random(std::string_view text) {
  if (text.size() < 12 || !is_random(text) || is_name(text)) return false;
  const Makeup made = makeup(text);
  const bool hex = std::ranges::all_of(text, [](char c) { return is(c, kHexDigit) || c == '-'; });
  if (hex) return text.size() >= 16 && made.digits > 2 && made.smalls + made.capitals > 1;
  if (made.digits == 0 && text.size() < 20) return false;
  // Names with abbreviations in them; of random keys an eighth and more are digits.
  if (made.digits * 8 < text.size() && is_wordlike(text)) return false;
  if (made.digits + made.smalls + made.capitals < text.size() * 3 / 4) return false;
  return made.changes * 5 >= text.size() && entropy_bits(text) >= std::min(3.9, least_entropy(text.size()) + 0.4);
}

bool is_random_not_hex(std::string_view text) {
  const auto key = text.substr(std::min(text.find('-') + 1, text.size()));
  return is_random(text) && !std::ranges::all_of(key, [](char c) { return is(c, kHexDigit); });
}

bool is_provider_key(std::string_view text) {
  if (text.size() < 12 || !is_random(text) || is_name(text)) return false;
  const Makeup made = makeup(text);
  const bool hex = std::ranges::all_of(text, [](char c) { return is(c, kHexDigit) || c == '-'; });
  if (hex) return text.size() >= 16 && made.digits > 2 && made.smalls + made.capitals > 1;
  if (made.digits * 12 < text.size() && (is_wordlike(text) || made.digits == 0)) return false;
  return made.digits + made.smalls + made.capitals >= text.size() * 3 / 4 && made.changes * 7 >= text.size();
}

bool is_password(std::string_view text) {
  if (text.size() < 6 || text.size() > 128 || is_placeholder(text)) return false;
  const std::string small = lower(text);
  // What is no value but where it comes from, or what it is called.
  constexpr std::string_view kNames[] = {"password", "passwd",  "secret",    "token",  "pass",  "pwd",   "null",
                                         "none",     "true",    "false",     "string", "test",  "admin", "root",
                                         "user",     "default", "config",    "param",  "value", "input", "field",
                                         "get",      "prompt",  "encrypted", "hash",   "env"};
  const Makeup made = makeup(text);
  if (made.digits + made.capitals + made.smalls < 3) return false;
  if (made.capitals + made.smalls == 0 && text.find('.') != std::string_view::npos) return false;  // a version
  if (is_algorithm(small)) return false;
  const bool plain = made.others == 0 && made.digits == 0;
  if (plain && is_wordlike(text) && (made.capitals == 0 || made.smalls == 0 || is_name(text))) return false;
  if (text.find("(") != std::string_view::npos && text.find(")") != std::string_view::npos) return false;
  if (text.find_first_of(" \t") != std::string_view::npos) return false;
  if (!plain && is_name(text) && made.digits == 0) return false;
  for (const std::string_view name : kNames) {
    if (small.starts_with(name) && text.size() < name.size() + 3) return false;
  }
  if (text.find('.') != std::string_view::npos && is_name(text)) return false;
  if (text.front() == '$' || text.front() == '/' || text.starts_with("http")) return false;
  return longest_row(text) < 6 && entropy_bits(text) >= 2.0;
}

bool is_bare_password(std::string_view text) {
  const Makeup made = makeup(text);
  if (made.digits == text.size() || !is_password(text)) return false;
  if (made.digits + made.others > 0 && is_name(text)) return false;
  // Names are words, perhaps with one digit, and such signs as names are joined by.
  const bool has_sign = text.find_first_of("!@#$%^&*?+=~") != std::string_view::npos;
  return made.digits > 1 || has_sign || !is_wordlike(text);
}

bool is_strong_password(std::string_view text) {
  while (!text.empty() && std::string_view(".,:;!?").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  if (text.size() < 8 || !is_password(text) || is_name(text)) return false;
  const Makeup made = makeup(text);
  const int kinds =
      (made.digits > 0 ? 1 : 0) + (made.capitals > 0 ? 1 : 0) + (made.smalls > 0 ? 1 : 0) + (made.others > 0 ? 1 : 0);
  return kinds >= 3 && made.digits > 0 && made.digits + made.capitals + made.smalls > 4;
}

bool is_jwt(std::string_view text) {
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  const auto is_object = [](std::string_view part, std::string_view member) {
    // The characters of a group that is cut decode to nothing.
    const auto bytes = encoding::base64url_decode(part.substr(0, part.size() - (part.size() % 4 == 1 ? 1 : 0)));
    if (!bytes) return false;
    encoding::JsonReader reader({.max_bytes = 16384, .max_depth = 16});
    const auto root = reader.parse(as_chars(*bytes));
    if (!root || !root->is_object()) return false;
    return member.empty() || root->at_key(member).error() == simdjson::SUCCESS;
  };
  return is_object(text.substr(0, first), "alg") && is_object(text.substr(first + 1, second - first - 1), "");
}

std::string_view url_password(std::string_view text) {
  const auto begin = text.find("://");
  if (begin == std::string_view::npos) return {};
  std::string_view authority = text.substr(begin + 3);
  authority = authority.substr(0, std::min(authority.find_first_of("/?#"), authority.size()));
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos || at + 1 == authority.size()) return {};
  const std::string_view user = authority.substr(0, at);
  const auto colon = user.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view password = user.substr(colon + 1);
  if (password.size() < 3 || is_placeholder(password) || uniform(password)) return {};
  if (password.find_first_of("$<{%[") == 0) return {};
  const std::string small = lower(password);
  constexpr std::string_view kNames[] = {"password", "pass", "passwd", "pwd", "secret", "user", "token", "pw"};
  return std::ranges::find(kNames, std::string_view(small)) == std::end(kNames) ? password : std::string_view{};
}

}  // namespace redoubt::inspect::internal
