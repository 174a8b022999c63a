#include "policy/internal/schema_index.h"

#include <algorithm>

namespace redoubt::policy::internal {
namespace {

void sort_and_unify(std::vector<std::uint32_t>& numbers) {
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
}

std::uint64_t pair_of(std::uint32_t first, std::uint32_t second) {
  return (std::uint64_t{first} << 32) | second;
}

bool contains(const std::vector<std::uint32_t>& sorted, std::uint32_t number) {
  return std::ranges::binary_search(sorted, number);
}

}  // namespace

SchemaIndex::SchemaIndex(const Schema& schema) {
  number_entity_types(schema);
  number_actions(schema);
}

void SchemaIndex::number_entity_types(const Schema& schema) {
  const auto add = [&](std::string_view name, const EntityType* declared) {
    const auto id = static_cast<std::uint32_t>(entity_types_.size());
    if (!entity_type_ids_.emplace(name, id).second) return;
    entity_types_.push_back({.declared = declared, .name = name, .type = types_.entity(id, name)});
  };
  for (const auto& [name, type] : schema.entity_types()) add(name, &type);
  for (const auto& [uid, action] : schema.actions()) add(uid.type, nullptr);
  for (EntityTypeInfo& info : entity_types_) {
    if (info.declared == nullptr) {
      info.shape = types_.record({});
      continue;
    }
    info.shape = type_of(*info.declared->shape);
    if (info.declared->tags) info.tags = type_of(*info.declared->tags);
    for (const std::string& ancestor : info.declared->member_of) info.member_of.push_back(entity_type(ancestor));
    sort_and_unify(info.member_of);
  }
}

void SchemaIndex::number_actions(const Schema& schema) {
  for (const auto& [uid, action] : schema.actions()) {
    action_ids_.emplace(pair_of(names_.id(uid.type), names_.id(uid.id)), static_cast<std::uint32_t>(actions_.size()));
    actions_.push_back({.declared = &action, .type = entity_type(uid.type), .context = type_of(*action.context)});
  }
  for (ActionInfo& info : actions_) {
    for (const std::string& name : info.declared->principals) info.principals.push_back(entity_type(name));
    for (const std::string& name : info.declared->resources) info.resources.push_back(entity_type(name));
    for (const EntityUid& ancestor : info.declared->ancestors) {
      info.member_of.push_back(action(ancestor.type, ancestor.id));
      entity_types_[info.type].member_of.push_back(entity_type(ancestor.type));
    }
    sort_and_unify(info.member_of);
  }
  for (EntityTypeInfo& info : entity_types_) {
    if (info.declared == nullptr) sort_and_unify(info.member_of);
  }
}

// Recursion is as deep as the type is; what is shared is looked at once.
TypeId SchemaIndex::type_of(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kBool:
      return kBoolType;
    case Type::Kind::kLong:
      return kLongType;
    case Type::Kind::kString:
      return kStringType;
    case Type::Kind::kEntity:
      return entity_types_[entity_type(type.name)].type;
    case Type::Kind::kExtension:
      for (TypeId id = kFirstExtensionType; id < kFirstExtensionType + 4; ++id) {
        if (types_.describe(id) == type.name) return id;
      }
      return kNoType;  // the schema has no others
    case Type::Kind::kSet:
    case Type::Kind::kRecord:
      break;
  }
  if (const auto known = type_ids_.find(&type); known != type_ids_.end()) return known->second;
  TypeId id = kNoType;
  if (type.kind == Type::Kind::kSet) {
    id = types_.set(type_of(*type.element));
  } else {
    std::vector<TypeTable::Attribute> attributes;
    for (const auto& [name, attribute] : type.attributes) {
      attributes.push_back({names_.id(name), type_of(*attribute.type), attribute.required});
    }
    id = types_.record(std::move(attributes));
  }
  type_ids_.emplace(&type, id);
  return id;
}

std::uint32_t SchemaIndex::entity_type(std::string_view name) const {
  const auto found = entity_type_ids_.find(name);
  return found == entity_type_ids_.end() ? kNotDeclared : found->second;
}

std::uint32_t SchemaIndex::action(std::string_view type, std::string_view id) const {
  const auto type_id = names_.find(type);
  const auto id_id = names_.find(id);
  if (!type_id || !id_id) return kNotDeclared;
  const auto found = action_ids_.find(pair_of(*type_id, *id_id));
  return found == action_ids_.end() ? kNotDeclared : found->second;
}

bool SchemaIndex::may_be_in(std::uint32_t type, std::uint32_t ancestor) const {
  return type == ancestor || contains(entity_types_[type].member_of, ancestor);
}

bool SchemaIndex::is_in(std::uint32_t action, std::uint32_t ancestor) const {
  return action == ancestor || contains(actions_[action].member_of, ancestor);
}

}  // namespace redoubt::policy::internal
