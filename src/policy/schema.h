// Schemas: which entity types and actions there are, and what they have (Cedar reference, "Schema"; RFC 24 for Cedar's
// own syntax, RFC 53 for enumerated entities, RFC 82 for tags).
//
// Immutable; any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits.h"
#include "policy/name.h"
#include "policy/source.h"

namespace redoubt::policy {

namespace internal {
class SchemaBuilder;
}

// A type that a schema declares, common types resolved.
struct Type;
struct AttributeType {
  std::shared_ptr<const Type> type;
  bool required = true;
  friend bool operator==(const AttributeType& a, const AttributeType& b);
};
struct Type {
  enum class Kind : std::uint8_t { kBool, kLong, kString, kEntity, kSet, kRecord, kExtension };
  Kind kind = Kind::kBool;
  std::string name;                                 // kEntity: the entity type; kExtension: `ipaddr` and so on
  std::shared_ptr<const Type> element;              // kSet
  std::map<std::string, AttributeType> attributes;  // kRecord
  friend bool operator==(const Type& a, const Type& b);
};

struct EntityType {
  std::string name;
  std::set<std::string, std::less<>> member_of;   // transitively: every type whose entities may be ancestors
  std::set<std::string, std::less<>> parents;     // as declared
  std::shared_ptr<const Type> shape;              // a record; never null
  std::shared_ptr<const Type> tags;               // null: none allowed
  std::set<std::string, std::less<>> enumerated;  // the ids there are; empty: any
};

struct ActionType {
  EntityUid uid;
  std::vector<EntityUid> parents;                 // as declared
  std::set<EntityUid> ancestors;                  // transitively
  std::set<std::string, std::less<>> principals;  // of appliesTo; empty: applies to nothing
  std::set<std::string, std::less<>> resources;
  std::shared_ptr<const Type> context;  // a record; never null
};

class Schema {
 public:
  // Cedar's own syntax. Unknown, shadowed or cyclic names are problems, as the reference has them.
  static Checked<Schema> parse(std::string_view text, const Limits& limits = {});
  // The JSON syntax.
  static Checked<Schema> parse_json(std::string_view json, const Limits& limits = {});

  // By name. Types of actions (`Action`, `N::Action`) are not among them.
  const std::map<std::string, EntityType, std::less<>>& entity_types() const { return entity_types_; }
  const std::map<EntityUid, ActionType>& actions() const { return actions_; }
  // Null when there is none.
  const EntityType* entity_type(std::string_view name) const;
  const ActionType* action(const EntityUid& uid) const;

 private:
  friend class internal::SchemaBuilder;

  std::map<std::string, EntityType, std::less<>> entity_types_;
  std::map<EntityUid, ActionType> actions_;
};

// Conversion between the two syntaxes, keeping namespaces, common types, annotations and order as far as both have
// them.
Checked<std::string> schema_to_json(std::string_view cedar, const Limits& limits = {});
Checked<std::string> schema_to_cedar(std::string_view json, const Limits& limits = {});

}  // namespace redoubt::policy
