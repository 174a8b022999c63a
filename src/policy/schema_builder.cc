#include "policy/internal/schema_builder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "policy/internal/nearest.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

// Of memberships, transitive ones counted, and of actions with principal and resource types, all together: what they
// cost grows with the square of the text.
constexpr std::size_t kMaxRelations = 1'000'000;

Type leaf(Type::Kind kind, std::string name = {}) {
  Type type;
  type.kind = kind;
  type.name = std::move(name);
  return type;
}

}  // namespace

Checked<Schema> SchemaBuilder::build(const SchemaFragment& fragment, const Limits& limits) {
  SchemaBuilder builder(fragment, limits);
  builder.names_.check_shadowing(builder.problems_);
  builder.build_common_types();
  builder.build_entity_types();
  builder.build_actions();
  if (!builder.problems_.empty()) return tl::unexpected(builder.problems_.take());
  return std::move(builder.schema_);
}

bool SchemaBuilder::spend(std::size_t relations) {
  if (relations_ > kMaxRelations) return false;
  relations_ += relations;
  if (relations_ <= kMaxRelations) return true;
  problems_.add({}, {}, "schema has more than " + std::to_string(kMaxRelations) + " memberships and applications",
                true);
  return false;
}

// Types

void SchemaBuilder::complain_undeclared(const DeclarationPlace& place, Span where, std::string_view name,
                                        TypeExpr::Kind kind) {
  const std::string_view what = kind == TypeExpr::Kind::kEntity   ? "an entity type"
                                : kind == TypeExpr::Kind::kCommon ? "a common type"
                                                                  : "an entity type or common type";
  problems_.add(place, where, shown(name) + " is not declared as " + std::string(what));
}

SchemaBuilder::Built SchemaBuilder::built_in(std::string_view name) {
  using Kind = Type::Kind;
  const auto found = leaves_.find(name);
  if (found != leaves_.end()) return found->second;
  const std::string_view last = name.substr(name.rfind(':') + 1);
  Type type = leaf(Kind::kExtension, std::string(last));
  if (last == "Bool") type = leaf(Kind::kBool);
  if (last == "Long") type = leaf(Kind::kLong);
  if (last == "String") type = leaf(Kind::kString);
  return leaves_.emplace(name, Built{std::make_shared<const Type>(std::move(type)), 1}).first->second;
}

SchemaBuilder::Built SchemaBuilder::build_reference(const DeclarationPlace& place, const TypeExpr& type) {
  const auto target = names_.resolve(place.space->name.name, type.name, type.kind);
  if (!target) {
    complain_undeclared(place, type.where, type.name, type.kind);
    return {};
  }
  if (!target->common) {
    const auto found = leaves_.find(target->name);
    if (found != leaves_.end()) return found->second;
    Built built{std::make_shared<const Type>(leaf(Type::Kind::kEntity, target->name)), 1};
    return leaves_.emplace(target->name, std::move(built)).first->second;
  }
  const auto found = common_types_.find(target->name);
  return found != common_types_.end() ? found->second.built : built_in(target->name);
}

SchemaBuilder::Built SchemaBuilder::build_record(const DeclarationPlace& place, const TypeExpr& type) {
  Type record = leaf(Type::Kind::kRecord);
  std::size_t depth = 0;
  bool whole = true;
  for (const AttributeDecl& attribute : type.attributes) {
    Built built = build_type(place, attribute.type);
    whole = whole && built.type;
    depth = std::max(depth, built.depth);
    record.attributes[attribute.name] = {std::move(built.type), attribute.required};
  }
  if (!whole) return {};
  return {std::make_shared<const Type>(std::move(record)), depth + 1};
}

