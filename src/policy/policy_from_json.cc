#include "policy/internal/policy_from_json.h"

#include <utility>

#include "policy/internal/expr_json.h"
#include "policy/internal/json_members.h"
#include "policy/internal/operators.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Functions report what they find wrong and go on; the caller looks at the problems in the end.
class Reader {
 public:
  Reader(const Limits& limits, ProblemList& problems) : limits_(limits), problems_(problems) {}

  void policy(Policy& out, element json, const JsonPlace& place);

 private:
  void effect(Policy& out, std::string_view text, const JsonPlace& place);
  void annotations(Policy& out, element json, const JsonPlace& place);
  // `slot` is that of this part; nothing for the action.
  void scope(Scope& out, std::optional<Slot> slot, element json, const JsonPlace& place);
  void type_scope(Scope& out, Slot slot, element json, const JsonPlace& place);
  void action_scope(Scope& out, element json, const JsonPlace& place);
  void target(Scope& out, std::optional<Slot> slot, const JsonMembers& members, const JsonPlace& place);
  void entity(Scope& out, element json, const JsonPlace& place);
  void conditions(Policy& out, const array& json, const JsonPlace& place);

  const Limits& limits_;
  ProblemList& problems_;
};

void Reader::policy(Policy& out, element json, const JsonPlace& place) {
  const JsonMembers members(json, {"effect", "principal", "action", "resource", "conditions", "annotations"}, place,
                            problems_);
  if (const auto text = members.text("effect")) effect(out, *text, JsonPlace(place, "effect"));
  if (const auto given = members.get("principal")) {
    scope(out.principal, Slot::kPrincipal, *given, JsonPlace(place, "principal"));
  }
  if (const auto given = members.get("action")) action_scope(out.action, *given, JsonPlace(place, "action"));
  if (const auto given = members.get("resource")) {
    scope(out.resource, Slot::kResource, *given, JsonPlace(place, "resource"));
  }
  if (const auto given = members.array("conditions")) conditions(out, *given, JsonPlace(place, "conditions"));
  if (const auto given = members.find("annotations")) annotations(out, *given, JsonPlace(place, "annotations"));
}

void Reader::effect(Policy& out, std::string_view text, const JsonPlace& place) {
  if (text != "permit" && text != "forbid") problems_.add(place, "expected `permit` or `forbid`");
  out.effect = text == "forbid" ? Effect::kForbid : Effect::kPermit;
}

void Reader::annotations(Policy& out, element json, const JsonPlace& place) {
  object members;
  if (json.get(members) != simdjson::SUCCESS) return problems_.add(place, "expected an object");
  for (const auto& [name, value] : members) {
    const JsonPlace here(place, name);
    std::string_view text;
    if (!is_identifier_shape(name)) problems_.add(here, shown(name) + " is no identifier");
    if (!value.is_null() && value.get(text) != simdjson::SUCCESS) problems_.add(here, "expected a string");
    out.annotations.push_back({.name = std::string(name), .value = std::string(text), .where = {}});
  }
}

void Reader::scope(Scope& out, std::optional<Slot> slot, element json, const JsonPlace& place) {
  // Which members there may be depends on "op"; a look without reports comes first.
  std::string_view op;
  if (json["op"].get(op) == simdjson::SUCCESS && op == "is" && slot) return type_scope(out, *slot, json, place);
  const bool any = op == "All" || op == "all";
  const JsonMembers members(json,
                            any ? std::initializer_list<std::string_view>{"op"}
                                : std::initializer_list<std::string_view>{"op", "entity", "slot"},
                            place, problems_);
  if (any || !members.text("op")) return;
  if (op != "==" && op != "in") {
    return problems_.add(JsonPlace(place, "op"),
                         slot ? "expected `All`, `==`, `in` or `is`" : "expected `All`, `==` or `in`");
  }
  out.kind = op == "==" ? Scope::Kind::kEqual : Scope::Kind::kIn;
  target(out, slot, members, place);
}

