// Any bytes as a correlator's state, as they are and with a digest that holds: refused, or a state that goes on and is
// saved as it was read.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "sigma/correlator.h"
#include "sigma/internal/siphash.h"

namespace {

using namespace redoubt::sigma;

const RuleSet& rules() {
  static const RuleSet kRules = [] {
    const RuleFile file{"fuzz", R"(title: A
name: a
logsource: {category: c}
detection: {s: {k: a}, condition: s}
---
title: many
name: many
correlation: {type: event_count, rules: [a], group-by: [u], timespan: 1h, condition: {gte: 3}}
---
title: sum
correlation: {type: value_sum, rules: [a], group-by: [u], timespan: 1h, condition: {field: n, gte: 3}}
---
title: order
correlation: {type: temporal_ordered, rules: [a, many], group-by: [u], timespan: 1h}
---
title: new
new_terms: {rules: [a], group-by: [u], field: n, timespan: 1d}
)"};
    return *RuleSet::compile({&file, 1}, {});
  }();
  return kRules;
}

void look(std::string_view state) {
  Correlator correlator(rules());
  if (!correlator.restore(state)) return;
  const std::string saved = correlator.save();
  Correlator again(rules());
  REDOUBT_CHECK(again.restore(saved).has_value());
  REDOUBT_CHECK(again.save() == saved);
  Event event(rules());
  event.add(*rules().field("u"), Value::of_text("x"));
  event.add(*rules().field("n"), Value::of_number("2", 2));
  const RuleIndex matched[] = {0};
  for (std::int64_t i = 0; i < 5; ++i) (void)correlator.add({i * 1000, 1}, event, matched);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string state(reinterpret_cast<const char*>(data), size);
  look(state);
  if (size < 16) return 0;
  state.resize(size - 16);
  const auto digest = internal::SipHash(internal::HashKey{})(state);
  for (const std::uint64_t half : {digest.low, digest.high}) {
    for (int i = 0; i < 8; ++i) state.push_back(static_cast<char>(half >> (8 * i)));
  }
  look(state);
  return 0;
}
