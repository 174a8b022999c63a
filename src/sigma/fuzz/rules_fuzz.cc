// Any bytes as a rule file, and what follows a line `...` in it as an event: reading, compiling and matching end, and
// the same rules and event match the same.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "sigma/correlator.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::sigma;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find("\n...\n"), text.size());
  Taxonomy taxonomy;
  taxonomy.placeholders["p"] = {"a*", "b"};
  (void)parse_taxonomy(text.substr(0, end), "fuzz");
  const RuleFile file{"fuzz", std::string(text.substr(0, end))};
  const auto rules = RuleSet::compile({&file, 1}, taxonomy);
  if (!rules) {
    REDOUBT_CHECK(!rules.error().message().empty());
    return 0;
  }
  EventReader reader(*rules);
  const std::string_view json = end == text.size() ? R"({"a":["x",1,null],"b":{"c":true}})" : text.substr(end + 5);
  const auto event = reader.read(json);
  if (!event) return 0;
  Matcher matcher(*rules);
  const auto matched = matcher.match(**event);
  const std::vector<RuleIndex> first(matched.begin(), matched.end());
  Correlator correlator(*rules);
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto again = matcher.match(**event);
    REDOUBT_CHECK(std::equal(again.begin(), again.end(), first.begin(), first.end()));
    for (const Firing& firing : correlator.add({i * 1000, static_cast<std::uint64_t>(i)}, **event, again))
      REDOUBT_CHECK(firing.rule < rules->rules().size());
  }
  Correlator restored(*rules);
  REDOUBT_CHECK(restored.restore(correlator.save()).has_value());
  REDOUBT_CHECK(restored.save() == correlator.save());
  return 0;
}
