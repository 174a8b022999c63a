#include "policy/internal/schema_names.h"

#include <algorithm>
#include <utility>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

constexpr std::string_view kInternalNamespace = "__cedar";
constexpr std::array<std::string_view, 3> kPrimitiveTypes = {"Bool", "Long", "String"};

// Calls f with each part of `A::B::C`; false as soon as f gives false.
template <class F>
bool each_part(std::string_view name, F&& f) {
  for (;;) {
    const std::size_t end = name.find("::");
    if (!f(name.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 2);
  }
}

bool is_reserved(std::string_view name) {
  return !each_part(name, [](std::string_view part) { return part != kInternalNamespace; });
}

bool is_built_in(std::string_view name) {
  return std::ranges::find(kPrimitiveTypes, name) != kPrimitiveTypes.end() ||
         std::ranges::find(kExtensionTypes, name) != kExtensionTypes.end();
}

std::string_view last_part(std::string_view name) {
  const std::size_t at = name.rfind("::");
  return at == std::string_view::npos ? name : name.substr(at + 2);
}

bool is_qualified(std::string_view name) {
  return name.find("::") != std::string_view::npos;
}

void append_pointer_step(std::string& path, std::string_view key) {
  path += '/';
  for (const char c : key) {
    if (c == '~') {
      path += "~0";
    } else if (c == '/') {
      path += "~1";
    } else {
      path += c;
    }
  }
}

// Whether a declaration may have this name.
bool check_name(const DeclarationPlace& place, SchemaProblems& problems) {
  if (place.name == kInternalNamespace) {
    problems.add(place, "`__cedar` is reserved and cannot be declared");
    return false;
  }
  if (!is_identifier(place.name)) {
    problems.add(place, shown(place.name) + " is not an identifier");
    return false;
  }
  return true;
}

}  // namespace

bool is_reference_part(std::string_view text) {
  return text == kInternalNamespace || is_identifier(text);
}

bool is_reference(std::string_view name) {
  return each_part(name, is_reference_part);
}

bool is_type_keyword(std::string_view text) {
  static constexpr std::string_view kKeywords[] = {"Bool", "Boolean", "Entity", "Extension",
                                                   "Long", "Record",  "Set",    "String"};
  return std::ranges::find(kKeywords, text) != std::end(kKeywords);
}

std::string qualified(std::string_view space, std::string_view name) {
  if (space.empty()) return std::string(name);
  std::string whole;
  whole.reserve(space.size() + 2 + name.size());
  return whole.append(space).append("::").append(name);
}

void SchemaProblems::add(const DeclarationPlace& place, Span where, std::string message, bool limit) {
  if (full()) return;
  Problem problem{.message = std::move(message), .where = where, .limit = limit};
  if (where == Span{} && place.space) {  // JSON has no places
    append_pointer_step(problem.path, place.space->name.name);
    if (!place.section.empty()) {
      append_pointer_step(problem.path, place.section);
      append_pointer_step(problem.path, place.name);
    }
  }
  problems_.push_back(std::move(problem));
}

SchemaNames::SchemaNames(const SchemaFragment& fragment, SchemaProblems& problems) {
  for (const NamespaceDecl& space : fragment.namespaces) {
    if (is_reserved(space.name.name)) {
      problems.add({&space, {}, {}, space.name.where},
                   "namespace " + shown(space.name.name) + " is reserved: `__cedar` cannot be part of it");
    }
    declare_common_types(space, problems);
    declare_entity_types(space, problems);
    declare_actions(space, problems);
  }
}

void SchemaNames::declare_common_types(const NamespaceDecl& space, SchemaProblems& problems) {
  for (const CommonTypeDecl& decl : space.common_types) {
    const DeclarationPlace place{&space, "commonTypes", decl.name.name, decl.name.where};
    if (!check_name(place, problems)) continue;
    if (is_type_keyword(decl.name.name)) {
      problems.add(place, "`" + decl.name.name + "` is reserved and cannot be a common type's name");
    }
    if (!common_types_.emplace(qualified(space.name.name, decl.name.name), place).second) {
      problems.add(place, "common type " + shown(decl.name.name) + " is declared twice");
    }
  }
}

