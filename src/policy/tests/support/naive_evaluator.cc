#include "policy/tests/support/naive_evaluator.h"

#include <algorithm>

#include "policy/internal/arithmetic.h"

namespace redoubt::policy::testing {

using internal::Evaluated;

namespace {

tl::unexpected<EvalError> fail(EvalError error) {
  return tl::unexpected(error);
}

// `*` matches any bytes, so bytes do for code points: UTF-8 never matches in the middle of one.
// matched[i]: the parts so far match the first i bytes.
bool like(const std::string& text, const Pattern& pattern) {
  std::vector<bool> matched(text.size() + 1, false);
  matched[0] = true;
  for (const Pattern::Part& part : pattern.parts) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (part.star) {
        next[i] = matched[i] || (i > 0 && next[i - 1]);
      } else if (matched[i] && text.compare(i, part.literal.size(), part.literal) == 0) {
        next[i + part.literal.size()] = true;
      }
    }
    matched = next;
  }
  return matched[text.size()];
}

class Evaluator {
 public:
  Evaluator(const NaiveStore& entities, const Request& request) : entities_(entities), request_(request) {}

  Evaluated evaluate(const Expr& x) const {
    switch (x.kind) {
      case ExprKind::kBool:
        return Value(x.number != 0);
      case ExprKind::kLong:
        return Value(x.number);
      case ExprKind::kString:
        return Value(x.text);
      case ExprKind::kEntity:
        return Value(EntityUid{x.name, x.text});
      case ExprKind::kVariable:
        return variable(static_cast<Variable>(x.number));
      case ExprKind::kSlot:
      case ExprKind::kUnknown:
        return fail(EvalError::kUnlinkedSlot);
      case ExprKind::kIf: {
        const Evaluated condition = boolean(x.children[0]);
        if (!condition) return condition;
        return evaluate(condition->boolean() ? x.children[1] : x.children[2]);
      }
      case ExprKind::kAnd: {
        const Evaluated left = boolean(x.children[0]);
        if (!left || !left->boolean()) return left;
        return boolean(x.children[1]);
      }
      case ExprKind::kOr: {
        const Evaluated left = boolean(x.children[0]);
        if (!left || left->boolean()) return left;
        return boolean(x.children[1]);
      }
      case ExprKind::kIs:
        return is(x);
      case ExprKind::kHas:
        return has(x);
      case ExprKind::kSet:
      case ExprKind::kRecord:
      case ExprKind::kCall:
        return of_many(x);
      default:
        break;
    }
    const Evaluated a = evaluate(x.children[0]);
    if (!a || x.children.size() == 1) return a ? unary(x, *a) : a;
    const Evaluated b = evaluate(x.children[1]);
    return b ? binary(x.kind, *a, *b) : b;
  }

  Evaluated boolean(const Expr& x) const {
    Evaluated value = evaluate(x);
    if (value && value->kind() != ValueKind::kBool) return fail(EvalError::kType);
    return value;
  }

  // Of `uid in …`.
  Evaluated in(const EntityUid& uid, const Value& where) const {
    if (where.kind() == ValueKind::kEntity) return Value(entities_.in(uid, where.entity()));
    if (where.kind() != ValueKind::kSet) return fail(EvalError::kType);
    bool found = false;
    for (const Value& element : where.set().elements()) {
      if (element.kind() != ValueKind::kEntity) return fail(EvalError::kType);
      found = found || entities_.in(uid, element.entity());
    }
    return Value(found);
  }

 private:
  Evaluated variable(Variable variable) const {
    switch (variable) {
      case Variable::kPrincipal:
        return Value(request_.principal);
      case Variable::kAction:
        return Value(request_.action);
      case Variable::kResource:
        return Value(request_.resource);
      case Variable::kContext:
        break;
    }
    return Value(request_.context);
  }

  // a is T in b is (a is T) && (a in b).
  Evaluated is(const Expr& x) const {
    const Evaluated a = evaluate(x.children[0]);
    if (!a) return a;
    if (a->kind() != ValueKind::kEntity) return fail(EvalError::kType);
    if (a->entity().type != x.name) return Value(false);
    if (x.children.size() == 1) return Value(true);
    const Evaluated b = evaluate(x.children[1]);
    return b ? in(a->entity(), *b) : b;
  }

  // a has p.q is (a has p) && (a.p has q).
  Evaluated has(const Expr& x) const {
    Evaluated a = evaluate(x.children[0]);
    for (std::size_t i = 0; a; ++i) {
      const Evaluated there = has_attribute(*a, x.path[i]);
      if (!there || !there->boolean() || i + 1 == x.path.size()) return there;
      a = attribute(*a, x.path[i]);
    }
    return a;
  }

