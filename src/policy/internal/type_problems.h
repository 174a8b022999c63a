// What is wrong with the types in a policy, in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "policy/internal/nearest.h"
#include "policy/internal/policy_nodes.h"
#include "policy/internal/schema_index.h"
#include "policy/source.h"

namespace redoubt::policy::internal {

// Of which types the parts of a request are.
struct Environment {
  std::uint32_t principal = kNotDeclared;  // entity types and an action of the SchemaIndex
  std::uint32_t action = kNotDeclared;
  std::uint32_t resource = kNotDeclared;
};

// Keeps what is wrong at one place for one reason once, however many environments show it.
class TypeProblems {
 public:
  static constexpr std::size_t kMax = 20;  // of one policy

  // All must outlive this. Of the variables in `varying` it is said what they were, where it matters.
  TypeProblems(const SchemaIndex& index, const PolicyNodes& nodes, VariableSet varying, Suggestions& suggestions)
      : index_(index), nodes_(nodes), varying_(varying), suggestions_(suggestions) {}

  // Where what comes next was found.
  void enter(const Environment& environment) { environment_ = environment; }
  bool full() const { return problems_.size() >= kMax; }
  bool empty() const { return problems_.empty(); }
  Problems take() { return std::move(problems_); }

  // `wanted` is what could stand there: `Long`, `a set`.
  void unexpected(NodeId at, std::string_view wanted, TypeId found, std::string_view help = {});
  // In accesses of an attribute of something that has type `on`.
  void no_attribute(NodeId access, TypeId on);
  void attribute_may_be_missing(NodeId access, TypeId on);
  void no_tags(NodeId access, TypeId on);
  void tag_may_be_missing(NodeId access);
  // `what` have these types, which must agree: `the branches of if`.
  void no_common_type(NodeId at, std::string_view what, TypeId one, TypeId other);
  void empty_set(NodeId at);
  void unknown_function(NodeId call);
  void wrong_argument_count(NodeId call);
  void argument_is_no_literal(NodeId call);
  void unreadable_argument(NodeId call, std::string_view why);
  void unknown_value(NodeId at);

 private:
  // False when it was told already.
  bool is_new(NodeId at, TypeId one = kNoType, TypeId other = kNoType);
  void add(NodeId at, std::string message);
  std::string where(VariableSet dependent) const;
  std::string described(TypeId type) const;
  std::string owner(const PolicyNode& access, TypeId on) const;

  const SchemaIndex& index_;
  const PolicyNodes& nodes_;
  VariableSet varying_;
  Suggestions& suggestions_;
  Environment environment_;
  Problems problems_;
  std::unordered_set<std::uint64_t> told_;
};

}  // namespace redoubt::policy::internal