// Recursion is as deep as the type is written, which the readers bound.
SchemaBuilder::Built SchemaBuilder::build_type(const DeclarationPlace& place, const TypeExpr& type) {
  using Kind = TypeExpr::Kind;
  Built built;
  switch (type.kind) {
    case Kind::kBool:
      return built_in("__cedar::Bool");
    case Kind::kLong:
      return built_in("__cedar::Long");
    case Kind::kString:
      return built_in("__cedar::String");
    case Kind::kExtension:
      if (std::ranges::find(kExtensionTypes, type.name) == kExtensionTypes.end()) {
        problems_.add(place, type.where,
                      "unknown extension type " + shown(type.name) + did_you_mean(type.name, kExtensionTypes));
        return {};
      }
      return built_in("__cedar::" + type.name);
    case Kind::kEntity:
    case Kind::kCommon:
    case Kind::kEntityOrCommon:
      return build_reference(place, type);
    case Kind::kSet: {
      Built element = build_type(place, type.element.front());
      if (!element.type) return {};
      Type set = leaf(Type::Kind::kSet);
      set.element = std::move(element.type);
      built = {std::make_shared<const Type>(std::move(set)), element.depth + 1};
      break;
    }
    case Kind::kRecord:
      built = build_record(place, type);
      break;
  }
  if (built.depth > limits_.max_depth) {
    problems_.add(place, type.where,
                  "type is nested more than " + std::to_string(limits_.max_depth) + " deep, common types in place",
                  true);
    return {};
  }
  return built;
}

// A type that must be a record; an empty one when there is none.
std::shared_ptr<const Type> SchemaBuilder::build_attributes(const DeclarationPlace& place,
                                                            const std::optional<TypeExpr>& type,
                                                            std::string_view what) {
  if (!type) return std::make_shared<const Type>(leaf(Type::Kind::kRecord));
  Built built = build_type(place, *type);
  if (built.type && built.type->kind != Type::Kind::kRecord) {
    problems_.add(place, type->where, std::string(what) + " of " + shown(place.name) + " is not a record");
  }
  return std::move(built.type);
}

// Common types

void SchemaBuilder::collect_needs(const NamespaceDecl& space, const TypeExpr& type,
                                  std::set<std::string>& needs) const {
  using Kind = TypeExpr::Kind;
  if (type.kind == Kind::kCommon || type.kind == Kind::kEntityOrCommon) {
    const auto target = names_.resolve(space.name.name, type.name, type.kind);
    if (target && target->common && common_types_.contains(target->name)) needs.insert(target->name);
  }
  for (const TypeExpr& element : type.element) collect_needs(space, element, needs);
  for (const AttributeDecl& attribute : type.attributes) collect_needs(space, attribute.type, needs);
}

// In an order in which each comes behind those it refers to (Kahn's algorithm); what is left refers to itself.
void SchemaBuilder::build_common_types() {
  for (const NamespaceDecl& space : fragment_.namespaces) {
    for (const CommonTypeDecl& decl : space.common_types) {
      common_types_.emplace(qualified(space.name.name, decl.name.name), CommonType{&space, &decl, {}, {}});
    }
  }
  std::map<std::string_view, std::vector<std::string_view>> needed_by;
  std::map<std::string_view, std::size_t> missing;
  std::vector<std::string_view> ready;
  for (auto& [name, common] : common_types_) {
    collect_needs(*common.space, common.decl->type, common.needs);
    for (const std::string& need : common.needs) needed_by[need].push_back(name);
    missing[name] = common.needs.size();
    if (common.needs.empty()) ready.push_back(name);
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    CommonType& common = common_types_.find(std::string(ready[i]))->second;
    common.built =
        build_type({common.space, "commonTypes", common.decl->name.name, common.decl->name.where}, common.decl->type);
    for (const std::string_view user : needed_by[ready[i]]) {
      if (--missing[user] == 0) ready.push_back(user);
    }
  }
  const auto stuck = std::ranges::find_if(missing, [](const auto& entry) { return entry.second > 0; });
  if (stuck == missing.end()) return;
  // Every one of these needs another of them, so going on from one to the next comes round.
  std::set<std::string_view> seen;
  std::string_view name = stuck->first;
  while (seen.insert(name).second) {
    const auto& needs = common_types_.find(std::string(name))->second.needs;
    name = *std::ranges::find_if(needs, [&](const std::string& need) { return missing[need] > 0; });
  }
  const CommonType& common = common_types_.find(std::string(name))->second;
  problems_.add({common.space, "commonTypes", common.decl->name.name, common.decl->name.where},
                "common type " + shown(name) + " refers to itself");
}

