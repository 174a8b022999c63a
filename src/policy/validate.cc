#include "policy/validate.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "policy/internal/conformance.h"
#include "policy/internal/nearest.h"
#include "policy/internal/policy_nodes.h"
#include "policy/internal/schema_index.h"
#include "policy/internal/scope_types.h"
#include "policy/internal/shown.h"
#include "policy/internal/typechecker.h"

namespace redoubt::policy {
namespace {

using internal::ActionScope;
using internal::did_you_mean;
using internal::EntityScope;
using internal::Environment;
using internal::kNotDeclared;
using internal::NodeKind;
using internal::SchemaIndex;
using internal::shown;

class PolicyValidator {
 public:
  explicit PolicyValidator(const Schema& schema) : schema_(schema), index_(schema) {}

  void policy(const Policy& policy) {
    nodes_.read(policy);
    typechecker_.begin();
    names(policy);
    const bool applies = environments(policy);
    for (Problem& problem : typechecker_.problems().take()) problems_.push_back(std::move(problem));
    if (!applies) {
      no_action_applies(policy);
    } else if (typechecker_.exhausted()) {
      problems_.push_back({.message = "policy takes too long to check in all the types of requests that it fits",
                           .where = policy.where,
                           .limit = true});
    }
    if (problems_.empty() && !possible_) {
      warn({.message = "policy can never hold: it is false for every request that fits the schema",
            .where = policy.where,
            .policy_id = policy.id});
    }
    close(policy.id);
  }

  // Its template was checked for all that its slots can be.
  void link(const Link& link, const Policy& policy) {
    for (const auto& [slot, uid] : link.values) known_type(uid.type, policy.where);
    const auto value = [&](Slot slot) {
      const auto found = link.values.find(slot);
      return found == link.values.end() ? nullptr : &found->second;
    };
    const EntityScope principal(index_, policy.principal, value(Slot::kPrincipal));
    const EntityScope resource(index_, policy.resource, value(Slot::kResource));
    const ActionScope action(index_, policy.action);
    const bool applies = std::ranges::any_of(index_.actions(), [&](const SchemaIndex::ActionInfo& info) {
      return action.admits(number_of(info)) && admits_one(principal, info.principals) &&
             admits_one(resource, info.resources);
    });
    if (!applies) no_action_applies(policy);
    close(link.id);
  }

  Validation take() { return std::move(validation_); }

 private:
  // Entity types and actions that there are, wherever they are mentioned.

  void known_type(const std::string& type, Span where) {
    if (internal::is_action_type(type) || index_.entity_type(type) != kNotDeclared) return;
    std::vector<std::string_view> types;
    for (const auto& [name, declared] : schema_.entity_types()) types.push_back(name);
    problems_.push_back({.message = "unknown entity type " + shown(type) + did_you_mean(type, types), .where = where});
  }

  void known_entity(const std::string& type, const std::string& id, Span where) {
    known_type(type, where);
    if (internal::is_action_type(type)) {
      if (index_.action(type, id) != kNotDeclared) return;
      std::vector<std::string> actions;
      for (const auto& [uid, declared] : schema_.actions()) actions.push_back(to_string(uid));
      const std::string uid = to_string(EntityUid{type, id});
      problems_.push_back({.message = "unknown action " + shown(uid) + did_you_mean(uid, actions), .where = where});
      return;
    }
    const EntityType* declared = schema_.entity_type(type);
    if (declared == nullptr || declared->enumerated.empty() || declared->enumerated.contains(id)) return;
    problems_.push_back({.message = "entity type " + shown(type) + " has no entity " + shown(policy::quoted(id)) +
                                    did_you_mean(id, declared->enumerated),
                         .where = where});
  }

  // The list of actions is a set like others: it has elements, and they are of one type.
  void action_list(const Scope& scope) {
    if (!scope.list) return;
    if (scope.entities.empty()) {
      problems_.push_back({.message = "the list of actions is empty, so the policy never holds", .where = scope.where});
      return;
    }
    const std::string& type = scope.entities.front().type;
    const auto other = std::ranges::find_if(scope.entities, [&](const EntityUid& uid) { return uid.type != type; });
    if (other == scope.entities.end()) return;
    problems_.push_back(
        {.message = "actions in one list must have one type, found " + shown(type) + " and " + shown(other->type),
         .where = scope.where});
  }