  Evaluated has_attribute(const Value& a, const std::string& name) const {
    if (a.kind() == ValueKind::kRecord) return Value(a.record().find(name) != nullptr);
    if (a.kind() != ValueKind::kEntity) return fail(EvalError::kType);
    const Entity* entity = entities_.find(a.entity());
    return Value(entity != nullptr && entity->attributes.find(name) != nullptr);
  }

  Evaluated attribute(const Value& a, const std::string& name) const {
    if (a.kind() == ValueKind::kRecord) return found(a.record().find(name), EvalError::kAttributeMissing);
    if (a.kind() != ValueKind::kEntity) return fail(EvalError::kType);
    const Entity* entity = entities_.find(a.entity());
    if (entity == nullptr) return fail(EvalError::kEntityMissing);
    return found(entity->attributes.find(name), EvalError::kAttributeMissing);
  }

  static Evaluated found(const Value* value, EvalError otherwise) {
    if (value == nullptr) return fail(otherwise);
    return *value;
  }

  static Evaluated number(std::optional<std::int64_t> result) {
    if (!result) return fail(EvalError::kOverflow);
    return Value(*result);
  }

  Evaluated unary(const Expr& x, const Value& a) const {
    switch (x.kind) {
      case ExprKind::kNot:
        if (a.kind() != ValueKind::kBool) break;
        return Value(!a.boolean());
      case ExprKind::kNegate:
        if (a.kind() != ValueKind::kLong) break;
        return number(internal::checked_negate(a.number()));
      case ExprKind::kLike:
        if (a.kind() != ValueKind::kString) break;
        return Value(like(a.string(), *x.pattern));
      case ExprKind::kIsEmpty:
        if (a.kind() != ValueKind::kSet) break;
        return Value(a.set().elements().empty());
      case ExprKind::kGetAttr:
        return attribute(a, x.text);
      default:
        break;
    }
    return fail(EvalError::kType);
  }

  Evaluated binary(ExprKind kind, const Value& a, const Value& b) const {
    switch (kind) {
      case ExprKind::kEqual:
        return Value(a == b);
      case ExprKind::kNotEqual:
        return Value(!(a == b));
      case ExprKind::kLess:
      case ExprKind::kLessEqual:
      case ExprKind::kGreater:
      case ExprKind::kGreaterEqual:
        return compare(kind, a, b);
      case ExprKind::kAdd:
      case ExprKind::kSubtract:
      case ExprKind::kMultiply:
        return arithmetic(kind, a, b);
      case ExprKind::kIn:
        if (a.kind() != ValueKind::kEntity) break;
        return in(a.entity(), b);
      case ExprKind::kContains:
      case ExprKind::kContainsAll:
      case ExprKind::kContainsAny:
        return contains(kind, a, b);
      case ExprKind::kHasTag:
      case ExprKind::kGetTag:
        return tag(kind, a, b);
      default:
        break;
    }
    return fail(EvalError::kType);
  }

  // Of two longs, two datetimes or two durations; the other extension types have no order.
  static Evaluated compare(ExprKind kind, const Value& a, const Value& b) {
    const auto ordered = [](const Value& value) {
      return value.kind() == ValueKind::kExtension &&
             (value.extension().type == ExtensionType::kDatetime || value.extension().type == ExtensionType::kDuration);
    };
    std::int64_t left = 0;
    std::int64_t right = 0;
    if (a.kind() == ValueKind::kLong && b.kind() == ValueKind::kLong) {
      left = a.number();
      right = b.number();
    } else if (ordered(a) && ordered(b) && a.extension().type == b.extension().type) {
      left = a.extension().number;
      right = b.extension().number;
    } else {
      return fail(EvalError::kType);
    }
    if (kind == ExprKind::kLess) return Value(left < right);
    if (kind == ExprKind::kLessEqual) return Value(left <= right);
    if (kind == ExprKind::kGreater) return Value(left > right);
    return Value(left >= right);
  }

  static Evaluated arithmetic(ExprKind kind, const Value& a, const Value& b) {
    if (a.kind() != ValueKind::kLong || b.kind() != ValueKind::kLong) return fail(EvalError::kType);
    if (kind == ExprKind::kAdd) return number(internal::checked_add(a.number(), b.number()));
    if (kind == ExprKind::kSubtract) return number(internal::checked_subtract(a.number(), b.number()));
    return number(internal::checked_multiply(a.number(), b.number()));
  }

  static Evaluated contains(ExprKind kind, const Value& a, const Value& b) {
    if (a.kind() != ValueKind::kSet) return fail(EvalError::kType);
    const auto in_a = [&](const Value& value) {
      return std::ranges::any_of(a.set().elements(), [&](const Value& element) { return element == value; });
    };
    if (kind == ExprKind::kContains) return Value(in_a(b));
    if (b.kind() != ValueKind::kSet) return fail(EvalError::kType);
    if (kind == ExprKind::kContainsAll) return Value(std::ranges::all_of(b.set().elements(), in_a));
    return Value(std::ranges::any_of(b.set().elements(), in_a));
  }

