// A compiled rule set: questions about fields, asked once for all rules, and what rules make of the answers.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/internal/literal_index.h"
#include "sigma/internal/network.h"
#include "sigma/internal/network_index.h"
#include "sigma/internal/text_pattern.h"
#include "sigma/internal/time_text.h"
#include "sigma/rule_set.h"

namespace redoubt::sigma::internal {

// In place of a slot: every value of the event.
constexpr FieldSlot kAnywhere = 0xffffffff;

enum class Comparison : std::uint8_t { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kNotEqual };
template <class T>
bool holds(Comparison comparison, T left, T right) {
  switch (comparison) {
    case Comparison::kLess:
      return left < right;
    case Comparison::kLessOrEqual:
      return left <= right;
    case Comparison::kGreater:
      return left > right;
    case Comparison::kGreaterOrEqual:
      return left >= right;
    case Comparison::kEqual:
      return left == right;
    case Comparison::kNotEqual:
      return left != right;
  }
  return false;
}

// One question about the values of one field. Atoms are numbered; equal ones are one.
struct Atom {
  enum class Kind : std::uint8_t {
    // Found by the index: `text`, folded. The last is answered by equal numbers, too.
    kEquals,
    kPrefix,
    kSuffix,
    kContains,
    kNumber,
    // By the index, too; `data` is the place among those of the kind.
    kNetwork,
    kCompare,
    // By the index: the field has a value other than null; it is there; it has none or is null.
    kPresent,
    kExists,
    kNull,
    // Asked when a rule comes to them; `data` is the place among those of the kind.
    kGlob,
    kRegex,
    kTime,
    kReference,
    kPredicate,
  };
  Kind kind = Kind::kEquals;
  FieldSlot slot = 0;
  std::uint32_t data = 0;
  std::string text;  // folded, what the index looks for; of the others what tells them apart
  double number = 0;

  bool indexed() const { return kind <= Kind::kNull; }
};

struct NumberQuestion {
  Comparison comparison = Comparison::kLess;
  double number = 0;
};
struct TimeQuestion {
  TimeUnit unit = TimeUnit::kMinute;
  Comparison comparison = Comparison::kEqual;
  std::int64_t number = 0;
};
struct ReferenceQuestion {
  enum class How : std::uint8_t { kEquals, kStartsWith, kEndsWith, kContains };
  FieldSlot other = 0;
  How how = How::kEquals;
  bool cased = false;
};

// Truth over atoms, while it is built.
struct Expr {
  enum class Op : std::uint8_t { kFalse, kTrue, kAtom, kNot, kAnd, kOr, kAtLeast, kLogsource };
  Op op = Op::kFalse;
  std::uint32_t value = 0;  // atom, log source, or how many
  std::vector<Expr> children;
};

// The same as a program: each step asks one question and says where to go on, so that what is known to be decided is
// not asked. A place is that of a step, or the answer.
using Place = std::uint32_t;
constexpr Place kHolds = 0xffffffff;
constexpr Place kFails = 0xfffffffe;
struct Step {
  enum class Op : std::uint8_t { kAtom, kLogsource, kCount };
  Op op = Op::kAtom;
  std::uint32_t value = 0;  // atom, log source, or place in `counts`
  Place yes = kHolds;
  Place no = kFails;
};
// At least so many of the parts, each a program.
struct CountQuestion {
  std::uint32_t least = 0;
  std::vector<Place> parts;
};

// What a rule asks of where an event comes from.
struct LogsourceQuestion {
  Logsource asked;
  Place root = kFails;
};

struct DetectionRule {
  RuleIndex rule = 0;
  Place root = kFails;
};

// When a rule need be looked at: with any of these atoms. Rules without are always looked at.
struct Guards {
  // Of each indexed atom: rules (places in `detections`), those of atom `a` from `first[a]` up to `first[a + 1]`.
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> by_atom;
  std::vector<std::uint32_t> always;
  // Those whose guard is of their log source: always, when the caller says where the event comes from.
  std::vector<std::uint32_t> by_logsource;
};

struct NumberEntry {
  double number = 0;
  std::uint32_t atom = 0;
  bool integer = false;
};

// Questions of one field (or of every value) that the index answers.
struct SlotIndex {
  FieldSlot slot = 0;
  LiteralIndex literals;
  std::vector<NumberEntry> numbers;  // sorted by number
  NetworkIndex networks;
  std::vector<NumberEntry> below, at_most;   // `lt` and `lte`: sorted by number, the largest first
  std::vector<NumberEntry> above, at_least;  // `gt` and `gte`: the smallest first
  // What of these there is, as bits: set when all are added.
  enum Kind : std::uint8_t { kLiterals = 1, kNumbers = 2, kNetworks = 4, kThresholds = 8 };
  std::uint8_t kinds = 0;
  std::optional<std::uint32_t> present;
  std::optional<std::uint32_t> exists;
  std::optional<std::uint32_t> null;
};

struct ConditionTerm {
  Comparison comparison = Comparison::kGreaterOrEqual;
  double number = 0;
};

struct CorrelationRule {
  RuleIndex rule = 0;
  RuleKind kind = RuleKind::kEventCount;
  std::int64_t timespan_ms = 0;
  std::int64_t learning_ms = 0;  // new terms
  std::vector<RuleIndex> members;
  // For each member, the field of each name in group-by. A member that is a correlation may give its own group's value:
  // then the place in its group-by.
  struct Source {
    FieldSlot slot = 0;
    std::optional<std::uint32_t> member_group;
  };
  std::vector<std::vector<Source>> group;      // by member, by name
  std::vector<std::vector<FieldSlot>> fields;  // by member: what is counted, added, …
  std::vector<ConditionTerm> condition;        // empty: of temporal types, all members
  std::optional<double> percentile;
  // Of what it counts and of the rules that it refers to: the same for those that match the same.
  std::uint64_t identity = 0;
};

struct CompiledRules {
  std::vector<RuleInfo> infos;
  std::map<std::string, RuleIndex, std::less<>> by_id, by_name, by_title;
  std::string digest;

  std::vector<std::string> slot_names;
  std::map<std::string, FieldSlot, std::less<>> slots;
  std::vector<std::vector<std::string>> slot_paths;
  std::string time_path;
  bool keywords = false;  // some rule looks at every value

  std::vector<Atom> atoms;
  std::vector<Glob> globs;
  std::vector<std::unique_ptr<const re2::RE2>> regexes;
  std::vector<Network> networks;
  std::vector<NumberQuestion> comparisons;
  std::vector<TimeQuestion> times;
  std::vector<ReferenceQuestion> references;
  std::vector<PredicateUse> predicates;
  std::vector<LogsourceQuestion> logsources;

  std::vector<Step> steps;
  std::vector<CountQuestion> counts;
  std::vector<DetectionRule> detections;
  Guards guards;
  std::vector<SlotIndex> slot_indexes;
  std::optional<std::uint32_t> anywhere_index;  // in slot_indexes
  std::vector<std::uint32_t> null_atoms;        // true unless the field has a value
  // Of each slot: its place in slot_indexes, or none.
  std::vector<std::uint32_t> index_of_slot;

  std::vector<CorrelationRule> correlations;  // a correlation after those that it refers to
};

}  // namespace redoubt::sigma::internal
