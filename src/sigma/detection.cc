#include "sigma/internal/detection.h"

#include <algorithm>
#include <iterator>

#include "encoding/json_writer.h"
#include "sigma/internal/condition.h"
#include "sigma/internal/expr.h"
#include "sigma/internal/fold.h"
#include "sigma/internal/message.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kMaxValues = 10'000;  // of a rule, after all modifiers
constexpr std::size_t kMaxSelections = 1024;
constexpr std::size_t kMaxPatternBytes = 4096;
constexpr std::size_t kMaxArguments = 8;

enum class Type : std::uint8_t { kText, kRegex, kNetwork, kCompare, kTime, kExists, kReference, kPredicate };

struct TypeModifier {
  std::string_view name;
  Type type;
};
constexpr TypeModifier kTypes[] = {{"re", Type::kRegex},
                                   {"cidr", Type::kNetwork},
                                   {"exists", Type::kExists},
                                   {"fieldref", Type::kReference},
                                   {"predicate", Type::kPredicate}};

struct ComparisonModifier {
  std::string_view name;
  Comparison comparison;
};
constexpr ComparisonModifier kComparisons[] = {{"lt", Comparison::kLess},
                                               {"lte", Comparison::kLessOrEqual},
                                               {"gt", Comparison::kGreater},
                                               {"gte", Comparison::kGreaterOrEqual}};

struct UnitModifier {
  std::string_view name;
  TimeUnit unit;
};
constexpr UnitModifier kUnits[] = {{"minute", TimeUnit::kMinute}, {"hour", TimeUnit::kHour},
                                   {"day", TimeUnit::kDay},       {"week", TimeUnit::kWeek},
                                   {"month", TimeUnit::kMonth},   {"year", TimeUnit::kYear}};

// In the order in which a rule has them.
constexpr std::string_view kTransforms[] = {"contains", "startswith", "endswith", "expand", "windash",     "wide",
                                            "utf16",    "utf16le",    "utf16be",  "base64", "base64offset"};

bool is_position(std::string_view modifier) {
  return modifier == "contains" || modifier == "startswith" || modifier == "endswith";
}

template <class Table>
auto find_named(const Table& table, std::string_view name) {
  return std::find_if(std::begin(table), std::end(table), [&](const auto& entry) { return entry.name == name; });
}

bool is_field_name(std::string_view name) {
  if (name.empty() || name.size() > 256) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '[' || c == ']' || c == '|' || c == 0x7f;
  });
}

}  // namespace

struct DetectionCompiler::Item {
  std::string_view key;
  std::size_t line = 0;
  std::string_view field;  // empty: keywords
  FieldSlot slot = 0;
  bool paths = false;
  Type type = Type::kText;
  std::vector<std::string_view> modifiers;
  std::vector<std::string_view> transforms;
  std::string flags;  // of a regular expression, sorted
  bool all = false;
  bool cased = false;
  bool neq = false;
  std::optional<Comparison> comparison;
  std::optional<TimeUnit> unit;

  bool has(std::string_view modifier) const {
    return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
  }
  std::string_view position() const {
    for (const std::string_view transform : transforms) {
      if (is_position(transform)) return transform;
    }
    return {};
  }
};

