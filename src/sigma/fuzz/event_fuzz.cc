// Any bytes as an event: read or refused as simdjson's own tree of them is, and matched.
#include <simdjson.h>

#include <cstdint>

#include "base/check.h"
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
  if (event) (void)matcher.match(**event);
  // Half of a surrogate pair is an error here, and not for all versions of simdjson; limits differ.
  if (json.find("\\ud") != std::string_view::npos || json.find("\\uD") != std::string_view::npos) return 0;
  if (!event && event.error().code() == Errc::kTooLarge) return 0;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(json);
  REDOUBT_CHECK((parser.parse(padded).get(object) == simdjson::SUCCESS) == event.has_value());
  return 0;
}
