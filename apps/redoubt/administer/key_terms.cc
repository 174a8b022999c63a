#include "redoubt/administer/key_terms.h"

#include <charconv>

#include "base/clock.h"
#include "base/timestamp.h"
#include "redoubt/administer/bodies.h"

namespace redoubt::app {

void add_key_end(CLI::App& command, KeyTerms& terms) {
  auto* const expires =
      command.add_option("--expires", terms.expires, "when it ends, `2027-01-31T12:00:00Z` (default: never)");
  command.add_option("--life", terms.life, "or how long it lives: 12h, 90d")->excludes(expires);
}

void add_key_terms(CLI::App& command, KeyTerms& terms) {
  command.add_option("--scope", terms.scopes, "what it is for, as models.invoke (repeatable; default: all)")
      ->allow_extra_args(false);
  command.add_option("--model", terms.models, "a model that it may invoke (repeatable; default: all)")
      ->allow_extra_args(false);
  add_key_end(command, terms);
}

Result<std::chrono::seconds> parse_span(std::string_view text) {
  const Error wrong(Errc::kInvalidArgument,
                    "`" + std::string(text) + "` is no span of time: digits, and one of s, m, h, d");
  constexpr std::uint64_t kLongest = 100ULL * 366 * 24 * 3600;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end + 1 != text.data() + text.size()) return wrong;
  const std::uint64_t unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 24 * 3600 : 0;
  if (unit == 0 || count > kLongest / unit) return wrong;
  return std::chrono::seconds(count * unit);
}

Result<std::string> key_end(const KeyTerms& terms) {
  if (terms.life.empty()) return terms.expires;
  auto life = parse_span(terms.life);
  if (!life) return life.error();
  return format_timestamp({SystemClock().now().value + std::chrono::milliseconds(*life).count()});
}

Result<std::string> key_terms(const KeyTerms& terms, std::string_view principal) {
  auto end = key_end(terms);
  if (!end) return end.error();
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  if (!principal.empty()) json.member("principal", principal);
  if (!terms.scopes.empty()) write_names(json, "scopes", terms.scopes);
  if (!terms.models.empty()) write_names(json, "models", terms.models);
  if (!end->empty()) json.member("expires", *end);
  json.end_object();
  return body;
}

}  // namespace redoubt::app