bool DetectionCompiler::read_modifiers(Item& item, std::string_view modifiers) {
  const auto fail = [&](std::string message, Errc code = Errc::kMalformed) {
    problems_.add(item.line, in_backticks(item.key) + " " + std::move(message), code);
    return false;
  };
  const auto set_type = [&](Type type) {
    if (item.type != Type::kText && !(item.type == Type::kTime && type == Type::kCompare)) return false;
    if (item.type == Type::kText) item.type = type;
    return true;
  };
  while (!modifiers.empty()) {
    modifiers.remove_prefix(1);  // the bar
    const std::size_t end = std::min(modifiers.find('|'), modifiers.size());
    const std::string_view name = modifiers.substr(0, end);
    modifiers.remove_prefix(end);
    if (item.has(name)) return fail("has the modifier " + in_backticks(name) + " twice");
    bool known = true;
    if (name == "all") {
      item.all = true;
    } else if (name == "cased") {
      item.cased = true;
    } else if (name == "neq") {
      item.neq = true;
    } else if (name == "i" || name == "m" || name == "s") {
      if (item.modifiers.empty() || !item.has("re"))
        return fail("has " + in_backticks(name) + " without `re` before it");
      if (const std::string_view before = item.modifiers.back(); before != "re" && before.size() != 1)
        return fail("has " + in_backticks(name) + " apart from `re`");
      item.flags += name;
    } else if (const auto type = find_named(kTypes, name); type != std::end(kTypes)) {
      if (!set_type(type->type)) return fail("has modifiers that exclude each other");
    } else if (const auto found = find_named(kComparisons, name); found != std::end(kComparisons)) {
      if (!set_type(Type::kCompare) || item.comparison) return fail("has modifiers that exclude each other");
      item.comparison = found->comparison;
    } else if (const auto unit = find_named(kUnits, name); unit != std::end(kUnits)) {
      // `hour|gte` and `gte|hour` are the same.
      if (item.unit || (item.type != Type::kText && item.type != Type::kCompare))
        return fail("has modifiers that exclude each other");
      item.unit = unit->unit;
      item.type = Type::kTime;
    } else if (std::find(std::begin(kTransforms), std::end(kTransforms), name) != std::end(kTransforms)) {
      if (is_position(name) && !item.position().empty()) return fail("has modifiers that exclude each other");
      item.transforms.push_back(name);
    } else {
      known = false;
    }
    if (!known) return fail("has the unknown modifier " + in_backticks(name), Errc::kUnsupported);
    item.modifiers.push_back(name);
  }
  std::sort(item.flags.begin(), item.flags.end());
  return true;
}

bool DetectionCompiler::check_modifiers(const Item& item) {
  const auto fail = [&](std::string message) {
    problems_.add(item.line, in_backticks(item.key) + " " + std::move(message));
    return false;
  };
  if (item.all && item.neq) return fail("has `all` and `neq`, of which nobody says what they mean together");
  const bool only_position = item.transforms.empty() || (item.transforms.size() == 1 && !item.position().empty());
  bool fits = true;
  switch (item.type) {
    case Type::kText:
      break;
    case Type::kRegex:
      fits = item.transforms.empty() && !item.cased;
      break;
    case Type::kNetwork:
      fits =
          !item.cased && (item.transforms.empty() || (item.transforms.size() == 1 && item.transforms[0] == "expand"));
      break;
    case Type::kCompare:
      fits = item.transforms.empty() && !item.cased && !item.neq;
      break;
    case Type::kTime:
      fits = item.transforms.empty() && !item.cased && !(item.neq && item.comparison);
      break;
    case Type::kExists:
      fits = item.modifiers.size() == 1;
      break;
    case Type::kReference:
      fits = only_position;
      break;
    case Type::kPredicate:
      fits = item.transforms.empty() && !item.cased;
      break;
  }
  if (!fits) return fail("has modifiers that do not go together");
  if (item.field.empty()) {
    const bool text = item.type == Type::kText || item.type == Type::kRegex;
    const std::string_view position = item.position();
    if (!text || item.neq || (!position.empty() && position != "contains"))
      return fail("has a modifier that needs a field");
  }
  return true;
}