void SchemaNames::declare_entity_types(const NamespaceDecl& space, SchemaProblems& problems) {
  for (const EntityDecl& decl : space.entity_types) {
    for (const NameRef& name : decl.names) {
      const DeclarationPlace place{&space, "entityTypes", name.name, name.where};
      if (!check_name(place, problems)) continue;
      if (name.name == kActionType) {
        problems.add(place, "`Action` is the type of actions and cannot be declared as an entity type");
      }
      if (!entity_types_.emplace(qualified(space.name.name, name.name), place).second) {
        problems.add(place, "entity type " + shown(name.name) + " is declared twice");
      }
    }
  }
}

void SchemaNames::declare_actions(const NamespaceDecl& space, SchemaProblems& problems) {
  if (space.actions.empty()) return;
  const std::string type = qualified(space.name.name, kActionType);
  action_types_.insert(type);
  for (const ActionDecl& decl : space.actions) {
    for (const NameRef& id : decl.names) {
      const DeclarationPlace place{&space, "actions", id.name, id.where};
      if (!actions_.emplace(EntityUid{type, id.name}, place).second) {
        problems.add(place, "action " + shown(id.name) + " is declared twice");
      }
    }
  }
}

void SchemaNames::check_shadowing(SchemaProblems& problems) const {
  const auto check_types = [&](const Declared& declared) {
    for (const auto& [name, place] : declared) {
      if (!is_qualified(name)) continue;
      const std::string_view last = last_part(name);
      if (!entity_types_.contains(last) && !common_types_.contains(last)) continue;
      problems.add(place, shown(name) + " would shadow " + shown(last) + " of the empty namespace");
    }
  };
  check_types(entity_types_);
  check_types(common_types_);
  for (const auto& [uid, place] : actions_) {
    if (!is_qualified(uid.type) || !actions_.contains({std::string(kActionType), uid.id})) continue;
    problems.add(place, "action " + shown(to_string(uid)) + " would shadow " +
                            shown(to_string(EntityUid{std::string(kActionType), uid.id})));
  }
}

std::optional<SchemaNames::Target> SchemaNames::find(std::string name, TypeExpr::Kind kind) const {
  using Kind = TypeExpr::Kind;
  if (kind != Kind::kEntity) {
    if (common_types_.contains(name)) return Target{true, std::move(name)};
    const std::string_view built_in = name.starts_with("__cedar::") ? last_part(name) : std::string_view(name);
    const bool spelt_out = built_in.size() != name.size();
    if (is_built_in(built_in) &&
        (spelt_out ? name == qualified(kInternalNamespace, built_in) : !entity_types_.contains(name))) {
      return Target{true, qualified(kInternalNamespace, built_in)};
    }
  }
  if (kind != Kind::kCommon && (entity_types_.contains(name) || action_types_.contains(name))) {
    return Target{false, std::move(name)};
  }
  return std::nullopt;
}

std::optional<SchemaNames::Target> SchemaNames::resolve(std::string_view space, std::string_view name,
                                                        TypeExpr::Kind kind) const {
  if (!space.empty() && !is_qualified(name)) {
    if (auto target = find(qualified(space, name), kind)) return target;
  }
  return find(std::string(name), kind);
}

std::optional<EntityUid> SchemaNames::resolve(std::string_view space, const ActionRef& action) const {
  const std::string_view type = action.type ? std::string_view(*action.type) : kActionType;
  if (!space.empty() && !is_qualified(type)) {
    EntityUid uid{qualified(space, type), action.id};
    if (actions_.contains(uid)) return uid;
  }
  EntityUid uid{std::string(type), action.id};
  if (actions_.contains(uid)) return uid;
  return std::nullopt;
}

}  // namespace redoubt::policy::internal
