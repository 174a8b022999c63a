#include "policy/internal/reduction.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "policy/internal/evaluator.h"
#include "policy/internal/literal.h"

namespace redoubt::policy::internal {
namespace {

const Value* value_of(const Reduced& reduced) {
  return std::get_if<Value>(&reduced);
}

// The kind of its value, when it has one for certain.
std::optional<ValueKind> kind(const Reduced& reduced) {
  if (const Value* value = value_of(reduced)) return value->kind();
  if (const Open* open = std::get_if<Open>(&reduced)) return open->kind;
  return std::nullopt;
}

// A boolean as it is, any other value as the error that it is to who tests it.
Reduced tested_value(Reduced reduced) {
  const Value* value = value_of(reduced);
  if (value != nullptr && value->kind() != ValueKind::kBool) return EvalError::kType;
  return reduced;
}

// `e` without its operands.
Expr shell(const Expr& e) {
  Expr made;
  made.kind = e.kind;
  made.where = e.where;
  made.number = e.number;
  made.text = e.text;
  made.name = e.name;
  made.path = e.path;
  made.pattern = e.pattern;
  return made;
}

bool is_set_of_entities(const Reduced& reduced) {
  const Value* value = value_of(reduced);
  if (value == nullptr || value->kind() != ValueKind::kSet) return false;
  const auto elements = value->set().elements();
  return std::all_of(elements.begin(), elements.end(),
                     [](const Value& element) { return element.kind() == ValueKind::kEntity; });
}

bool is_in_sure(const Reduced& of, const Reduced& where) {
  return kind(of) == ValueKind::kEntity && (kind(where) == ValueKind::kEntity || is_set_of_entities(where));
}

// Whether the operation has a value whatever its operands' are. Of booleans only; sets and records are made of
// anything.
bool is_sure(const Expr& operation, std::span<const Reduced> operands) {
  const auto are = [&](auto... kinds) {
    std::size_t at = 0;
    return ((kind(operands[at++]) == kinds) && ...);
  };
  switch (operation.kind) {
    case ExprKind::kEqual:
    case ExprKind::kNotEqual:
      return kind(operands[0]) && kind(operands[1]);
    case ExprKind::kNot:
      return are(ValueKind::kBool);
    case ExprKind::kIs:
      return are(ValueKind::kEntity);
    case ExprKind::kHas:
      return operation.path.size() == 1 && (are(ValueKind::kEntity) || are(ValueKind::kRecord));
    case ExprKind::kIsEmpty:
      return are(ValueKind::kSet);
    case ExprKind::kIn:
      return is_in_sure(operands[0], operands[1]);
    case ExprKind::kContains:
      return are(ValueKind::kSet) && kind(operands[1]);
    case ExprKind::kContainsAll:
    case ExprKind::kContainsAny:
      return are(ValueKind::kSet, ValueKind::kSet);
    case ExprKind::kHasTag:
      return are(ValueKind::kEntity, ValueKind::kString);
    default:
      return false;
  }
}

// The kind of the operation's value, when it has one for certain.
std::optional<ValueKind> kind_of(const Expr& operation, std::span<const Reduced> operands) {
  if (operation.kind == ExprKind::kSet || operation.kind == ExprKind::kRecord) {
    if (!std::all_of(operands.begin(), operands.end(), [](const Reduced& one) { return kind(one).has_value(); })) {
      return std::nullopt;
    }
    return operation.kind == ExprKind::kSet ? ValueKind::kSet : ValueKind::kRecord;
  }
  return is_sure(operation, operands) ? std::optional(ValueKind::kBool) : std::nullopt;
}

}  // namespace

Expr rest_of(Reduced reduced, const Expr& original) {
  if (Open* open = std::get_if<Open>(&reduced)) return std::move(open->expression);
  if (const Value* value = value_of(reduced)) return has_small_literal(*value) ? literal(*value) : original;
  Expr error;
  error.kind = ExprKind::kCall;
  error.name = "error";
  return error;
}

Reducer::Reducer(const PartialRequest& request, const Store& store)
    : partial_(request),
      store_(store),
      request_{request.principal.uid.value_or(EntityUid()), request.action.uid.value_or(EntityUid()),
               request.resource.uid.value_or(EntityUid()), request.context.value_or(Record())},
      subjects_(look_up(store, request_)) {}

const PartialRequest::Part& Reducer::part(Variable variable) const {
  if (variable == Variable::kPrincipal) return partial_.principal;
  return variable == Variable::kAction ? partial_.action : partial_.resource;
}

bool Reducer::is_unknown(Variable variable) const {
  return variable == Variable::kContext ? !partial_.context : !part(variable).uid;
}

std::variant<bool, Scope> Reducer::reduce_scope(const Scope& scope, Variable variable) const {
  using Kind = Scope::Kind;
  const PartialRequest::Part& known = part(variable);
  if (known.uid) return fits(scope, subjects_[static_cast<std::size_t>(variable)], store_);
  if (scope.kind == Kind::kAny) return true;
  if (scope.kind == Kind::kIn && scope.entities.empty()) return false;
  if (!known.type) return scope;
  switch (scope.kind) {
    case Kind::kIs:
      return scope.type == *known.type;
    case Kind::kIsIn: {
      if (scope.type != *known.type) return false;
      Scope rest = scope;
      rest.kind = Kind::kIn;
      rest.type.clear();
      return rest;
    }
    case Kind::kEqual:
      if (scope.entities.front().type != *known.type) return false;
      return scope;
    default:
      return scope;
  }
}

Reduced Reducer::reduce_condition(const Expr& body) {
  unknown_.clear();
  find_unknown(body);
  return tested_value(reduce(body, true));
}

bool Reducer::find_unknown(const Expr& e) {
  bool found = e.kind == ExprKind::kVariable && is_unknown(static_cast<Variable>(e.number));
  for (const Expr& child : e.children) found = find_unknown(child) || found;
  if (found) unknown_.insert(&e);
  return found;
}

Reduced Reducer::evaluate(const Expr& e) const {
  // Literals of values may make it deeper than policies are.
  Limits limits;
  limits.max_depth = std::numeric_limits<std::size_t>::max();
  Program program;
  const auto node = Compiler(program, limits).compile(e);
  Evaluator evaluator(program, store_, request_, subjects_);
  const Operand result = evaluator.evaluate(*node);  // INVARIANT: it compiles; see reduce_condition()
  if (result.failed()) return result.error();
  return result.value();
}

Reduced Reducer::reduce(const Expr& e, bool tested) {
  if (!unknown_.contains(&e)) return evaluate(e);
  switch (e.kind) {
    case ExprKind::kVariable:
      return Open{e, e.number == static_cast<int>(Variable::kContext) ? ValueKind::kRecord : ValueKind::kEntity};
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return logic(e, tested);
    case ExprKind::kIf:
      return conditional(e, tested);
    case ExprKind::kIs:
      return is(e);
    default:
      return strict(e);
  }
}

Reduced Reducer::logic(const Expr& e, bool tested) {
  const bool decides = e.kind == ExprKind::kOr;  // the value of the left that makes the right not matter
  Reduced left = tested_value(reduce(e.children[0], true));
  if (Open* open = std::get_if<Open>(&left)) return logic_with(e, std::move(*open), tested);
  const Value* known = value_of(left);
  if (known == nullptr || known->boolean() == decides) return left;
  Reduced right = tested_value(reduce(e.children[1], true));
  const bool left_matters = std::holds_alternative<Open>(right) && kind(right) != ValueKind::kBool && !tested;
  if (!left_matters) return right;
  // It says that what is on the right must be a boolean.
  Expr rest = shell(e);
  rest.children.push_back(literal(Value(!decides)));
  rest.children.push_back(std::get<Open>(std::move(right)).expression);
  return Open{std::move(rest), std::nullopt};
}

Reduced Reducer::logic_with(const Expr& e, Open left, bool tested) {
  const bool decides = e.kind == ExprKind::kOr;
  const bool left_is_boolean = left.kind == ValueKind::kBool;
  Reduced right = tested_value(reduce(e.children[1], true));
  if (const Value* known = value_of(right)) {
    if (known->boolean() == decides && left_is_boolean) return right;
    if (known->boolean() != decides && (left_is_boolean || tested)) return left;
  }
  const bool is_boolean = left_is_boolean && kind(right) == ValueKind::kBool;
  Expr rest = shell(e);
  rest.children.push_back(std::move(left.expression));
  rest.children.push_back(rest_of(std::move(right), e.children[1]));
  return Open{std::move(rest), is_boolean ? std::optional(ValueKind::kBool) : std::nullopt};
}

Reduced Reducer::conditional(const Expr& e, bool tested) {
  Reduced condition = tested_value(reduce(e.children[0], true));
  if (const Value* known = value_of(condition)) return reduce(e.children[known->boolean() ? 1 : 2], tested);
  if (std::holds_alternative<EvalError>(condition)) return condition;
  Reduced yes = reduce(e.children[1], tested);
  Reduced no = reduce(e.children[2], tested);
  const bool is_sure = kind(condition) == ValueKind::kBool && kind(yes) == kind(no);
  const std::optional<ValueKind> both = is_sure ? kind(yes) : std::nullopt;
  Expr rest = shell(e);
  rest.children.push_back(rest_of(std::move(condition), e.children[0]));
  rest.children.push_back(rest_of(std::move(yes), e.children[1]));
  rest.children.push_back(rest_of(std::move(no), e.children[2]));
  return Open{std::move(rest), both};
}

Reduced Reducer::is(const Expr& e) {
  Reduced of = reduce(e.children[0], false);
  if (std::holds_alternative<EvalError>(of)) return of;
  const std::string* type = entity_type(of);
  if (type == nullptr && value_of(of) != nullptr) return EvalError::kType;
  if (type != nullptr && *type != e.name) return Value(false);
  if (e.children.size() == 2) return is_in(e, std::move(of));
  if (type != nullptr) return Value(true);
  std::vector<Reduced> operands;
  operands.push_back(std::move(of));
  return combine(shell(e), e.children, std::move(operands));
}

// `a is T in b`, which is `a is T && a in b`, unless `a` is known to be of another type.
Reduced Reducer::is_in(const Expr& e, Reduced of) {
  Reduced where = reduce(e.children[1], false);
  Expr rest = shell(e);
  if (entity_type(of) != nullptr) {
    rest.kind = ExprKind::kIn;
    rest.name.clear();
    std::vector<Reduced> operands;
    operands.push_back(std::move(of));
    operands.push_back(std::move(where));
    return combine(std::move(rest), e.children, std::move(operands));
  }
  const auto sure = is_in_sure(of, where) ? std::optional(ValueKind::kBool) : std::nullopt;
  rest.children.push_back(rest_of(std::move(of), e.children[0]));
  rest.children.push_back(rest_of(std::move(where), e.children[1]));
  return Open{std::move(rest), sure};
}

Reduced Reducer::strict(const Expr& e) {
  std::vector<Reduced> operands;
  operands.reserve(e.children.size());
  for (const Expr& child : e.children) operands.push_back(reduce(child, e.kind == ExprKind::kNot));
  return combine(shell(e), e.children, std::move(operands));
}

Reduced Reducer::combine(Expr operation, std::span<const Expr> originals, std::vector<Reduced> operands) {
  // The first that errs is the error, unless one before it may err otherwise.
  const auto unsure = std::find_if(operands.begin(), operands.end(), [](const Reduced& one) { return !kind(one); });
  if (unsure != operands.end() && std::holds_alternative<EvalError>(*unsure)) return std::get<EvalError>(*unsure);
  if (operation.kind == ExprKind::kEqual || operation.kind == ExprKind::kNotEqual) {
    if (certainly_differ(operands[0], operands[1])) return Value(operation.kind == ExprKind::kNotEqual);
  }
  const bool all_known =
      std::all_of(operands.begin(), operands.end(), [](const Reduced& one) { return value_of(one) != nullptr; });
  const auto sure = kind_of(operation, operands);
  operation.children.reserve(operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    operation.children.push_back(all_known ? literal(*value_of(operands[i]))
                                           : rest_of(std::move(operands[i]), originals[i]));
  }
  if (all_known) return evaluate(operation);
  return Open{std::move(operation), sure};
}

const std::string* Reducer::entity_type(const Reduced& reduced) const {
  if (const Value* value = value_of(reduced)) {
    return value->kind() == ValueKind::kEntity ? &value->entity().type : nullptr;
  }
  const Open* open = std::get_if<Open>(&reduced);
  if (open == nullptr || open->expression.kind != ExprKind::kVariable || open->kind != ValueKind::kEntity) {
    return nullptr;
  }
  const auto& type = part(static_cast<Variable>(open->expression.number)).type;
  return type ? &*type : nullptr;
}

bool Reducer::certainly_differ(const Reduced& a, const Reduced& b) const {
  if (!kind(a) || !kind(b)) return false;
  const std::string* left = entity_type(a);
  const std::string* right = entity_type(b);
  return kind(a) != kind(b) || (left != nullptr && right != nullptr && *left != *right);
}

}  // namespace redoubt::policy::internal