std::optional<Expr> DetectionCompiler::item(std::string_view key, const YamlNode& value, bool paths) {
  Item item;
  item.key = key;
  item.line = value.line;
  item.paths = paths;
  const std::size_t bar = std::min(key.find('|'), key.size());
  item.field = key.substr(0, bar);
  if (!read_modifiers(item, key.substr(bar))) return std::nullopt;
  if (item.field.empty()) {
    if (item.modifiers.empty()) return problems_.add(item.line, "a field without a name");
    item.slot = kAnywhere;
  } else {
    if (!is_field_name(item.field)) {
      return problems_.add(item.line, in_backticks(item.field) + " is no name of a field", Errc::kUnsupported);
    }
    const auto slot = atoms_.slot(item.field, paths);
    if (!slot)
      return problems_.add(item.line, "the taxonomy has no field " + in_backticks(item.field), Errc::kNotFound);
    item.slot = *slot;
  }
  if (!check_modifiers(item)) return std::nullopt;

  std::vector<const YamlNode*> values;
  if (value.is_list()) {
    for (const YamlNode& one : value.items) values.push_back(&one);
    if (values.empty()) return problems_.add(item.line, in_backticks(key) + " has an empty list");
  } else {
    values.push_back(&value);
  }
  if (item.all && values.size() < 2)
    return problems_.add(item.line, in_backticks(key) + " has `all` with a single value");
  if (item.type == Type::kExists && value.is_list())
    return problems_.add(item.line, in_backticks(key) + " takes one value: true or false");
  std::vector<Expr> exprs;
  for (const YamlNode* const one : values) {
    if (one->is_list() || one->is_map())
      return problems_.add(one->line, in_backticks(key) + " has " + std::string(kind_name(one->kind)) + " for a value");
    if (one->kind == YamlNode::Kind::kNull && value.is_list())
      return problems_.add(one->line, in_backticks(key) + " has null in a list, which needs a selection of its own");
    auto expr = one_value(item, *one);
    if (!expr) return std::nullopt;
    exprs.push_back(std::move(*expr));
  }
  Expr out = item.all ? conjunction(std::move(exprs)) : disjunction(std::move(exprs));
  return item.neq ? negation(std::move(out)) : std::move(out);
}

std::optional<Expr> DetectionCompiler::one_value(const Item& item, const YamlNode& value) {
  if (++values_ > kMaxValues)
    return problems_.add(value.line, "the rule has more than " + std::to_string(kMaxValues) + " values",
                         Errc::kTooLarge);
  const auto wants = [&](std::string_view what) {
    return problems_.add(value.line, in_backticks(item.key) + " takes " + std::string(what) + ", not " +
                                         std::string(kind_name(value.kind)));
  };
  switch (item.type) {
    case Type::kText:
      if (value.is_text()) return text_value(item, value);
      return plain_value(item, value);
    case Type::kRegex:
      if (!value.is_text()) return wants("a regular expression in quotation marks");
      return regex_value(item, value);
    case Type::kNetwork:
      if (!value.is_text()) return wants("a network");
      return text_value(item, value);
    case Type::kCompare:
    case Type::kTime:
      if (!value.is_number()) return wants("a number");
      return number_value(item, value);
    case Type::kExists: {
      if (value.kind != YamlNode::Kind::kBoolean) return wants("true or false");
      Expr exists = atom_expr(atoms_.plain(Atom::Kind::kExists, item.slot));
      return value.boolean ? std::move(exists) : negation(std::move(exists));
    }
    case Type::kReference:
      if (!value.is_text()) return wants("the name of a field");
      return reference_value(item, value);
    case Type::kPredicate:
      if (!value.is_text()) return wants("the name of a predicate");
      return predicate_value(item, value);
  }
  return std::nullopt;
}

std::optional<Expr> DetectionCompiler::plain_value(const Item& item, const YamlNode& value) {
  const bool number = value.is_number();
  for (const std::string_view transform : item.transforms) {
    if (!number || !is_position(transform))
      return problems_.add(value.line,
                           in_backticks(item.key) + " takes text, not " + std::string(kind_name(value.kind)));
  }
  if (number && (item.slot == kAnywhere || !item.transforms.empty())) {
    Item as_text = item;
    if (item.slot == kAnywhere) as_text.transforms.clear();
    return text_value(as_text, value);
  }
  if (item.slot == kAnywhere)
    return problems_.add(value.line, "a keyword is text or a number, not " + std::string(kind_name(value.kind)));
  if (number) return atom_expr(atoms_.number(item.slot, value.number, value.text));
  if (value.kind == YamlNode::Kind::kBoolean)
    return atom_expr(atoms_.literal(Atom::Kind::kEquals, item.slot, value.text));
  if (item.cased) return problems_.add(value.line, in_backticks(item.key) + " has `cased` with null");
  return atom_expr(atoms_.plain(Atom::Kind::kNull, item.slot));
}

