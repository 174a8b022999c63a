// Any bytes as a file of rules: parsing never crashes, messages are one line, and what is accepted keeps its limits.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "inspect/rules_file.h"

using namespace redoubt::inspect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = parse_rules_file(text, "fuzz.toml");
  if (!file) {
    REDOUBT_CHECK(file.error().message().find('\n') == std::string::npos);
    return 0;
  }
  REDOUBT_CHECK(file->options.user.size() <= kUserRulesMax);
  REDOUBT_CHECK(file->options.min_confidence >= 0 && file->options.min_confidence <= 1);
  for (const UserRule& rule : file->options.user) {
    REDOUBT_CHECK(!rule.name.empty() && rule.name.size() <= kRuleNameMax);
    REDOUBT_CHECK(!rule.kind.empty() && rule.kind.size() <= kRuleNameMax);
    REDOUBT_CHECK(rule.pattern.empty() != rule.words.empty());
    REDOUBT_CHECK(rule.pattern.size() <= kUserPatternMaxBytes && rule.max_width_bytes <= 4096);
    REDOUBT_CHECK(rule.dictionary.empty() || !rule.pattern.empty());
  }
  return 0;
}
