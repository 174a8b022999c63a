// What the names in rules mean in the caller's records: fields, log sources, placeholders, predicates.
//
//   fields:
//       actor.user.uid: actor.user.uid
//   logsources:
//       - category: ai_request
//         when:
//             class_uid: 6003
//
// README.md describes the file. Sigma 2.1.0, Rules: Taxonomy, LogSource, Placeholders.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::sigma {

// Of an event, or what a rule asks of it (there an empty attribute is not asked).
struct Logsource {
  std::string category;
  std::string product;
  std::string service;
  bool operator==(const Logsource&) const = default;
};

// One log source and which records are of it: all items of `when` hold.
struct LogsourceRule {
  Logsource logsource;
  // A detection of Sigma in JSON (which is YAML), a map: `{"class_uid": 6003, "status|contains": ["a", "b"]}`. Keys
  // are fields of the taxonomy, or else paths of the record. Modifiers as in rules.
  std::string when;
};

// A predicate that rules may use with the modifier `predicate`.
struct PredicateOffer {
  std::string name;           // letters, digits, `_`, `.`
  std::size_t arguments = 0;  // names of fields in brackets after it; at most 8
};

struct Taxonomy {
  std::string name;  // empty: rules of any taxonomy are taken; otherwise those of this one, of `sigma` and of none
  // Name of a field to the paths of a record that give its values. Empty: every name is its own path. Otherwise a name
  // that is not here is an error of the rule that uses it.
  std::map<std::string, std::vector<std::string>, std::less<>> fields;
  std::string time_path = "time";  // milliseconds since 1970, or text of RFC 3339
  // Empty: every event comes from everywhere. Otherwise a log source of a rule that selects none of these is an error;
  // one that selects several is any of them. A rule's selects one here if all attributes that it gives are the same.
  std::vector<LogsourceRule> logsources;
  // For the modifier `expand`: what stands for `%name%`. Values may have wildcards.
  std::map<std::string, std::vector<std::string>, std::less<>> placeholders;
  std::vector<PredicateOffer> predicates;
};

// A taxonomy file. `file` is for messages. kMalformed, with file and line; kTooLarge above 1 MiB.
Result<Taxonomy> parse_taxonomy(std::string_view yaml, std::string_view file);

}  // namespace redoubt::sigma
