// Makes a Schema of what was written: names resolved, common types put in place, memberships closed transitively.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "policy/internal/schema_fragment.h"
#include "policy/internal/schema_names.h"
#include "policy/schema.h"

namespace redoubt::policy::internal {

class SchemaBuilder {
 public:
  static Checked<Schema> build(const SchemaFragment& fragment, const Limits& limits);

 private:
  SchemaBuilder(const SchemaFragment& fragment, const Limits& limits)
      : fragment_(fragment), limits_(limits), names_(fragment, problems_) {}

  // A type with the depth of what is inside it; null when something was wrong with it.
  struct Built {
    std::shared_ptr<const Type> type;
    std::size_t depth = 0;
  };

  struct CommonType {
    const NamespaceDecl* space = nullptr;
    const CommonTypeDecl* decl = nullptr;
    std::set<std::string> needs;  // common types that it refers to, those not built in
    Built built;
  };

  void build_common_types();
  void build_entity_types();
  void build_actions();
  void collect_needs(const NamespaceDecl& space, const TypeExpr& type, std::set<std::string>& needs) const;

  Built build_type(const DeclarationPlace& place, const TypeExpr& type);
  Built build_record(const DeclarationPlace& place, const TypeExpr& type);
  Built build_reference(const DeclarationPlace& place, const TypeExpr& type);
  Built built_in(std::string_view name);
  std::shared_ptr<const Type> build_attributes(const DeclarationPlace& place, const std::optional<TypeExpr>& type,
                                               std::string_view what);
  std::string entity_type(const DeclarationPlace& place, const NameRef& name);
  void complain_undeclared(const DeclarationPlace& place, Span where, std::string_view name, TypeExpr::Kind kind);

  // False once there are too many relations between types and between actions.
  bool spend(std::size_t relations);

  const SchemaFragment& fragment_;
  const Limits& limits_;
  SchemaProblems problems_;
  SchemaNames names_;
  std::map<std::string, CommonType> common_types_;
  std::map<std::string, Built, std::less<>> leaves_;  // built-in types by name, entity types by name
  std::size_t relations_ = 0;
  Schema schema_;
};

}  // namespace redoubt::policy::internal
