// Rules, filters and correlations of Sigma 2.1.0, compiled together once.
//
//   std::vector<RuleFile> files = …;                        // sorted as their order shall be
//   auto rules = RuleSet::compile(files, taxonomy);         // or the first problem; all of them if you ask
//   for (const RuleInfo& rule : rules->rules()) …
//
// Strict: what the specification does not list, what this build cannot do and what can only be a slip is an error with
// file and line. No rule is ever read as one that matches more than it says.
//
// What the specification leaves open, here:
// - Values of events are text or numbers. A rule's text is compared with a number in its shortest decimal form; a
//   rule's number with a number by value, with text as it is written in the rule. Booleans are `true` and `false`.
// - Letters are compared by Unicode's simple case folding.
// - A field with several values (arrays, several paths) matches if one of them does; with `neq` if none does.
// - `null` matches a field that is absent, null or an empty array. `exists` asks whether the member is there at all.
// - `neq` is the negation of the same item without it: a field that is not there is different, too.
// - `re` is matched by RE2 anywhere in the text. What RE2 cannot do is refused. `$` is the very end.
// - `lt` to `gte` take numbers, or text that is a number; others do not match.
// - The time modifiers take text that begins as RFC 3339 does, read as it stands without its offset; numbers are
//   milliseconds since 1970, in UTC. Weeks are those of ISO 8601.
// - An IPv4-mapped IPv6 address is the IPv4 address.
// - `windash` replaces all five characters wherever they stand, at most five of them.
// - `fieldref` compares as text, and goes with `neq`, `cased`, `startswith`, `endswith` and `contains`.
// - Conditions: `N of` for any N. An identifier that the condition does not use is an error.
// - Keywords are looked for inside every value of the event.
// - A value_percentile asks how many per cent of the window's values are this event's (the specification's example).
//   With `percentile`, ours, it asks for the least number that so many per cent of them do not exceed.
// - A filter suppresses what its condition selects (the specification's example; other tools want `not`). One that
//   would also suppress events that none of its selections match is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sigma/taxonomy.h"

namespace redoubt::sigma {

class RuleSet;
namespace internal {
struct CompiledRules;
const CompiledRules& compiled(const RuleSet& rules);
}  // namespace internal

// Place of a rule in RuleSet::rules().
using RuleIndex = std::uint32_t;
// Place of a field that some rule reads, among all of them.
using FieldSlot = std::uint32_t;

enum class RuleKind : std::uint8_t {
  kDetection,
  kEventCount,
  kValueCount,
  kTemporal,
  kTemporalOrdered,
  kValueSum,
  kValueAvg,
  kValuePercentile,
  kNewTerms,  // ours
};
std::string_view to_string(RuleKind kind);

enum class Level : std::uint8_t { kNone, kInformational, kLow, kMedium, kHigh, kCritical };
std::string_view to_string(Level level);  // kNone: empty

enum class Status : std::uint8_t { kNone, kStable, kTest, kExperimental, kDeprecated, kUnsupported };
std::string_view to_string(Status status);

struct RelatedRule {
  std::string id;
  std::string type;  // derived, obsolete, merged, renamed or similar
};

// What a rule says about itself. Absent attributes are empty.
struct RuleInfo {
  RuleKind kind = RuleKind::kDetection;
  // Whether what it matches is for people: not a rule that is there only for correlations that do not `generate` it.
  bool reports = true;
  std::string title;
  std::string id;
  std::string name;
  Level level = Level::kNone;
  Status status = Status::kNone;
  std::string description;
  std::string author;
  std::string license;
  std::string date;
  std::string modified;
  std::string taxonomy;
  Logsource logsource;  // of a detection
  std::vector<RelatedRule> related;
  std::vector<std::string> references;
  std::vector<std::string> fields;
  std::vector<std::string> falsepositives;
  std::vector<std::string> tags;
  std::vector<std::string> scope;
  // Of a correlation: names as the rule has them, aliases not resolved.
  std::vector<std::string> group_by;
  std::vector<RuleIndex> rules;
  std::int64_t timespan_ms = 0;
  std::string file;
  std::size_t line = 0;  // of the document's first line, from 1

  // The id, or else the name, or else the title.
  std::string_view key() const { return !id.empty() ? id : !name.empty() ? name : title; }
};

struct RuleFile {
  std::string name;  // for messages
  std::string text;  // YAML, one or several documents
};

struct RuleProblem {
  Errc code = Errc::kMalformed;
  std::string file;
  std::size_t line = 0;  // from 1
  std::string message;   // without file and line
  Error to_error() const;
};

// A use of a predicate that some rule makes.
struct PredicateUse {
  std::string text;  // as in the rule: `new_edge(gen_ai.tool.name)`
  std::string name;
  FieldSlot subject = 0;  // the field that has the modifier
  std::vector<FieldSlot> arguments;
};

// A file is at most 1 MiB, 1,024 documents, 32 levels deep and 100,000 nodes, without anchors, aliases and tags. A set
// has at most 65,535 rules. A rule: 1,024 search identifiers, 10,000 values after all modifiers, conditions of 4,096
// bytes and 64 levels, regular expressions of 4,096 bytes.
//
// Immutable and shared: copies are cheap, any thread.
class RuleSet {
 public:
  // Rules in the order of the files and of the documents in them. Errors: kMalformed, kUnsupported, kTooLarge,
  // kNotFound (a rule, field, log source, placeholder or predicate that a rule names), kAlreadyExists (an id or a
  // name twice). With `problems`, all are collected there, up to 100, and the error is the first.
  static Result<RuleSet> compile(std::span<const RuleFile> files, const Taxonomy& taxonomy,
                                 std::vector<RuleProblem>* problems = nullptr);

  std::span<const RuleInfo> rules() const;
  // By id, name or title, looked for in this order.
  std::optional<RuleIndex> find(std::string_view rule) const;

  // Fields that some rule reads, and only those, by their names in rules.
  std::size_t field_count() const;
  std::string_view field_name(FieldSlot slot) const;
  std::optional<FieldSlot> field(std::string_view name) const;

  std::span<const PredicateUse> predicate_uses() const;

  // Differs between sets whose rules, correlations or taxonomy differ in what they match: 16 hexadecimal digits.
  std::string_view digest() const;

 private:
  friend const internal::CompiledRules& internal::compiled(const RuleSet& rules);
  explicit RuleSet(std::shared_ptr<const internal::CompiledRules> compiled);
  std::shared_ptr<const internal::CompiledRules> compiled_;
};

}  // namespace redoubt::sigma
