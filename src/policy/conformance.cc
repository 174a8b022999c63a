#include "policy/internal/conformance.h"

#include <algorithm>

#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

// As messages have it: `set of long`.
std::string describe(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kBool:
      return "bool";
    case Type::Kind::kLong:
      return "long";
    case Type::Kind::kString:
      return "string";
    case Type::Kind::kEntity:
      return "entity of type `" + type.name + "`";
    case Type::Kind::kSet:
      return "set of " + describe(*type.element);
    case Type::Kind::kRecord:
      return "record";
    case Type::Kind::kExtension:
      break;
  }
  return type.name;
}

bool has_kind(const Value& value, const Type& type) {
  switch (type.kind) {
    case Type::Kind::kBool:
      return value.kind() == ValueKind::kBool;
    case Type::Kind::kLong:
      return value.kind() == ValueKind::kLong;
    case Type::Kind::kString:
      return value.kind() == ValueKind::kString;
    case Type::Kind::kEntity:
      return value.kind() == ValueKind::kEntity && value.entity().type == type.name;
    case Type::Kind::kSet:
      return value.kind() == ValueKind::kSet;
    case Type::Kind::kRecord:
      return value.kind() == ValueKind::kRecord;
    case Type::Kind::kExtension:
      break;
  }
  return value.kind() == ValueKind::kExtension && to_string(value.extension().type) == type.name;
}

class Checker {
 public:
  Checker(const Schema& schema, ProblemList& problems) : schema_(schema), problems_(problems) {}

  void value(const Value& value, const Type& type, const JsonPlace& place) {
    if (problems_.full()) return;
    if (!has_kind(value, type)) {
      return problems_.add(place, "expected " + describe(type) + ", found " + type_name(value));
    }
    switch (type.kind) {
      case Type::Kind::kEntity:
        return exists(value.entity(), place);
      case Type::Kind::kSet:
        // Places within a set are not told apart: it has no order.
        for (const Value& element : value.set().elements()) this->value(element, *type.element, place);
        return;
      case Type::Kind::kRecord:
        return record(value.record(), type, place);
      default:
        return;
    }
  }

  void record(const Record& record, const Type& type, const JsonPlace& place) {
    for (const Attribute& attribute : record.attributes()) {
      const auto declared = type.attributes.find(attribute.name);
      const JsonPlace at(place, attribute.name);
      if (declared == type.attributes.end()) {
        problems_.add(at, "the schema has no attribute " + shown(attribute.name) + " here");
      } else {
        value(attribute.value, *declared->second.type, at);
      }
    }
    for (const auto& [name, declared] : type.attributes) {
      if (declared.required && record.find(name) == nullptr) {
        problems_.add(place, "the required attribute " + shown(name) + " is missing");
      }
    }
  }

  // Entities of enumerated types and actions are those of the schema; of any other type there may be any.
  void exists(const EntityUid& uid, const JsonPlace& place) {
    if (is_action_type(uid.type)) {
      if (schema_.action(uid) == nullptr) {
        problems_.add(place, shown(to_string(uid)) + " is not an action of the schema");
      }
      return;
    }
    const EntityType* type = schema_.entity_type(uid.type);
    if (type != nullptr && !type->enumerated.empty() && !type->enumerated.contains(uid.id)) {
      problems_.add(place, shown(to_string(uid)) + " is not one of the entities that the schema enumerates");
    }
  }

  void entity(const Entity& entity, const JsonPlace& place) {
    const EntityType* type = schema_.entity_type(entity.uid.type);
    const JsonPlace uid_place(place, "uid");
    if (type == nullptr) {
      return problems_.add(uid_place, "the schema has no entity type " + shown(entity.uid.type));
    }
    exists(entity.uid, uid_place);
    record(entity.attributes, *type->shape, JsonPlace(place, "attrs"));

    const JsonPlace parents_place(place, "parents");
    for (std::size_t i = 0; i < entity.parents.size() && !problems_.full(); ++i) {
      const EntityUid& parent = entity.parents[i];
      const JsonPlace at(parents_place, i);
      if (!type->member_of.contains(parent.type)) {
        problems_.add(at, shown(entity.uid.type) + " entities may not have an ancestor of type " + shown(parent.type));
      } else {
        exists(parent, at);
      }
    }

    const JsonPlace tags_place(place, "tags");
    for (const Attribute& tag : entity.tags.attributes()) {
      const JsonPlace at(tags_place, tag.name);
      if (type->tags) {
        value(tag.value, *type->tags, at);
      } else {
        problems_.add(at, shown(entity.uid.type) + " entities may not have tags");
        break;
      }
    }
  }

 private:
  const Schema& schema_;
  ProblemList& problems_;
};

}  // namespace

bool is_action_type(std::string_view type) {
  return type == "Action" || type.ends_with("::Action");
}

void check_value(const Value& value, const Type& type, const Schema& schema, const JsonPlace& place,
                 ProblemList& problems) {
  Checker(schema, problems).value(value, type, place);
}

void check_entity(const Entity& entity, const Schema& schema, const JsonPlace& place, ProblemList& problems) {
  Checker(schema, problems).entity(entity, place);
}

void ActionCheck::add(const Entity& action, const JsonPlace& place) {
  const JsonPlace uid_place(place, "uid");
  const ActionType* declared = schema_.action(action.uid);
  if (declared == nullptr) {
    return problems_.add(uid_place, shown(to_string(action.uid)) + " is not an action of the schema");
  }
  const std::set<EntityUid> parents(action.parents.begin(), action.parents.end());
  const bool as_declared =
      action.attributes == Record() && action.tags == Record() &&
      std::includes(declared->ancestors.begin(), declared->ancestors.end(), parents.begin(), parents.end());
  const auto known = parents_.try_emplace(action.uid, parents).first;
  if (!as_declared || known->second != parents) {
    problems_.add(uid_place, "the action " + shown(to_string(action.uid)) + " is not as the schema declares it");
  }
}

void ActionCheck::finish(const JsonPlace& root) {
  for (const auto& [uid, parents] : parents_) {
    if (ancestors_given(uid) != schema_.action(uid)->ancestors) {
      problems_.add(root, "the action " + shown(to_string(uid)) + " does not have the ancestors of the schema");
      if (problems_.full()) return;
    }
  }
}

std::set<EntityUid> ActionCheck::ancestors_given(const EntityUid& action) const {
  std::set<EntityUid> found;
  std::vector<const EntityUid*> open{&action};
  while (!open.empty()) {
    const auto given = parents_.find(*open.back());
    open.pop_back();
    if (given == parents_.end()) continue;
    for (const EntityUid& parent : given->second) {
      if (found.insert(parent).second) open.push_back(&parent);
    }
  }
  return found;
}

}  // namespace redoubt::policy::internal
