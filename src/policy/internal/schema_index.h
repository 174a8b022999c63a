// A schema with numbers for names, made ready for validating many policies: the types of the environments that requests
// come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/internal/type_table.h"
#include "policy/schema.h"

namespace redoubt::policy::internal {

inline constexpr std::uint32_t kNotDeclared = UINT32_MAX;  // an entity type or action that the schema does not have

class SchemaIndex {
 public:
  // `schema` must outlive this.
  explicit SchemaIndex(const Schema& schema);

  struct EntityTypeInfo {
    const EntityType* declared = nullptr;  // null: a type of actions
    std::string_view name;
    TypeId type = kNoType;
    TypeId shape = kNoType;                // a record, empty for actions
    TypeId tags = kNoType;                 // kNoType: none
    std::vector<std::uint32_t> member_of;  // transitively, sorted: types that `in` can hold for, besides itself
  };
  struct ActionInfo {
    const ActionType* declared = nullptr;
    std::uint32_t type = kNotDeclared;
    TypeId context = kNoType;
    std::vector<std::uint32_t> principals;
    std::vector<std::uint32_t> resources;
    std::vector<std::uint32_t> member_of;  // transitively, sorted: other actions
  };

  const std::vector<EntityTypeInfo>& entity_types() const { return entity_types_; }
  const std::vector<ActionInfo>& actions() const { return actions_; }
  std::uint32_t entity_type(std::string_view name) const;                  // kNotDeclared when there is none
  std::uint32_t action(std::string_view type, std::string_view id) const;  // kNotDeclared when there is none
  // Whether an entity of the one type may be in one of the other.
  bool may_be_in(std::uint32_t type, std::uint32_t ancestor) const;
  bool is_in(std::uint32_t action, std::uint32_t ancestor) const;
  // The record of the attributes of an entity's or record's type.
  TypeId attributes_of(TypeId type) const {
    return types_.kind(type) == TypeTable::Kind::kEntity ? entity_types_[types_.entity_type(type)].shape : type;
  }
  // Of the tags of an entity's type; kNoType when it may have none.
  TypeId tags_of(TypeId entity) const { return entity_types_[types_.entity_type(entity)].tags; }

  NameTable& names() { return names_; }
  TypeTable& types() { return types_; }
  const NameTable& names() const { return names_; }
  const TypeTable& types() const { return types_; }

 private:
  void number_entity_types(const Schema& schema);
  void number_actions(const Schema& schema);
  TypeId type_of(const Type& type);

  NameTable names_;
  TypeTable types_{names_};
  std::unordered_map<const Type*, TypeId> type_ids_;
  std::vector<EntityTypeInfo> entity_types_;
  std::vector<ActionInfo> actions_;
  std::unordered_map<std::string_view, std::uint32_t> entity_type_ids_;
  std::unordered_map<std::uint64_t, std::uint32_t> action_ids_;  // by name ids of type and id
};

}  // namespace redoubt::policy::internal
