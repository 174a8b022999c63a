// Users' rules of any kind, over any text: a pattern compiles or is refused, and what compiles finds the same in a
// stream as in the whole, within its width.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "inspect/scanner.h"

namespace {

// Up to the next line end, which goes with it.
std::string_view line(std::string_view& rest) {
  const std::string_view out = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), out.size() + 1));
  return out;
}

}  // namespace

// A line of flags, a pattern, a word of context, a word; then the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::inspect;
  if (size > 8192) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view flags = line(rest);
  RulesOptions options;
  options.families = {Family::kUser};
  options.user.push_back({.name = "pattern", .kind = "PATTERN", .pattern = std::string(line(rest))});
  options.user[0].ignore_case = (flags.find('i') != std::string_view::npos);
  options.user[0].max_width_bytes = (flags.find('w') != std::string_view::npos) ? 48 : 0;
  if (const std::string_view word = line(rest); !word.empty()) options.user[0].context = {std::string(word)};
  if (const std::string_view word = line(rest); !word.empty()) {
    options.user.push_back({.name = "word", .kind = "WORD", .words = {std::string(word)}});
  }
  const auto rules = Rules::compile(options);
  if (!rules) return 0;
  const auto scanner = Scanner::create(*rules);
  const auto stream = StreamScanner::create(*rules);
  REDOUBT_CHECK(scanner.has_value() && stream.has_value());
  std::vector<Match> whole;
  std::vector<Match> matches;
  REDOUBT_CHECK((*scanner)->scan(rest, whole).has_value());
  const std::size_t step = 1 + flags.size() % 37;
  for (std::size_t at = 0; at < rest.size(); at += step) {
    REDOUBT_CHECK((*stream)->feed(rest.substr(at, step), matches).has_value());
  }
  REDOUBT_CHECK((*stream)->finish(matches).has_value());
  REDOUBT_CHECK(matches == whole);
  return 0;
}
