// The types of a policy's conditions, by the rules of strict validation (Cedar reference, "Policy validation"; RFC 19).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/internal/policy_nodes.h"
#include "policy/internal/schema_index.h"
#include "policy/internal/type_problems.h"
#include "policy/internal/type_table.h"

namespace redoubt::policy::internal {

// Of which types the parts of a request are.
struct Environment {
  std::uint32_t principal = kNotDeclared;  // entity types and an action of the SchemaIndex
  std::uint32_t action = kNotDeclared;
  std::uint32_t resource = kNotDeclared;
};

// Checks one policy after the other, each in one environment after the other.
class Typechecker {
 public:
  // All must outlive this. `nodes` holds the policy that is checked.
  Typechecker(SchemaIndex& index, const PolicyNodes& nodes)
      : index_(index), types_(index.types()), nodes_(nodes), problems_(index, nodes) {}

  // Another policy was read into the nodes.
  void begin();
  // Whether the conditions can be true in the environment; not when their type is `False`. Recursion is as deep as the
  // conditions are.
  bool check(const Environment& environment);

  TypeProblems& problems() { return problems_; }
  // Checking the policy takes more time than any should: it was left off.
  bool exhausted() const { return steps_ >= kMaxSteps; }

 private:
  static constexpr std::uint64_t kMaxSteps = 100'000'000;  // nodes visited for one policy

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
  TypeProblems problems_;
  Environment environment_;
  std::vector<std::uint32_t> known_;  // by capability: how often it was learned and not yet forgotten
  std::uint64_t steps_ = 0;
};

}  // namespace redoubt::policy::internal
