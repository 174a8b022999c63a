#include "policy/policy_json.h"

#include <algorithm>

#include "encoding/json_writer.h"
#include "policy/internal/expr_json.h"
#include "policy/internal/json_document.h"
#include "policy/internal/json_members.h"
#include "policy/internal/operators.h"
#include "policy/internal/policy_from_json.h"
#include "policy/internal/shown.h"

namespace redoubt::policy {
namespace {

using encoding::JsonWriter;
using internal::JsonMembers;
using internal::JsonPlace;
using internal::ProblemList;
using internal::shown;
using simdjson::dom::element;
using simdjson::dom::object;

// An expression has two objects or arrays inside each other for each of its levels; around it stand the condition, the
// policy and the set.
Limits json_limits(const Limits& limits) {
  Limits out = limits;
  out.max_depth = 2 * std::min<std::size_t>(limits.max_depth, 500) + 8;
  return out;
}

class SetReader {
 public:
  SetReader(const Limits& limits, ProblemList& problems) : limits_(limits), problems_(problems) {}

  PolicySet read(element json, const JsonPlace& root);

 private:
  void policies(element json, bool templates, const JsonPlace& place);
  void links(const simdjson::dom::array& json, const JsonPlace& place);
  void link(element json, const JsonPlace& place);
  bool within_limit(std::size_t more, const JsonPlace& place);

