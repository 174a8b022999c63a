// What a schema declares, and what names in it refer to (RFC 24, RFC 70).
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "policy/internal/schema_fragment.h"
#include "policy/name.h"

namespace redoubt::policy::internal {

inline constexpr std::string_view kActionType = "Action";  // the last part of every action's type
inline constexpr std::array<std::string_view, 4> kExtensionTypes = {"datetime", "decimal", "duration", "ipaddr"};

// `space::name`, or `name` in the empty namespace.
std::string qualified(std::string_view space, std::string_view name);

// Where a declaration stands in a schema, for problems.
struct DeclarationPlace {
  const NamespaceDecl* space = nullptr;
  std::string_view section;  // as in JSON: `entityTypes`
  std::string_view name;
  Span where;  // of the name
};

class SchemaProblems {
 public:
  // `where` is the declaration's name unless given.
  void add(const DeclarationPlace& place, Span where, std::string message, bool limit = false);
  void add(const DeclarationPlace& place, std::string message) { add(place, place.where, std::move(message)); }
  bool empty() const { return problems_.empty(); }
  bool full() const { return problems_.size() >= kMaxSchemaProblems; }
  Problems take() { return std::move(problems_); }

 private:
  Problems problems_;
};

// The names that a schema declares, and what names written in it refer to.
class SchemaNames {
 public:
  // Adds what is wrong with the declarations themselves: declared twice, reserved, not an identifier. The fragment must
  // outlive this.
  SchemaNames(const SchemaFragment& fragment, SchemaProblems& problems);
  // What a complete schema must keep to besides: no declaration shadows one of the empty namespace (RFC 70).
  void check_shadowing(SchemaProblems& problems) const;

  struct Target {
    bool common = false;  // or else an entity type
    std::string name;     // qualified; of a built-in type `__cedar::…`
    friend bool operator==(const Target&, const Target&) = default;
  };
  // What a name refers to where it stands in namespace `space`: the name in that namespace comes first, then the one in
  // the empty namespace; of two that are equal, the common type.
  std::optional<Target> resolve(std::string_view space, std::string_view name, TypeExpr::Kind kind) const;
  // The action that is meant; nothing when none of that name is declared.
  std::optional<EntityUid> resolve(std::string_view space, const ActionRef& action) const;
  // Whether an entity type is declared, those of actions apart.
  bool declares_entity_type(std::string_view name) const { return entity_types_.contains(name); }
  // Precondition: it is declared.
  const DeclarationPlace& place_of(const EntityUid& action) const { return actions_.find(action)->second; }

 private:
  using Declared = std::map<std::string, DeclarationPlace, std::less<>>;

  void declare_common_types(const NamespaceDecl& space, SchemaProblems& problems);
  void declare_entity_types(const NamespaceDecl& space, SchemaProblems& problems);
  void declare_actions(const NamespaceDecl& space, SchemaProblems& problems);
  std::optional<Target> find(std::string name, TypeExpr::Kind kind) const;

  Declared entity_types_;
  Declared common_types_;
  std::map<EntityUid, DeclarationPlace> actions_;
  std::set<std::string, std::less<>> action_types_;
};

}  // namespace redoubt::policy::internal
