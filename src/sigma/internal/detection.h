// Detections: from maps and lists of a rule to truth over atoms.
//
// Sigma 2.1.0, Rules: Detection; Modifiers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/internal/compiled.h"
#include "sigma/internal/problems.h"
#include "sigma/internal/rule_document.h"
#include "sigma/taxonomy.h"

namespace redoubt::sigma::internal {

// Atoms and slots by what they are, so that equal ones are one.
class AtomTable {
 public:
  AtomTable(CompiledRules& rules, const Taxonomy& taxonomy) : rules_(rules), taxonomy_(taxonomy) {}

  // None when the taxonomy has no such field. With `paths`, a name that it has not is a path of the record.
  std::optional<FieldSlot> slot(std::string_view name, bool paths = false);

  std::uint32_t literal(Atom::Kind kind, FieldSlot slot, std::string_view folded_text);
  std::uint32_t number(FieldSlot slot, double value, std::string_view text);
  std::uint32_t plain(Atom::Kind kind, FieldSlot slot);  // kPresent, kExists, kNull
  std::uint32_t glob(FieldSlot slot, const TextPattern& pattern, bool cased);
  // None when RE2 refuses it; `why` says why.
  std::optional<std::uint32_t> regex(FieldSlot slot, std::string_view pattern, std::string_view flags,
                                     std::string& why);
  // Of these, folded, a text that the expression matches has at least one. None: nothing is known.
  static std::vector<std::string> needed_by_regex(std::string_view pattern, std::string_view flags);
  std::uint32_t network(FieldSlot slot, const Network& network, std::string_view text);
  std::uint32_t compare(FieldSlot slot, Comparison comparison, double number);
  std::uint32_t time(FieldSlot slot, const TimeQuestion& question);
  std::uint32_t reference(FieldSlot slot, const ReferenceQuestion& question);
  std::uint32_t predicate(PredicateUse use);

  CompiledRules& rules() { return rules_; }
  const Taxonomy& taxonomy() const { return taxonomy_; }

 private:
  std::uint32_t intern(Atom atom, std::string key);

  CompiledRules& rules_;
  const Taxonomy& taxonomy_;
  std::map<std::string, std::uint32_t> atoms_;
};

class DetectionCompiler {
 public:
  DetectionCompiler(AtomTable& atoms, Problems& problems) : atoms_(atoms), problems_(problems) {}

  // A map of search identifiers with `condition`; members named in `others` are somebody else's.
  std::optional<Expr> detection(const YamlNode& node, const std::set<std::string_view>& others);
  // One search identifier: a map, a list of maps, a list of keywords.
  std::optional<Expr> selection(const YamlNode& node);
  // All fields of a map; in a taxonomy's `when`, they may be paths.
  std::optional<Expr> fields(const YamlNode& node, bool paths);

 private:
  struct Item;
  std::optional<Expr> item(std::string_view key, const YamlNode& value, bool paths);
  std::optional<Expr> text_value(const Item& item, const YamlNode& value);
  std::optional<Expr> pattern_expr(const Item& item, const TextPattern& pattern, std::size_t line);
  std::optional<Expr> plain_value(const Item& item, const YamlNode& value);
  std::optional<Expr> one_value(const Item& item, const YamlNode& value);
  std::optional<Expr> reference_value(const Item& item, const YamlNode& value);
  std::optional<Expr> predicate_value(const Item& item, const YamlNode& value);
  std::optional<Expr> number_value(const Item& item, const YamlNode& value);
  std::optional<Expr> regex_value(const Item& item, const YamlNode& value);
  bool read_modifiers(Item& item, std::string_view modifiers);
  bool check_modifiers(const Item& item);

  AtomTable& atoms_;
  Problems& problems_;
  std::size_t values_ = 0;
};

}  // namespace redoubt::sigma::internal
