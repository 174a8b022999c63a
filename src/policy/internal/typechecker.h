// The types of a policy's conditions, by the rules of strict validation (Cedar reference, "Policy validation"; RFC 19).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/internal/policy_nodes.h"
#include "policy/internal/schema_index.h"
#include "policy/internal/steps.h"
#include "policy/internal/type_problems.h"
#include "policy/internal/type_table.h"

namespace redoubt::policy::internal {

// Checks the conditions of one policy, in one environment after the other.
class Typechecker {
 public:
  // All must outlive this. Each node visited is a step.
  Typechecker(SchemaIndex& index, const PolicyNodes& nodes, TypeProblems& problems, Steps& steps)
      : index_(index),
        types_(index.types()),
        nodes_(nodes),
        problems_(problems),
        steps_(steps),
        known_(nodes.capability_count()) {}

  // Whether the conditions can be true in the environment: not when their type is `False`. Recursion is as deep as the
  // conditions are.
  bool check(const Environment& environment);

 private:
  using Capabilities = std::vector<std::uint32_t>;  // sorted
  struct Answer {
    TypeId type = kNoType;  // kNoType: it has none, and why was told
    Capabilities gained;    // what is known where it is true
  };

  Answer check(NodeId id);
  Answer check_and(const PolicyNode& node);
  Answer check_or(const PolicyNode& node);
  Answer check_if(NodeId id);
  Answer check_has(const PolicyNode& node);
  Answer check_has_path(const PolicyNode& node);
  Answer check_has_tag(const PolicyNode& node);
  TypeId check_other(NodeId id);
  TypeId check_variable(const PolicyNode& node) const;
  TypeId check_entity(const PolicyNode& node) const;
  TypeId check_not(const PolicyNode& node);
  TypeId check_get_attr(NodeId id);
  TypeId check_get_tag(NodeId id);
  TypeId check_is(const PolicyNode& node);
  TypeId check_is_in(const PolicyNode& node);
  TypeId check_equal(NodeId id);
  TypeId check_less(const PolicyNode& node);
  TypeId check_in(const PolicyNode& node);
  TypeId check_arithmetic(const PolicyNode& node);
  TypeId check_contains(NodeId id);
  TypeId check_contains_set(NodeId id);
  TypeId check_set(NodeId id);
  TypeId check_record(const PolicyNode& node);
  TypeId check_call(NodeId id);
  bool check_constructor(NodeId id);

  // The operand's answer or type; none where it is another than wanted, which is told.
  Answer boolean(NodeId operand);
  TypeId of_type(NodeId operand, TypeId wanted, std::string_view help = {});
  TypeId set_of(NodeId operand, std::string_view help = {});
  TypeId entity_of(NodeId operand, std::string_view help = {});
  TypeId entity_or_record_of(NodeId operand);
  TypeId ancestors_of(NodeId operand);  // an entity or a set of them: the entity's type

  Capabilities both(const Capabilities& a, const Capabilities& b);
  Capabilities common(const Capabilities& a, const Capabilities& b);
  void learn(const Capabilities& known);
  void forget(const Capabilities& known);

  TypeId type_of_has(const PolicyNode& has, TypeId on) const;
  TypeId type_of_in(NodeId left, TypeId left_type, NodeId right, TypeId right_type) const;
  bool is_action_variable(NodeId id) const;
  bool is_literal(NodeId id) const;  // or the variable `action`, which is one in each environment
  bool is_entity_literal(NodeId id) const;
  std::uint32_t action_of(NodeId id) const;  // precondition: is_literal(); kNotDeclared when it is no action

  SchemaIndex& index_;
  TypeTable& types_;
  const PolicyNodes& nodes_;
  TypeProblems& problems_;
  Steps& steps_;
  std::vector<std::uint32_t> known_;  // by capability: how often it was learned and not yet forgotten
  Environment environment_;
};

}  // namespace redoubt::policy::internal
