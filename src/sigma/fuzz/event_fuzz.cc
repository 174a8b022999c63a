// Any bytes as an event: read or refused as simdjson's own tree of them is, and as the list of its values says, and
// matched.
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "encoding/json_items.h"
#include "sigma/event_reader.h"
#include "sigma/matcher.h"

namespace {

using namespace redoubt;
using namespace redoubt::sigma;

const RuleSet& rules() {
  static const RuleSet kRules = [] {
    const RuleFile file{"fuzz", R"(title: fields
logsource: {category: c}
detection:
  s:
    a.b|contains: [secret, token-]
    c|gte: 5
    d|cidr: 10.0.0.0/8
    e|endswith: .exe
  t: {c: 1}
  condition: 1 of them
---
title: words
logsource: {category: c}
detection:
  words: [inside, ab]
  condition: words
)"};
    return *RuleSet::compile({&file, 1}, {});
  }();
  return kRules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  EventReader reader(rules());
  Matcher matcher(rules());
  const auto event = reader.read(json);
  std::vector<RuleIndex> matched;
  if (event) {
    const auto found = matcher.match(**event);
    matched.assign(found.begin(), found.end());
  }
  // Half of a surrogate pair is an error here, and not for all versions of simdjson; limits differ.
  if (json.find("\\ud") != std::string_view::npos || json.find("\\uD") != std::string_view::npos) return 0;
  if (!event && event.error().code() == Errc::kTooLarge) return 0;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(json);
  const bool good = parser.parse(padded).get(root) == simdjson::SUCCESS && root.is_object();
  REDOUBT_CHECK(good == event.has_value());
  if (!good) return 0;
  // Its items are the same event, where no member occurs twice.
  static encoding::JsonItems items;
  if (!items.read(json)) return 0;
  const auto of_items = reader.read(items);
  REDOUBT_CHECK(of_items.has_value() && std::ranges::equal(matcher.match(**of_items), matched));
  return 0;
}
