#include "policy/entities.h"

#include <algorithm>
#include <map>
#include <set>

#include "encoding/json_reader.h"
#include "policy/internal/conformance.h"
#include "policy/internal/shown.h"
#include "policy/internal/value_json.h"
#include "policy/schema.h"

namespace redoubt::policy {
namespace {

using internal::is_action_type;
using internal::JsonPlace;
using internal::ProblemList;
using internal::read_uid;
using internal::read_value;
using internal::shown;
using simdjson::dom::element;
using simdjson::dom::object;

encoding::JsonReader json_reader(const Limits& limits) {
  return encoding::JsonReader({.max_bytes = std::min<std::size_t>(limits.max_bytes, 0xffff'fffe),
                               .max_depth = std::clamp<std::size_t>(limits.max_depth, 1, 1024)});
}

tl::unexpected<Problems> fail(const Error& error) {
  Problem problem;
  problem.message = error.message();
  return fail(std::move(problem));
}

class EntitiesReader {
 public:
  EntitiesReader(const Schema* schema, const Limits& limits) : schema_(schema), limits_(limits) {}

  Checked<Entities> read(element json) {
    const JsonPlace root;
    simdjson::dom::array list;
    if (json.get(list) != simdjson::SUCCESS) {
      problems_.add(root, "expected an array of entities");
    } else {
      std::size_t index = 0;
      for (const element item : list) {
        if (index == limits_.max_entities) {
          problems_.add(root, "there are more than " + std::to_string(limits_.max_entities) + " entities");
          break;
        }
        entity(item, JsonPlace(root, index++));
        if (problems_.full()) break;
      }
    }
    if (schema_ != nullptr && problems_.empty()) take_actions(root);
    if (!problems_.empty()) return tl::unexpected<Problems>(std::move(problems_).take());
    return std::move(entities_);
  }

 private:
  // A member that must be there; its absence is a problem.
  std::optional<element> member(const object& members, std::string_view name, const JsonPlace& place) {
    element value;
    if (members.at_key(name).get(value) == simdjson::SUCCESS) return value;
    problems_.add(place, "the entity has no `" + std::string(name) + "`");
    return std::nullopt;
  }

  void entity(element json, const JsonPlace& place) {
    const std::size_t problems_before = problems_.size();
    object members;
    if (json.get(members) != simdjson::SUCCESS) return problems_.add(place, "expected an entity, which is an object");
    const auto uid_json = member(members, "uid", place);
    const auto attributes_json = member(members, "attrs", place);
    const auto parents_json = member(members, "parents", place);
    if (!uid_json || !attributes_json || !parents_json) return;
    auto uid = read_uid(*uid_json, JsonPlace(place, "uid"), problems_);
    if (!uid) return;

    Entity entity;
    entity.uid = std::move(*uid);
    const EntityType* type = schema_ != nullptr ? schema_->entity_type(entity.uid.type) : nullptr;
    entity.attributes =
        attributes(*attributes_json, type != nullptr ? type->shape.get() : nullptr, JsonPlace(place, "attrs"));
    entity.parents = parents(*parents_json, entity.uid, JsonPlace(place, "parents"));
    element tags_json;
    if (members.at_key("tags").get(tags_json) == simdjson::SUCCESS) {
      entity.tags = tags(tags_json, type != nullptr ? type->tags.get() : nullptr, JsonPlace(place, "tags"));
    }
    if (problems_.size() != problems_before) return;

    if (schema_ == nullptr) {
      entities_.push_back(std::move(entity));
    } else if (is_action_type(entity.uid.type)) {
      action(std::move(entity), place);
    } else {
      internal::check_entity(entity, *schema_, place, problems_);
      entities_.push_back(std::move(entity));
    }
  }

  // Of a record by its names; `type` is a record's.
  Record attributes(element json, const Type* type, const JsonPlace& place) {
    static const Type any{Type::Kind::kRecord, {}, {}, {}};
    if (!json.is<object>()) {
      problems_.add(place, "expected an object");
      return {};
    }
    const auto read = read_value(json, type != nullptr ? type : &any, place, problems_);
    return read ? read->record() : Record();
  }

  Record tags(element json, const Type* type, const JsonPlace& place) {
    object members;
    if (json.get(members) != simdjson::SUCCESS) {
      problems_.add(place, "expected an object");
      return {};
    }
    std::vector<Attribute> tags;
    for (const auto& [name, value] : members) {
      auto read = read_value(value, type, JsonPlace(place, name), problems_);
      if (read) tags.push_back({std::string(name), std::move(*read)});
      if (problems_.full()) break;
    }
    auto made = Record::create(std::move(tags));
    if (made) return std::move(*made);
    problems_.add(place, made.error().message());
    return {};
  }

  std::vector<EntityUid> parents(element json, const EntityUid& child, const JsonPlace& place) {
    std::vector<EntityUid> parents;
    simdjson::dom::array list;
    if (json.get(list) != simdjson::SUCCESS) {
      problems_.add(place, "expected an array of entities");
      return parents;
    }
    std::size_t index = 0;
    for (const element item : list) {
      const JsonPlace at(place, index++);
      auto parent = read_uid(item, at, problems_);
      if (parent && is_action_type(child.type) && !is_action_type(parent->type)) {
        problems_.add(at, "the action " + shown(to_string(child)) + " has a parent that is no action, " +
                              shown(to_string(*parent)));
      } else if (parent) {
        parents.push_back(std::move(*parent));
      }
      if (problems_.full()) break;
    }
    return parents;
  }

  // An action may be given beside the schema, if it is the same as there. Kept for take_actions(), which sees them all.
  void action(Entity entity, const JsonPlace& place) {
    const JsonPlace uid_place(place, "uid");
    const ActionType* declared = schema_->action(entity.uid);
    if (declared == nullptr) {
      return problems_.add(uid_place, shown(to_string(entity.uid)) + " is not an action of the schema");
    }
    std::set<EntityUid> parents(entity.parents.begin(), entity.parents.end());
    const bool as_declared =
        entity.attributes == Record() && entity.tags == Record() &&
        std::includes(declared->ancestors.begin(), declared->ancestors.end(), parents.begin(), parents.end());
    const auto [known, added] = actions_.try_emplace(entity.uid, std::move(parents));
    if (!as_declared ||
        (!added && known->second != std::set<EntityUid>(entity.parents.begin(), entity.parents.end()))) {
      problems_.add(uid_place, "the action " + shown(to_string(entity.uid)) + " is not as the schema declares it");
    }
  }

  // The schema's actions take the place of those given, whose hierarchy must be the same when it is followed upwards.
  void take_actions(const JsonPlace& root) {
    for (const auto& [uid, parents] : actions_) {
      if (ancestors_given(uid) != schema_->action(uid)->ancestors) {
        problems_.add(root, "the action " + shown(to_string(uid)) + " does not have the ancestors of the schema");
        if (problems_.full()) return;
      }
    }
    for (const auto& [uid, declared] : schema_->actions()) entities_.push_back({uid, declared.parents, {}, {}});
  }

  std::set<EntityUid> ancestors_given(const EntityUid& action) const {
    std::set<EntityUid> found;
    std::vector<const EntityUid*> open{&action};
    while (!open.empty()) {
      const auto given = actions_.find(*open.back());
      open.pop_back();
      if (given == actions_.end()) continue;
      for (const EntityUid& parent : given->second) {
        if (found.insert(parent).second) open.push_back(&parent);
      }
    }
    return found;
  }

  const Schema* schema_;
  const Limits& limits_;
  ProblemList problems_;
  Entities entities_;
  std::map<EntityUid, std::set<EntityUid>> actions_;  // given, with their parents
};

}  // namespace

Checked<Entities> parse_entities(std::string_view json, const Schema* schema, const Limits& limits) {
  encoding::JsonReader reader = json_reader(limits);
  const auto root = reader.parse(json);
  if (!root) return fail(root.error());
  return EntitiesReader(schema, limits).read(*root);
}

Checked<EntityUid> parse_uid_json(std::string_view json) {
  encoding::JsonReader reader = json_reader({});
  const auto root = reader.parse(json);
  if (!root) return fail(root.error());
  ProblemList problems;
  auto uid = read_uid(*root, JsonPlace(), problems);
  if (!uid) return tl::unexpected<Problems>(std::move(problems).take());
  return std::move(*uid);
}

Checked<Record> parse_context(std::string_view json, const Schema* schema, const EntityUid* action,
                              const Limits& limits) {
  const JsonPlace root_place;
  ProblemList problems;
  const Type* type = nullptr;
  if (schema != nullptr && action != nullptr) {
    const ActionType* declared = schema->action(*action);
    if (declared == nullptr) {
      problems.add(root_place, shown(to_string(*action)) + " is not an action of the schema");
      return tl::unexpected<Problems>(std::move(problems).take());
    }
    type = declared->context.get();
  }
  encoding::JsonReader reader = json_reader(limits);
  const auto root = reader.parse(json);
  if (!root) return fail(root.error());
  const auto value = read_value(*root, type, root_place, problems);
  if (value && value->kind() != ValueKind::kRecord) {
    problems.add(root_place, "expected a record, found " + type_name(*value));
  } else if (value && type != nullptr) {
    internal::check_value(*value, *type, *schema, root_place, problems);
  }
  if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems).take());
  return value->record();
}

std::string to_json(const Entities& entities) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  for (const Entity& entity : entities) {
    json.begin_object();
    json.key("uid");
    internal::write_uid(json, entity.uid);
    json.key("attrs");
    internal::write_value(json, Value(entity.attributes));
    json.key("parents");
    json.begin_array();
    for (const EntityUid& parent : entity.parents) internal::write_uid(json, parent);
    json.end_array();
    if (!entity.tags.attributes().empty()) {
      json.key("tags");
      internal::write_value(json, Value(entity.tags));
    }
    json.end_object();
  }
  json.end_array();
  return out;
}

std::string to_json(const Value& value) {
  std::string out;
  encoding::JsonWriter json(out);
  internal::write_value(json, value);
  return out;
}

}  // namespace redoubt::policy