  const Limits& limits_;
  ProblemList& problems_;
  PolicySet set_;
};

PolicySet SetReader::read(element json, const JsonPlace& root) {
  const JsonMembers members(json, {"staticPolicies", "templates", "templateLinks"}, root, problems_);
  for (const auto& [name, templates] : {std::pair("staticPolicies", false), std::pair("templates", true)}) {
    if (const auto given = members.find(name)) policies(*given, templates, JsonPlace(root, name));
  }
  if (members.find("templateLinks")) {
    if (const auto given = members.array("templateLinks")) links(*given, JsonPlace(root, "templateLinks"));
  }
  return std::move(set_);
}

bool SetReader::within_limit(std::size_t more, const JsonPlace& place) {
  if (set_.policies().size() + set_.links().size() + more <= limits_.max_policies) return true;
  problems_.add(place, "more than " + std::to_string(limits_.max_policies) + " policies", true);
  return false;
}

void SetReader::policies(element json, bool templates, const JsonPlace& place) {
  object members;
  if (json.get(members) != simdjson::SUCCESS) return problems_.add(place, "expected an object");
  for (const auto& [id, given] : members) {
    const JsonPlace here(place, id);
    if (problems_.full() || !within_limit(1, here)) return;
    auto policy = internal::read_policy(given, std::string(id), limits_, here, problems_);
    if (!policy) continue;
    if (policy->is_template() != templates) {
      problems_.add(here, templates ? "template has no slot" : "static policy has a slot");
      continue;
    }
    if (const auto added = set_.add(std::move(*policy)); !added) problems_.add(here, added.error().message());
  }
}

void SetReader::links(const simdjson::dom::array& json, const JsonPlace& place) {
  std::size_t index = 0;
  for (const element one : json) {
    const JsonPlace here(place, index++);
    if (problems_.full() || !within_limit(1, here)) return;
    link(one, here);
  }
}

void SetReader::link(element json, const JsonPlace& place) {
  const std::size_t before = problems_.size();
  const JsonMembers members(json, {"templateId", "newId", "values"}, place, problems_);
  const auto template_id = members.text("templateId");
  const auto id = members.text("newId");
  const auto given = members.get("values");
  if (!template_id || !id || !given) return;
  Link out{std::string(*id), std::string(*template_id), {}};
  const JsonPlace values_place(place, "values");
  const JsonMembers values(*given, {internal::kSlots[0], internal::kSlots[1]}, values_place, problems_);
  for (const Slot slot : {Slot::kPrincipal, Slot::kResource}) {
    const std::string_view name = internal::kSlots.at(static_cast<std::size_t>(slot));
    if (const auto value = values.find(name)) {
      const auto uid = internal::read_uid(*value, JsonPlace(values_place, name), problems_);
      if (uid) out.values.emplace(slot, *uid);
    }
  }
  if (problems_.size() != before) return;
  if (const auto linked = set_.link(std::move(out)); !linked) problems_.add(place, linked.error().message());
}

void write_target(JsonWriter& json, const Scope& scope, std::string_view slot) {
  if (scope.slot) {
    json.member("slot", slot);
  } else if (scope.entities.size() == 1) {
    json.key("entity");
    internal::write_uid(json, scope.entities[0]);
  } else {
    json.key("entities");
    json.begin_array();
    for (const EntityUid& uid : scope.entities) internal::write_uid(json, uid);
    json.end_array();
  }
}

void write_scope(JsonWriter& json, const Scope& scope, std::string_view slot) {
  using Kind = Scope::Kind;
  json.begin_object();
  switch (scope.kind) {
    case Kind::kAny:
      json.member("op", "All");
      break;
    case Kind::kEqual:
    case Kind::kIn:
      json.member("op", scope.kind == Kind::kEqual ? "==" : "in");
      write_target(json, scope, slot);
      break;
    case Kind::kIs:
    case Kind::kIsIn:
      json.member("op", "is");
      json.member("entity_type", scope.type);
      if (scope.kind == Kind::kIs) break;
      json.key("in");
      json.begin_object();
      write_target(json, scope, slot);
      json.end_object();
      break;
  }
  json.end_object();
}

void write_policy(JsonWriter& json, const Policy& policy) {
  json.begin_object();
  json.member("effect", policy.effect == Effect::kPermit ? "permit" : "forbid");
  json.key("principal");
  write_scope(json, policy.principal, internal::kSlots[0]);
  json.key("action");
  write_scope(json, policy.action, "");
  json.key("resource");
  write_scope(json, policy.resource, internal::kSlots[1]);
  json.key("conditions");
  json.begin_array();
  for (const Condition& condition : policy.conditions) {
    json.begin_object();
    json.member("kind", condition.unless ? "unless" : "when");
    json.key("body");
    internal::write_expr(json, condition.body);
    json.end_object();
  }
  json.end_array();
  if (!policy.annotations.empty()) {
    json.key("annotations");
    json.begin_object();
    for (const Annotation& annotation : policy.annotations) json.member(annotation.name, annotation.value);
    json.end_object();
  }
  json.end_object();
}

void write_policies(JsonWriter& json, std::string_view name, const PolicySet& policies, bool templates) {
  json.key(name);
  json.begin_object();
  for (const Policy& policy : policies.policies()) {
    if (policy.is_template() != templates) continue;
    json.key(policy.id);
    write_policy(json, policy);
  }
  json.end_object();
}

void write_link(JsonWriter& json, const Link& link) {
  json.begin_object();
  json.member("templateId", link.template_id);
  json.member("newId", link.id);
  json.key("values");
  json.begin_object();
  for (const auto& [slot, uid] : link.values) {
    json.key(internal::kSlots.at(static_cast<std::size_t>(slot)));
    internal::write_uid(json, uid);
  }
  json.end_object();
  json.end_object();
}

}  // namespace

Checked<PolicySet> parse_policy_set_json(std::string_view json, const Limits& limits) {
  return internal::read_document<PolicySet>(json, json_limits(limits),
                                            [&](element root, const JsonPlace& place, ProblemList& problems) {
                                              return std::optional(SetReader(limits, problems).read(root, place));
                                            });
}

Checked<Policy> parse_policy_json(std::string_view json, std::string id, const Limits& limits) {
  return internal::read_document<Policy>(json, json_limits(limits),
                                         [&](element root, const JsonPlace& place, ProblemList& problems) {
                                           return internal::read_policy(root, std::move(id), limits, place, problems);
                                         });
}

std::string to_json(const PolicySet& policies) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_policies(json, "templates", policies, true);
  write_policies(json, "staticPolicies", policies, false);
  json.key("templateLinks");
  json.begin_array();
  for (const Link& link : policies.links()) write_link(json, link);
  json.end_array();
  json.end_object();
  return out;
}

std::string to_json(const Policy& policy) {
  std::string out;
  JsonWriter json(out);
  write_policy(json, policy);
  return out;
}

std::string to_json(const Expr& expression) {
  std::string out;
  JsonWriter json(out);
  internal::write_expr(json, expression);
  return out;
}

}  // namespace redoubt::policy