  void names(const Policy& policy) {
    action_list(policy.action);
    for (const Scope* scope : {&policy.principal, &policy.action, &policy.resource}) {
      if (scope->kind == Scope::Kind::kIs || scope->kind == Scope::Kind::kIsIn) known_type(scope->type, scope->where);
      for (const EntityUid& uid : scope->entities) known_entity(uid.type, uid.id, scope->where);
    }
    for (const internal::PolicyNode& node : nodes_.all()) {
      if (node.kind == NodeKind::kEntity) known_entity(node.from->name, node.from->text, node.from->where);
      if (node.kind == NodeKind::kIs) known_type(node.from->name, node.from->where);
    }
  }

  // Environments

  std::uint32_t number_of(const SchemaIndex::ActionInfo& info) const {
    return static_cast<std::uint32_t>(&info - index_.actions().data());
  }

  static bool admits_one(const EntityScope& scope, const std::vector<std::uint32_t>& types) {
    return std::ranges::any_of(types, [&](std::uint32_t type) { return scope.admits(type); });
  }

  // Those of `types` that the scope admits; only one when conditions do not look at the variable.
  std::vector<std::uint32_t> admitted(const EntityScope& scope, const std::vector<std::uint32_t>& types,
                                      Variable variable) const {
    std::vector<std::uint32_t> admitted;
    for (const std::uint32_t type : types) {
      if (!scope.admits(type)) continue;
      admitted.push_back(type);
      if (!nodes_.mentions(variable)) break;
    }
    return admitted;
  }

  // Checks the conditions for every kind of request that the scope admits. False when there is none.
  bool environments(const Policy& policy) {
    const EntityScope principal(index_, policy.principal);
    const EntityScope resource(index_, policy.resource);
    const ActionScope action(index_, policy.action);
    checked_.clear();
    possible_ = false;
    bool applies = false;
    for (const SchemaIndex::ActionInfo& info : index_.actions()) {
      if (!action.admits(number_of(info))) continue;
      const auto principals = admitted(principal, info.principals, Variable::kPrincipal);
      const auto resources = admitted(resource, info.resources, Variable::kResource);
      if (principals.empty() || resources.empty()) continue;
      applies = true;
      for (const std::uint32_t principal_type : principals) {
        for (const std::uint32_t resource_type : resources) {
          if (typechecker_.exhausted() || typechecker_.problems().full()) return true;
          check({principal_type, number_of(info), resource_type});
        }
      }
    }
    return applies;
  }

  // Environments that are alike for the conditions are checked once.
  void check(const Environment& environment) {
    std::uint32_t action = 0;
    if (nodes_.mentions(Variable::kAction)) {
      action = environment.action;
    } else if (nodes_.mentions(Variable::kContext)) {
      action = index_.actions()[environment.action].context;
    }
    const std::array key{nodes_.mentions(Variable::kPrincipal) ? environment.principal : 0, action,
                         nodes_.mentions(Variable::kResource) ? environment.resource : 0};
    if (!checked_.insert(key).second) return;
    if (typechecker_.check(environment)) possible_ = true;
  }

  void no_action_applies(const Policy& policy) {
    problems_.push_back({.message = "the scope fits no action of the schema", .where = policy.where});
  }

  void warn(Problem problem) { validation_.warnings.push_back(std::move(problem)); }

  void close(const std::string& policy_id) {
    std::ranges::stable_sort(problems_, {}, [](const Problem& problem) { return problem.where.begin; });
    for (Problem& problem : problems_) {
      problem.policy_id = policy_id;
      validation_.errors.push_back(std::move(problem));
    }
    problems_.clear();
  }

  const Schema& schema_;
  SchemaIndex index_;
  internal::PolicyNodes nodes_{index_};
  internal::Typechecker typechecker_{index_, nodes_};
  std::set<std::array<std::uint32_t, 3>> checked_;
  bool possible_ = false;
  Problems problems_;  // of the policy that is looked at
  Validation validation_;
};

}  // namespace

Validation validate(const PolicySet& policies, const Schema& schema) {
  PolicyValidator validator(schema);
  for (const Policy& policy : policies.policies()) validator.policy(policy);
  for (const Link& link : policies.links()) validator.link(link, *policies.find(link.template_id));
  return validator.take();
}

}  // namespace redoubt::policy