  Evaluated tag(ExprKind kind, const Value& a, const Value& b) const {
    if (a.kind() != ValueKind::kEntity || b.kind() != ValueKind::kString) return fail(EvalError::kType);
    const Entity* entity = entities_.find(a.entity());
    if (kind == ExprKind::kHasTag) return Value(entity != nullptr && entity->tags.find(b.string()) != nullptr);
    if (entity == nullptr) return fail(EvalError::kEntityMissing);
    return found(entity->tags.find(b.string()), EvalError::kTagMissing);
  }

  Evaluated of_many(const Expr& x) const {
    std::vector<Value> values;
    for (const Expr& child : x.children) {
      Evaluated value = evaluate(child);
      if (!value) return value;
      values.push_back(std::move(*value));
    }
    if (x.kind == ExprKind::kSet) return Value(Set(std::move(values)));
    if (x.kind == ExprKind::kRecord) {
      std::vector<Attribute> attributes;
      for (std::size_t i = 0; i < values.size(); ++i) attributes.push_back({x.path[i], values[i]});
      auto record = Record::create(std::move(attributes));
      if (!record) return fail(EvalError::kType);
      return Value(*record);
    }
    const auto function = find_function(x.name);
    if (!function) return fail(EvalError::kExtension);
    return internal::call(*function, values);
  }

  const NaiveStore& entities_;
  const Request& request_;
};

bool fits(const Scope& scope, const EntityUid& uid, const NaiveStore& entities) {
  const auto is_in = [&] {
    return std::ranges::any_of(scope.entities, [&](const EntityUid& ancestor) { return entities.in(uid, ancestor); });
  };
  switch (scope.kind) {
    case Scope::Kind::kAny:
      return true;
    case Scope::Kind::kEqual:
      return uid == scope.entities[0];
    case Scope::Kind::kIn:
      return is_in();
    case Scope::Kind::kIs:
      return uid.type == scope.type;
    case Scope::Kind::kIsIn:
      break;
  }
  return uid.type == scope.type && is_in();
}

// Whether the policy holds.
tl::expected<bool, EvalError> holds(const Policy& policy, const NaiveStore& entities, const Request& request) {
  if (!fits(policy.principal, request.principal, entities) || !fits(policy.action, request.action, entities) ||
      !fits(policy.resource, request.resource, entities)) {
    return false;
  }
  const Evaluator evaluator(entities, request);
  for (const Condition& condition : policy.conditions) {
    const Evaluated value = evaluator.boolean(condition.body);
    if (!value) return tl::unexpected(value.error());
    if (value->boolean() == condition.unless) return false;
  }
  return true;
}

}  // namespace

NaiveStore::NaiveStore(const Entities& entities) {
  for (const Entity& entity : entities) entities_.emplace(entity.uid, &entity);
}

const Entity* NaiveStore::find(const EntityUid& uid) const {
  const auto found = entities_.find(uid);
  return found == entities_.end() ? nullptr : found->second;
}

bool NaiveStore::in(const EntityUid& descendant, const EntityUid& ancestor) const {
  std::set<EntityUid> seen{descendant};
  std::vector<EntityUid> open{descendant};
  while (!open.empty()) {
    const EntityUid uid = open.back();
    open.pop_back();
    if (uid == ancestor) return true;
    const Entity* entity = find(uid);
    if (entity == nullptr) continue;
    for (const EntityUid& parent : entity->parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  return false;
}

Evaluated evaluate_naively(const Expr& expression, const NaiveStore& entities, const Request& request) {
  return Evaluator(entities, request).evaluate(expression);
}

NaiveAnswer authorize_naively(const PolicySet& policies, const NaiveStore& entities, const Request& request) {
  NaiveAnswer answer;
  std::set<std::string> permits;
  std::set<std::string> forbids;
  const auto consider = [&](const Policy& policy) {
    const auto held = holds(policy, entities, request);
    if (!held) {
      answer.errors.emplace(policy.id, held.error());
    } else if (*held) {
      (policy.effect == Effect::kForbid ? forbids : permits).insert(policy.id);
    }
  };
  for (const Policy& policy : policies.policies()) {
    if (!policy.is_template()) consider(policy);
  }
  for (const Link& link : policies.links()) consider(policies.instance(link));

  answer.decision = forbids.empty() && !permits.empty() ? Decision::kAllow : Decision::kDeny;
  answer.reasons = forbids.empty() ? permits : forbids;
  return answer;
}

}  // namespace redoubt::policy::testing
