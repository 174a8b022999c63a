// Any bytes, cut where the first of them say: the same is found as in the whole, spans lie in the text, and nothing is
// let go before it was reported.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "inspect/redact.h"
#include "inspect/scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::inspect;
  static const auto rules = Rules::compile();
  REDOUBT_CHECK(rules.has_value());
  static const auto scanner = Scanner::create(*rules);
  static const auto stream = StreamScanner::create(*rules);
  REDOUBT_CHECK(scanner.has_value() && stream.has_value());
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 61;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Match> whole;
  REDOUBT_CHECK((*scanner)->scan(text, whole).has_value());
  std::vector<Match> matches;
  (*stream)->reset();
  std::uint64_t decided = 0;
  for (std::size_t at = 0; at < text.size(); at += step) {
    const std::size_t had = matches.size();
    REDOUBT_CHECK((*stream)->feed(text.substr(at, step), matches).has_value());
    for (std::size_t i = had; i < matches.size(); ++i) REDOUBT_CHECK(matches[i].span.begin_bytes >= decided);
    decided = (*stream)->decided_bytes();
    REDOUBT_CHECK(decided <= at + step);
  }
  REDOUBT_CHECK((*stream)->finish(matches).has_value());
  REDOUBT_CHECK(matches == whole);
  for (const Match& match : matches) {
    REDOUBT_CHECK(match.span.begin_bytes <= match.span.end_bytes && match.span.end_bytes <= text.size());
    REDOUBT_CHECK(match.span.end_points <= match.span.end_bytes);
  }
  REDOUBT_CHECK(redact(text, matches).size() <= text.size() + 32 * matches.size());
  return 0;
}
