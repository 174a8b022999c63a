#include "policy/validate.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "policy/internal/conformance.h"
#include "policy/internal/confusable.h"
#include "policy/internal/nearest.h"
#include "policy/internal/policy_nodes.h"
#include "policy/internal/schema_index.h"
#include "policy/internal/scope_types.h"
#include "policy/internal/shown.h"
#include "policy/internal/steps.h"
#include "policy/internal/type_problems.h"
#include "policy/internal/typechecker.h"

namespace redoubt::policy {
namespace {

using internal::kNotDeclared;
using internal::NodeKind;
using internal::PolicyNodes;
using internal::SchemaIndex;
using internal::ScopeTypes;
using internal::shown;
using internal::Steps;
using internal::Typechecker;
using internal::TypeProblems;
using internal::VariableSet;

// Beyond so many only one for each policy is kept.
constexpr std::size_t kManyProblems = 1'000;

class PolicyValidator {
 public:
  PolicyValidator(const PolicySet& policies, const Schema& schema, const Limits& limits)
      : policies_(policies), schema_(schema), index_(schema), steps_(limits.max_validation_steps) {}

  Validation validate() && {
    for (const Policy& policy : policies_.policies()) {
      if (!steps_.spent()) check(policy);
    }
    for (const Link& link : policies_.links()) {
      if (!steps_.spent()) check(link, *policies_.find(link.template_id));
    }
    return std::move(validation_);
  }

 private:
  void check(const Policy& policy) {
    const PolicyNodes nodes(index_, policy);
    check_names(policy);
    const bool scope_is_known = errors_.empty();
    check_names(nodes);
    const ScopeTypes scope(index_, policy, steps_);
    const auto requests = scope.requests(nodes.mentions(Variable::kPrincipal), nodes.mentions(Variable::kResource));
    if (requests.empty()) {
      if (scope_is_known) error(scope.why_none(), policy.where);
    } else if (!check_types(nodes, requests) && errors_.empty() && !steps_.spent()) {
      warn("the policy never holds: it is false for every request of the schema", policy.where);
    }
    check_look(policy, nodes);
    close(policy.id, policy.where);
  }

  // Its template was checked for all that its slots can be.
  void check(const Link& link, const Policy& policy) {
    for (const auto& [slot, uid] : link.values) check_type_name(uid.type, policy.where);
    const ScopeTypes scope(index_, policy, steps_, &link);
    if (errors_.empty() && scope.requests(false, false).empty()) error(scope.why_none(), policy.where);
    close(link.id, policy.where);
  }

  // Names: of types and actions that there are, even where nothing is checked.

  void check_type_name(const std::string& type, Span where) {
    if (internal::is_action_type(type) || index_.entity_type(type) != kNotDeclared) return;
    error("unknown entity type " + shown(type) +
              suggestions_.did_you_mean(type, std::views::keys(schema_.entity_types())),
          where);
  }

  void check_action(const EntityUid& uid, Span where) {
    if (index_.action(uid.type, uid.id) != kNotDeclared) return;
    if (action_names_.empty()) {
      for (const auto& [action, declared] : schema_.actions()) action_names_.push_back(to_string(action));
    }
    const std::string name = to_string(uid);
    error("unknown action " + shown(name) + suggestions_.did_you_mean(name, action_names_), where);
  }

  void check_entity(const EntityUid& uid, Span where) {
    if (internal::is_action_type(uid.type)) return check_action(uid, where);
    check_type_name(uid.type, where);
    const EntityType* type = schema_.entity_type(uid.type);
    if (type == nullptr || type->enumerated.empty() || type->enumerated.contains(uid.id)) return;
    error(shown(to_string(uid)) + " is not one of the entities that the schema enumerates" +
              suggestions_.did_you_mean(uid.id, type->enumerated),
          where);
  }

  // A list of actions is a set like others: it has elements, and they are of one type.
  void check_list(const Scope& action) {
    if (action.kind != Scope::Kind::kIn) return;
    if (action.entities.empty()) return error("the list of actions is empty", action.where);
    const std::string& type = action.entities.front().type;
    const auto other = std::ranges::find_if(action.entities, [&](const EntityUid& uid) { return uid.type != type; });
    if (other == action.entities.end()) return;
    error("the actions of a list must have one type, found " + shown(type) + " and " + shown(other->type),
          action.where);
  }

  void check_names(const Policy& policy) {
    check_list(policy.action);
    for (const Scope* scope : {&policy.principal, &policy.action, &policy.resource}) {
      if (scope->kind == Scope::Kind::kIs || scope->kind == Scope::Kind::kIsIn) {
        check_type_name(scope->type, scope->where);
      }
      for (const EntityUid& uid : scope->entities) check_entity(uid, scope->where);
    }
  }

  void check_names(const PolicyNodes& nodes) {
    for (const internal::PolicyNode& node : nodes.all()) {
      if (full()) return;
      if (node.kind == NodeKind::kEntity) check_entity({node.from->name, node.from->text}, node.from->where);
      if (node.kind == NodeKind::kIs) check_type_name(node.from->name, node.from->where);
    }
  }

