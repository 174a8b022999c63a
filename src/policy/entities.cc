#include "policy/entities.h"

#include <optional>
#include <vector>

#include "policy/internal/conformance.h"
#include "policy/internal/json_document.h"
#include "policy/internal/shown.h"
#include "policy/internal/value_json.h"
#include "policy/schema.h"

namespace redoubt::policy {
namespace {

using internal::is_action_type;
using internal::JsonPlace;
using internal::ProblemList;
using internal::read_uid;
using internal::shown;
using internal::UidView;
using simdjson::dom::element;
using simdjson::dom::object;

// Room is made at once for so many, whatever an array promises.
constexpr std::size_t kReserved = 1024;

class EntitiesReader {
 public:
  EntitiesReader(const Schema* schema, const Limits& limits, ProblemList& problems)
      : schema_(schema), limits_(limits), problems_(problems) {
    if (schema != nullptr) actions_.emplace(*schema, problems);
  }

  std::optional<Entities> read(element json, const JsonPlace& root) {
    simdjson::dom::array list;
    if (json.get(list) != simdjson::SUCCESS) {
      problems_.add(root, "expected an array of entities");
      return std::nullopt;
    }
    entities_.reserve(std::min<std::size_t>(list.size(), kReserved));
    std::size_t index = 0;
    for (const element item : list) {
      if (index == limits_.max_entities) {
        problems_.add(root, "there are more than " + std::to_string(limits_.max_entities) + " entities", true);
        break;
      }
      entity(item, JsonPlace(root, index++));
      if (problems_.full()) break;
    }
    if (actions_ && problems_.empty()) actions_->finish(root);
    if (schema_ == nullptr) return std::move(entities_);
    // The schema's actions take the place of those given.
    for (const auto& [uid, declared] : schema_->actions()) entities_.push_back({uid, declared.parents, {}, {}});
    return std::move(entities_);
  }

 private:
  struct Members {
    explicit Members(const object& json) {
      for (const auto& [name, value] : json) {
        if (name == "uid") uid = value;
        if (name == "attrs") attributes = value;
        if (name == "parents") parents = value;
        if (name == "tags") tags = value;
      }
    }

    std::optional<element> uid;
    std::optional<element> attributes;
    std::optional<element> parents;
    std::optional<element> tags;
  };

  void entity(element json, const JsonPlace& place) {
    object json_object;
    if (json.get(json_object) != simdjson::SUCCESS) {
      return problems_.add(place, "expected an entity, which is an object");
    }
    const Members members(json_object);
    if (!members.uid) problems_.add(place, "the entity has no `uid`");
    if (!members.attributes) problems_.add(place, "the entity has no `attrs`");
    if (!members.parents) problems_.add(place, "the entity has no `parents`");
    if (!members.uid || !members.attributes || !members.parents) return;
    auto uid = read_uid(*members.uid, JsonPlace(place, "uid"), problems_);
    if (!uid) return;

    const EntityType* type = schema_ != nullptr ? schema_->entity_type(uid->type) : nullptr;
    auto attributes = internal::read_attributes(*members.attributes, type != nullptr ? type->shape.get() : nullptr,
                                                JsonPlace(place, "attrs"), problems_);
    auto parents = read_parents(*members.parents, *uid, JsonPlace(place, "parents"));
    std::optional<Record> tags = Record();
    if (members.tags) {
      tags = internal::read_tags(*members.tags, type != nullptr ? type->tags.get() : nullptr, JsonPlace(place, "tags"),
                                 problems_);
    }
    if (!attributes || !parents || !tags) return;

    if (actions_ && is_action_type(uid->type)) {
      return actions_->add({*uid, std::move(*parents), std::move(*attributes), std::move(*tags)}, place);
    }
    entities_.emplace_back(*uid, std::move(*parents), std::move(*attributes), std::move(*tags));
    if (schema_ != nullptr) internal::check_entity(entities_.back(), *schema_, place, problems_);
  }

  std::optional<std::vector<EntityUid>> read_parents(element json, const UidView& child, const JsonPlace& place) {
    simdjson::dom::array list;
    if (json.get(list) != simdjson::SUCCESS) {
      problems_.add(place, "expected an array of entities");
      return std::nullopt;
    }
    std::vector<EntityUid> parents;
    parents.reserve(std::min<std::size_t>(list.size(), kReserved));
    bool good = true;
    std::size_t index = 0;
    for (const element item : list) {
      const JsonPlace at(place, index++);
      auto parent = read_uid(item, at, problems_);
      if (parent && is_action_type(child.type) && !is_action_type(parent->type)) {
        problems_.add(at, "the action " + shown(to_string(child)) + " has a parent that is no action, " +
                              shown(to_string(*parent)));
        parent.reset();
      }
      if (parent) parents.push_back(*parent);
      good = good && parent.has_value();
      if (problems_.full()) break;
    }
    if (!good) return std::nullopt;
    return parents;
  }

  const Schema* schema_;
  const Limits& limits_;
  ProblemList& problems_;
  Entities entities_;
  std::optional<internal::ActionCheck> actions_;  // with a schema
};

}  // namespace

Checked<Entities> parse_entities(std::string_view json, const Schema* schema, const Limits& limits) {
  return internal::read_document<Entities>(json, limits,
                                           [&](element root, const JsonPlace& place, ProblemList& problems) {
                                             return EntitiesReader(schema, limits, problems).read(root, place);
                                           });
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