std::optional<Expr> DetectionCompiler::text_value(const Item& item, const YamlNode& value) {
  const auto fail = [&](std::string why, Errc code = Errc::kMalformed) {
    return problems_.add(value.line, in_backticks(item.key) + ": " + std::move(why), code);
  };
  if (value.text.size() > kMaxPatternBytes)
    return fail("a value has more than " + std::to_string(kMaxPatternBytes) + " bytes", Errc::kTooLarge);
  std::vector<TextPattern> patterns{parse_pattern(value.text, item.has("expand"))};
  std::string why;
  for (const std::string_view transform : item.transforms) {
    if (transform == "expand") {
      if (!expand_placeholders(patterns, atoms_.taxonomy().placeholders, kMaxValues, why))
        return fail(why, Errc::kNotFound);
      continue;
    }
    bool done = true;
    if (is_position(transform)) {
      for (TextPattern& pattern : patterns) {
        if (pattern.parts.empty())
          return fail("an empty value with " + in_backticks(transform) + " matches everything");
        if (transform != "startswith") pattern.prepend_many();
        if (transform != "endswith") pattern.append_many();
      }
    } else if (transform == "windash") {
      done = expand_windash(patterns, kMaxValues, why);
    } else if (transform == "base64") {
      done = encode_base64(patterns, why);
    } else if (transform == "base64offset") {
      done = encode_base64_offsets(patterns, why);
    } else {
      done = encode_utf16(patterns,
                          transform == "utf16"     ? Utf16::kWithMark
                          : transform == "utf16be" ? Utf16::kBig
                                                   : Utf16::kLittle,
                          why);
    }
    if (!done) return fail(why);
  }
  values_ += patterns.size() - 1;
  if (values_ > kMaxValues) return fail("the rule has too many values", Errc::kTooLarge);
  std::vector<Expr> exprs;
  for (const TextPattern& pattern : patterns) {
    auto expr = pattern_expr(item, pattern, value.line);
    if (!expr) return std::nullopt;
    exprs.push_back(std::move(*expr));
  }
  return disjunction(std::move(exprs));
}

std::optional<Expr> DetectionCompiler::pattern_expr(const Item& item, const TextPattern& pattern, std::size_t line) {
  const auto fail = [&](std::string why) {
    return problems_.add(line, in_backticks(item.key) + ": " + std::move(why));
  };
  if (item.type == Type::kNetwork) {
    std::string why;
    if (!pattern.is_literal()) return fail("a network with wildcards");
    const auto network = parse_network(pattern.literal(), why);
    if (!network) return fail(why);
    return atom_expr(atoms_.network(item.slot, *network, pattern.literal()));
  }
  TextPattern wanted = pattern;
  for (const PatternPart& part : wanted.parts) {
    if (!encoding::is_utf8(part.text)) return fail("what UTF-16 gives is no text: `base64` must come after it");
  }
  if (item.slot == kAnywhere) {
    if (wanted.parts.empty()) return fail("an empty keyword");
    wanted.prepend_many();
    wanted.append_many();
  }
  using Kind = PatternPart::Kind;
  const auto& parts = wanted.parts;
  const auto literal_at = [&](std::size_t i) { return parts[i].kind == Kind::kLiteral; };
  const auto many_at = [&](std::size_t i) { return parts[i].kind == Kind::kMany; };
  std::optional<std::uint32_t> indexed;
  bool exact = true;  // the index's answer is the whole answer
  if (wanted.is_literal()) {
    indexed = atoms_.literal(Atom::Kind::kEquals, item.slot, folded(wanted.literal()));
  } else if (parts.size() == 1 && many_at(0)) {
    if (item.slot == kAnywhere) return fail("a keyword that matches everything");
    return atom_expr(atoms_.plain(Atom::Kind::kPresent, item.slot));
  } else if (parts.size() == 2 && literal_at(0) && many_at(1)) {
    indexed = atoms_.literal(Atom::Kind::kPrefix, item.slot, folded(parts[0].text));
  } else if (parts.size() == 2 && many_at(0) && literal_at(1)) {
    indexed = atoms_.literal(Atom::Kind::kSuffix, item.slot, folded(parts[1].text));
  } else if (parts.size() == 3 && many_at(0) && literal_at(1) && many_at(2)) {
    indexed = atoms_.literal(Atom::Kind::kContains, item.slot, folded(parts[1].text));
  } else {
    exact = false;
    const Glob glob(wanted, item.cased);
    if (!glob.needed().empty()) indexed = atoms_.literal(Atom::Kind::kContains, item.slot, glob.needed());
  }
  std::vector<Expr> both;
  if (indexed) both.push_back(atom_expr(*indexed));
  if (!exact || item.cased) both.push_back(atom_expr(atoms_.glob(item.slot, wanted, item.cased)));
  return conjunction(std::move(both));
}