  // Text that may look like other text.

  void check_identifier(std::string_view text, Span where) {
    if (auto why = internal::confusable_identifier(text)) warn(std::move(*why), where);
  }

  void check_string(std::string_view text, Span where) {
    if (auto why = internal::confusable_string(text)) warn(std::move(*why), where);
  }

  static std::string text_of(const Pattern& pattern) {
    std::string text;
    for (const Pattern::Part& part : pattern.parts) text += part.star ? "*" : part.literal;
    return text;
  }

  void check_look(const Policy& policy, const PolicyNodes& nodes) {
    for (const Scope* scope : {&policy.principal, &policy.action, &policy.resource}) {
      for (const EntityUid& uid : scope->entities) check_identifier(uid.id, scope->where);
    }
    for (const internal::PolicyNode& node : nodes.all()) {
      const Expr& from = *node.from;
      if (node.kind == NodeKind::kString) check_string(from.text, from.where);
      if (node.kind == NodeKind::kEntity || from.kind == ExprKind::kGetAttr) check_identifier(from.text, from.where);
      if (node.kind == NodeKind::kHas) check_identifier(index_.names().text(node.value), from.where);
      if (node.kind == NodeKind::kLike) check_string(text_of(*from.pattern), from.where);
      if (node.kind == NodeKind::kRecord) {
        for (const std::string& name : from.path) check_identifier(name, from.where);
      }
    }
  }

  // Types

  // Checks the conditions for every kind of request. False when they hold for none.
  bool check_types(const PolicyNodes& nodes, const std::vector<ScopeTypes::Requests>& all) {
    TypeProblems problems(index_, nodes, varying(all), suggestions_);
    Typechecker typechecker(index_, nodes, problems, steps_);
    // By what the conditions can see of them.
    std::set<std::array<std::uint32_t, 3>> seen;
    bool possible = false;
    for (const ScopeTypes::Requests& requests : all) {
      std::uint32_t action = 0;
      if (nodes.mentions(Variable::kContext)) action = index_.actions()[requests.action].context;
      if (nodes.mentions(Variable::kAction)) action = requests.action;
      for (const std::uint32_t principal : requests.principals) {
        for (const std::uint32_t resource : requests.resources) {
          if (steps_.spent() || problems.full()) break;
          if (!seen.insert({nodes.mentions(Variable::kPrincipal) ? principal : 0, action,
                            nodes.mentions(Variable::kResource) ? resource : 0})
                   .second) {
            continue;
          }
          if (typechecker.check({principal, requests.action, resource})) possible = true;
        }
      }
    }
    for (Problem& problem : problems.take()) errors_.push_back(std::move(problem));
    return possible;
  }

  static VariableSet varying(const std::vector<ScopeTypes::Requests>& all) {
    std::set<std::uint32_t> principals;
    std::set<std::uint32_t> resources;
    for (const ScopeTypes::Requests& requests : all) {
      principals.insert(requests.principals.begin(), requests.principals.end());
      resources.insert(requests.resources.begin(), requests.resources.end());
    }
    VariableSet varying;
    varying[static_cast<std::size_t>(Variable::kPrincipal)] = principals.size() > 1;
    varying[static_cast<std::size_t>(Variable::kAction)] = all.size() > 1;
    varying[static_cast<std::size_t>(Variable::kResource)] = resources.size() > 1;
    return varying;
  }

  // What was found

  bool full() const { return errors_.size() >= TypeProblems::kMax; }

  void error(std::string message, Span where) {
    if (!full()) errors_.push_back({.message = std::move(message), .where = where});
  }

  void warn(std::string message, Span where) {
    if (warnings_.size() < TypeProblems::kMax) warnings_.push_back({.message = std::move(message), .where = where});
  }

  // Adds what was found to that of the policies before.
  static void add(Problems& found, const std::string& policy_id, Problems& all) {
    std::ranges::sort(found, [](const Problem& a, const Problem& b) {
      return std::tie(a.where.begin, a.message) < std::tie(b.where.begin, b.message);
    });
    for (Problem& problem : found) {
      problem.policy_id = policy_id;
      all.push_back(std::move(problem));
      if (all.size() > kManyProblems) break;
    }
    found.clear();
  }

  void close(const std::string& policy_id, Span where) {
    if (steps_.spent()) {
      errors_.push_back({.message = "checking takes too long: there are too many kinds of requests in the schema",
                         .where = where,
                         .limit = true});
    }
    add(errors_, policy_id, validation_.errors);
    add(warnings_, policy_id, validation_.warnings);
  }

  const PolicySet& policies_;
  const Schema& schema_;
  SchemaIndex index_;
  Steps steps_;
  internal::Suggestions suggestions_;
  std::vector<std::string> action_names_;  // made when a suggestion is looked for
  Problems errors_;                        // of the policy that is looked at
  Problems warnings_;                      // likewise
  Validation validation_;
};

}  // namespace

Validation validate(const PolicySet& policies, const Schema& schema, const Limits& limits) {
  return PolicyValidator(policies, schema, limits).validate();
}

}  // namespace redoubt::policy