void Reader::type_scope(Scope& out, Slot slot, element json, const JsonPlace& place) {
  const JsonMembers members(json, {"op", "entity_type", "in"}, place, problems_);
  out.kind = Scope::Kind::kIs;
  if (const auto type = members.text("entity_type")) {
    if (!is_name(*type)) problems_.add(JsonPlace(place, "entity_type"), shown(*type) + " is no name of an entity type");
    out.type = *type;
  }
  if (const auto in = members.find("in")) {
    out.kind = Scope::Kind::kIsIn;
    const JsonPlace here(place, "in");
    target(out, slot, JsonMembers(*in, {"entity", "slot"}, here, problems_), here);
  }
}

void Reader::action_scope(Scope& out, element json, const JsonPlace& place) {
  std::string_view op;
  element listed;
  if (json["op"].get(op) == simdjson::SUCCESS && op == "in" && json["entities"].get(listed) == simdjson::SUCCESS) {
    const JsonMembers members(json, {"op", "entities"}, place, problems_);
    out.kind = Scope::Kind::kIn;
    const JsonPlace here(place, "entities");
    std::size_t index = 0;
    if (const auto entities = members.array("entities")) {
      for (const element one : *entities) entity(out, one, JsonPlace(here, index++));
    }
  } else {
    scope(out, std::nullopt, json, place);
  }
  for (const EntityUid& uid : out.entities) {
    if (uid.type == "Action" || uid.type.ends_with("::Action")) continue;
    problems_.add(place, "an action is an entity of type `Action`, in whatever namespace, not " + shown(uid.type));
  }
}

// "entity" or "slot".
void Reader::target(Scope& out, std::optional<Slot> slot, const JsonMembers& members, const JsonPlace& place) {
  if (!members.is_object()) return;
  const auto named = members.find("slot");
  if (!named) {
    if (const auto json = members.get("entity")) entity(out, *json, JsonPlace(place, "entity"));
    return;
  }
  std::string_view name;
  const bool fits = slot && named->get(name) == simdjson::SUCCESS && name == kSlots.at(static_cast<std::size_t>(*slot));
  if (!fits) {
    problems_.add(JsonPlace(place, "slot"),
                  slot ? "expected `" + std::string(kSlots.at(static_cast<std::size_t>(*slot))) + "`"
                       : "there is no slot for the action");
  }
  if (members.find("entity")) problems_.add(place, "expected an entity or a slot, not both");
  out.slot = true;
}

void Reader::entity(Scope& out, element json, const JsonPlace& place) {
  if (const auto uid = read_uid(json, place, problems_)) out.entities.push_back(*uid);
}

void Reader::conditions(Policy& out, const array& json, const JsonPlace& place) {
  std::size_t index = 0;
  for (const element one : json) {
    const JsonPlace here(place, index++);
    const JsonMembers members(one, {"kind", "body"}, here, problems_);
    Condition condition;
    if (const auto kind = members.text("kind")) {
      condition.unless = *kind == "unless";
      if (*kind != "when" && *kind != "unless") problems_.add(JsonPlace(here, "kind"), "expected `when` or `unless`");
    }
    if (const auto body = members.get("body")) {
      auto read = read_expr(*body, limits_.max_depth, JsonPlace(here, "body"), problems_);
      if (read) condition.body = std::move(*read);
    }
    out.conditions.push_back(std::move(condition));
  }
}

}  // namespace

std::optional<Policy> read_policy(element json, std::string id, const Limits& limits, const JsonPlace& place,
                                  ProblemList& problems) {
  const std::size_t before = problems.size();
  Policy out;
  out.id = std::move(id);
  Reader(limits, problems).policy(out, json, place);
  if (problems.size() != before || problems.full()) return std::nullopt;
  return out;
}

}  // namespace redoubt::policy::internal