std::optional<Expr> DetectionCompiler::regex_value(const Item& item, const YamlNode& value) {
  if (value.text.empty() || value.text.size() > kMaxPatternBytes)
    return problems_.add(value.line, in_backticks(item.key) + " takes a regular expression of 1 to " +
                                         std::to_string(kMaxPatternBytes) + " bytes");
  std::string why;
  const auto atom = atoms_.regex(item.slot, value.text, item.flags, why);
  if (!atom)
    return problems_.add(value.line, in_backticks(item.key) + ": the regular expression is refused: " + why,
                         Errc::kUnsupported);
  std::vector<Expr> needed;
  for (const std::string& text : AtomTable::needed_by_regex(value.text, item.flags))
    needed.push_back(atom_expr(atoms_.literal(Atom::Kind::kContains, item.slot, folded(text))));
  if (needed.empty()) return atom_expr(*atom);
  std::vector<Expr> both;
  both.push_back(disjunction(std::move(needed)));
  both.push_back(atom_expr(*atom));
  return conjunction(std::move(both));
}

std::optional<Expr> DetectionCompiler::number_value(const Item& item, const YamlNode& value) {
  if (item.type == Type::kCompare) return atom_expr(atoms_.compare(item.slot, *item.comparison, value.number));
  const UnitRange range = range_of(*item.unit);
  const bool fits = value.kind == YamlNode::Kind::kInteger && value.number >= static_cast<double>(range.least) &&
                    value.number <= static_cast<double>(range.greatest);
  if (!fits) {
    return problems_.add(value.line, in_backticks(item.key) + " takes an integer from " + std::to_string(range.least) +
                                         " to " + std::to_string(range.greatest));
  }
  return atom_expr(atoms_.time(
      item.slot, {*item.unit, item.comparison.value_or(Comparison::kEqual), static_cast<std::int64_t>(value.number)}));
}

std::optional<Expr> DetectionCompiler::reference_value(const Item& item, const YamlNode& value) {
  const auto other = is_field_name(value.text) ? atoms_.slot(value.text, item.paths) : std::nullopt;
  if (!other)
    return problems_.add(value.line, "the taxonomy has no field " + in_backticks(value.text), Errc::kNotFound);
  ReferenceQuestion question{*other, ReferenceQuestion::How::kEquals, item.cased};
  const std::string_view position = item.position();
  if (position == "startswith") question.how = ReferenceQuestion::How::kStartsWith;
  if (position == "endswith") question.how = ReferenceQuestion::How::kEndsWith;
  if (position == "contains") question.how = ReferenceQuestion::How::kContains;
  return atom_expr(atoms_.reference(item.slot, question));
}

