// Expressions evaluated as far as a request is known, for partial evaluation.
#pragma once

#include <optional>
#include <span>
#include <unordered_set>
#include <variant>
#include <vector>

#include "policy/authorizer.h"
#include "policy/internal/functions.h"
#include "policy/internal/subject.h"
#include "policy/limits.h"

namespace redoubt::policy::internal {

// What is left of an expression that is not known: one that is the same to every request that agrees with what is
// known.
struct Open {
  Expr expression;
  // The kind of its values, when it has one whatever the unknown is: such an expression never errs.
  std::optional<ValueKind> kind;
};

// Known, erring for certain, or open.
using Reduced = std::variant<Value, EvalError, Open>;

// What stands for `original` in what is left of an expression: its value, unless that is large, or a call of `error`.
Expr rest_of(Reduced reduced, const Expr& original);

class Reducer {
 public:
  // Both outlive it.
  Reducer(const PartialRequest& request, const Store& store);

  // What a condition's body comes to; anything but a boolean is an error, now or when what is left is tested.
  // Recursion is as deep as the expression and the values in it. Precondition: the expression compiles.
  Reduced reduce_condition(const Expr& body);
  // The same of what a scope, which has no slot, says of a part of the request: a boolean, or what is left of it.
  std::variant<bool, Scope> reduce_scope(const Scope& scope, Variable part) const;

 private:
  // `tested`: what surrounds the expression makes an error of anything but a boolean.
  Reduced reduce(const Expr& e, bool tested);
  Reduced logic(const Expr& e, bool tested);
  Reduced logic_with(const Expr& e, Open left, bool tested);
  Reduced conditional(const Expr& e, bool tested);
  Reduced is(const Expr& e);
  Reduced is_in(const Expr& e, Reduced of);
  Reduced strict(const Expr& e);
  // Of an operation, given without operands, that errs if one of them does. The operands were `originals`.
  Reduced combine(Expr operation, std::span<const Expr> originals, std::vector<Reduced> operands);

  const PartialRequest::Part& part(Variable variable) const;
  bool is_unknown(Variable variable) const;
  // Notes which expressions have unknowns in them.
  bool find_unknown(const Expr& e);
  Reduced evaluate(const Expr& e) const;
  // The entity type of what is known or, by the request, of a known type; null otherwise.
  const std::string* entity_type(const Reduced& reduced) const;
  bool certainly_differ(const Reduced& a, const Reduced& b) const;
  const PartialRequest& partial_;
  const Store& store_;
  Request request_;  // with nothing in place of the unknown
  Subjects subjects_;
  std::unordered_set<const Expr*> unknown_;
};

}  // namespace redoubt::policy::internal
