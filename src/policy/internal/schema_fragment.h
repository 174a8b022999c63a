// A schema as it was written, in either syntax: names not yet resolved (Cedar reference, "Schema"). The readers of both
// syntaxes make one, the writers of both and SchemaBuilder take one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits.h"
#include "policy/policy_set.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

// A name as it was spelt, without spaces: `A`, `N::A`, `__cedar::Long`.
struct NameRef {
  std::string name;
  Span where;
};

struct AttributeDecl;

struct TypeExpr {
  enum class Kind : std::uint8_t {
    kBool,
    kLong,
    kString,
    kExtension,  // name
    kSet,        // element
    kRecord,     // attributes
    // References by name
    kEntity,          // to an entity type
    kCommon,          // to a common type
    kEntityOrCommon,  // to either; all that Cedar's own syntax has for attributes
  };
  Kind kind = Kind::kBool;
  std::string name;
  std::vector<TypeExpr> element;  // one, or none
  std::vector<AttributeDecl> attributes;
  Span where;
};

struct AttributeDecl {
  std::string name;
  TypeExpr type;
  bool required = true;
  std::vector<Annotation> annotations;
  Span where;
};

// Several names share one declaration in Cedar's own syntax: `entity A, B in C;`.
struct EntityDecl {
  std::vector<NameRef> names;  // without namespace
  std::vector<NameRef> parents;
  std::optional<TypeExpr> shape;
  std::optional<TypeExpr> tags;
  std::vector<std::string> enumerated;
  std::vector<Annotation> annotations;
};

struct ActionRef {
  std::optional<std::string> type;  // nothing: `Action`
  std::string id;
  Span where;
};

struct AppliesTo {
  std::vector<NameRef> principals;
  std::vector<NameRef> resources;
  std::optional<TypeExpr> context;
};

struct ActionDecl {
  std::vector<NameRef> names;  // ids, any text
  std::vector<ActionRef> parents;
  std::optional<AppliesTo> applies_to;
  std::vector<Annotation> annotations;
};

struct CommonTypeDecl {
  NameRef name;  // without namespace
  TypeExpr type;
  std::vector<Annotation> annotations;
};

// In the order written, kind by kind.
struct NamespaceDecl {
  NameRef name;  // empty: the empty namespace
  std::vector<Annotation> annotations;
  std::vector<CommonTypeDecl> common_types;
  std::vector<EntityDecl> entity_types;
  std::vector<ActionDecl> actions;
};

// INVARIANT: namespaces have different names, and no type is deeper than the limits.
struct SchemaFragment {
  std::vector<NamespaceDecl> namespaces;
};

// What is wrong is collected up to this many problems; then reading stops.
inline constexpr std::size_t kMaxSchemaProblems = 100;

Checked<SchemaFragment> read_cedar_schema(std::string_view text, const Limits& limits);
Checked<SchemaFragment> read_json_schema(std::string_view json, const Limits& limits);

// Whether `text` can be part of a name that refers: an identifier that is no reserved word; `__cedar` is allowed.
bool is_reference_part(std::string_view text);
bool is_reference(std::string_view name);
// Names that stand for a kind of type in JSON, so that no common type may have them.
bool is_type_keyword(std::string_view text);

}  // namespace redoubt::policy::internal