// `name` or `name(field, field)`.
std::optional<Expr> DetectionCompiler::predicate_value(const Item& item, const YamlNode& value) {
  const std::string_view text = value.text;
  const auto fail = [&](std::string why, Errc code = Errc::kMalformed) {
    return problems_.add(value.line, "the predicate " + in_backticks(text) + " " + std::move(why), code);
  };
  PredicateUse use;
  use.text = text;
  use.subject = item.slot;
  const std::size_t bracket = text.find('(');
  use.name = text.substr(0, bracket);
  if (bracket != std::string_view::npos) {
    if (!text.ends_with(')')) return fail("has a bracket that is not closed");
    std::string_view rest = text.substr(bracket + 1, text.size() - bracket - 2);
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      std::string_view name = rest.substr(0, comma);
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      const auto slot = is_field_name(name) ? atoms_.slot(name, item.paths) : std::nullopt;
      if (!slot) return fail("has the unknown field " + in_backticks(name), Errc::kNotFound);
      use.arguments.push_back(*slot);
      if (use.arguments.size() > kMaxArguments) return fail("has too many arguments", Errc::kTooLarge);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  for (const PredicateOffer& offer : atoms_.taxonomy().predicates) {
    if (offer.name != use.name) continue;
    if (offer.arguments != use.arguments.size())
      return fail("takes " + std::to_string(offer.arguments) + " fields in brackets");
    return atom_expr(atoms_.predicate(std::move(use)));
  }
  return fail("is unknown", Errc::kNotFound);
}

std::optional<Expr> DetectionCompiler::fields(const YamlNode& node, bool paths) {
  std::vector<Expr> exprs;
  for (const auto& [key, value] : node.members) {
    auto expr = item(key, value, paths);
    if (!expr) return std::nullopt;
    exprs.push_back(std::move(*expr));
  }
  if (exprs.empty()) return problems_.add(node.line, "a map without fields");
  return conjunction(std::move(exprs));
}

std::optional<Expr> DetectionCompiler::selection(const YamlNode& node) {
  if (node.is_map()) return fields(node, false);
  if (!node.is_list())
    return problems_.add(node.line, "a search identifier is a map or a list, not " + std::string(kind_name(node.kind)));
  if (node.items.empty()) return problems_.add(node.line, "an empty list");
  std::vector<Expr> exprs;
  Item keyword;
  keyword.key = "keywords";
  keyword.slot = kAnywhere;
  for (const YamlNode& one : node.items) {
    keyword.line = one.line;
    std::optional<Expr> expr;
    if (one.is_map()) {
      expr = fields(one, false);
    } else if (one.is_list()) {
      expr = problems_.add(one.line, "a list inside a list");
    } else {
      expr = one_value(keyword, one);
    }
    if (!expr) return std::nullopt;
    exprs.push_back(std::move(*expr));
  }
  return disjunction(std::move(exprs));
}

std::optional<Expr> DetectionCompiler::detection(const YamlNode& node, const std::set<std::string_view>& others) {
  if (!node.is_map()) return problems_.add(node.line, "a detection is a map, not " + std::string(kind_name(node.kind)));
  std::map<std::string, Expr> selections;
  const YamlNode* condition = nullptr;
  for (const auto& [name, value] : node.members) {
    if (others.contains(name)) continue;
    if (name == "condition") {
      condition = &value;
      continue;
    }
    if (name == "timeframe")
      return problems_.add(value.line, "`timeframe` is of Sigma before version 2: write a correlation",
                           Errc::kUnsupported);
    if (!is_identifier(name))
      return problems_.add(value.line,
                           in_backticks(name) + " cannot be a search identifier: no condition could name it");
    if (selections.size() >= kMaxSelections)
      return problems_.add(value.line, "more than " + std::to_string(kMaxSelections) + " search identifiers",
                           Errc::kTooLarge);
    auto expr = selection(value);
    if (!expr) return std::nullopt;
    selections.emplace(name, std::move(*expr));
  }
  if (condition == nullptr) return problems_.add(node.line, "a detection without `condition`");
  if (selections.empty()) return problems_.add(node.line, "a detection without search identifiers");
  std::vector<const YamlNode*> texts;
  if (condition->is_list()) {
    for (const YamlNode& one : condition->items) texts.push_back(&one);
  } else {
    texts.push_back(condition);
  }
  std::vector<Expr> alternatives;
  std::set<std::string> used;
  for (const YamlNode* const text : texts) {
    if (!text->is_text()) return problems_.add(text->line, "a condition is text");
    ConditionProblem problem;
    auto expr = parse_condition(text->text, selections, used, problem);
    if (!expr) return problems_.add(text->line, problem.message, problem.code);
    alternatives.push_back(std::move(*expr));
  }
  if (alternatives.empty()) return problems_.add(condition->line, "a condition that is an empty list");
  for (const auto& [name, expr] : selections) {
    if (!used.contains(name))
      return problems_.add(node.line, "the condition does not use the search identifier " + in_backticks(name));
  }
  return disjunction(std::move(alternatives));
}

}  // namespace redoubt::sigma::internal