// Entity types

std::string SchemaBuilder::entity_type(const DeclarationPlace& place, const NameRef& name) {
  const auto target = names_.resolve(place.space->name.name, name.name, TypeExpr::Kind::kEntity);
  if (target && names_.declares_entity_type(target->name)) return target->name;
  complain_undeclared(place, name.where, name.name, TypeExpr::Kind::kEntity);
  return {};
}

namespace {

// Everything that is reached from `parents`; false when `spend` says that it is too much.
template <class Declared, class Parents, class Name, class Order, class Spend>
bool close(const Declared& declared, const Parents& parents, std::set<Name, Order>& ancestors, Spend&& spend) {
  std::vector<Name> open(parents.begin(), parents.end());
  while (!open.empty()) {
    const auto next = std::move(open.back());
    open.pop_back();
    if (!spend(1)) return false;
    if (!ancestors.insert(next).second) continue;
    const auto found = declared.find(next);
    if (found == declared.end()) continue;
    open.insert(open.end(), found->second.parents.begin(), found->second.parents.end());
    if (!spend(found->second.parents.size())) return false;
  }
  return true;
}

}  // namespace

void SchemaBuilder::build_entity_types() {
  for (const NamespaceDecl& space : fragment_.namespaces) {
    for (const EntityDecl& decl : space.entity_types) {
      if (problems_.full()) return;
      const DeclarationPlace place{&space, "entityTypes", decl.names.front().name, decl.names.front().where};
      EntityType type;
      for (const NameRef& parent : decl.parents) type.parents.insert(entity_type(place, parent));
      type.shape = build_attributes(place, decl.shape, "the shape");
      if (decl.tags) type.tags = build_type(place, *decl.tags).type;
      type.enumerated = {decl.enumerated.begin(), decl.enumerated.end()};
      for (const NameRef& name : decl.names) {
        if (!spend(type.parents.size() + type.enumerated.size() + 1)) return;
        type.name = qualified(space.name.name, name.name);
        schema_.entity_types_.emplace(type.name, type);
      }
    }
  }
  if (!problems_.empty()) return;
  for (auto& [name, type] : schema_.entity_types_) {
    if (!close(schema_.entity_types_, type.parents, type.member_of, [&](std::size_t n) { return spend(n); })) return;
  }
}

// Actions

void SchemaBuilder::build_actions() {
  for (const NamespaceDecl& space : fragment_.namespaces) {
    for (const ActionDecl& decl : space.actions) {
      if (problems_.full()) return;
      const DeclarationPlace place{&space, "actions", decl.names.front().name, decl.names.front().where};
      ActionType action;
      for (const ActionRef& parent : decl.parents) {
        if (auto uid = names_.resolve(space.name.name, parent)) {
          action.parents.push_back(*std::move(uid));
        } else {
          const std::string type = parent.type.value_or(std::string(kActionType));
          problems_.add(place, parent.where,
                        "action " + shown(to_string(EntityUid{type, parent.id})) + " is not declared");
        }
      }
      std::optional<TypeExpr> no_context;
      if (decl.applies_to) {
        for (const NameRef& name : decl.applies_to->principals) action.principals.insert(entity_type(place, name));
        for (const NameRef& name : decl.applies_to->resources) action.resources.insert(entity_type(place, name));
      }
      action.context = build_attributes(place, decl.applies_to ? decl.applies_to->context : no_context, "the context");
      for (const NameRef& id : decl.names) {
        if (!spend(action.parents.size() + action.principals.size() + action.resources.size() + 1)) return;
        action.uid = {qualified(space.name.name, kActionType), id.name};
        schema_.actions_.emplace(action.uid, action);
      }
    }
  }
  if (!problems_.empty()) return;
  for (auto& [uid, action] : schema_.actions_) {
    if (!close(schema_.actions_, action.parents, action.ancestors, [&](std::size_t n) { return spend(n); })) return;
    if (action.ancestors.contains(uid)) {
      problems_.add(names_.place_of(uid), "action " + shown(to_string(uid)) + " is a member of itself");
      return;
    }
  }
}

}  // namespace redoubt::policy::internal
