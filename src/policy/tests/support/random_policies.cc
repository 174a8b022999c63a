#include "policy/tests/support/random_policies.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace redoubt::policy::testing {
namespace {

Expr expr(ExprKind kind, std::vector<Expr> children = {}) {
  Expr x;
  x.kind = kind;
  x.children = std::move(children);
  return x;
}

Expr call(Function function, std::vector<Expr> arguments) {
  Expr x = expr(ExprKind::kCall, std::move(arguments));
  x.name = info(function).name;
  return x;
}

}  // namespace

std::string RandomPolicies::name() {
  return one_of<const char*>({"a", "b", "c", "d", "if", "with space"});
}

std::string RandomPolicies::text() {
  return one_of<const char*>({"", "a", "b", "ab", "aab", "*", "10.0.0.0/8", "10.1.2.3", "1.5", "2024-02-29", "1d2h",
                              "täglich", "a rather long text that is no short string"});
}

std::int64_t RandomPolicies::number() {
  using Limit = std::numeric_limits<std::int64_t>;
  return one_of<std::int64_t>({0, 1, 2, -1, 3, 1000, Limit::max(), Limit::min(), Limit::max() - 1, 3'037'000'500});
}

EntityUid RandomPolicies::uid() {
  return {one_of<const char*>({"User", "Group", "App::Document", "Action"}),
          one_of<const char*>({"a", "b", "c", "d", "an identifier that is no short string"})};
}

Extension RandomPolicies::extension() {
  while (true) {
    const auto type = static_cast<ExtensionType>(below(4));
    if (auto read = parse_extension(type, text())) return *read;
  }
}

Record RandomPolicies::record(int depth) {
  std::map<std::string, Value> attributes;
  for (std::size_t i = below(5); i > 0; --i) attributes.insert_or_assign(name(), value(kind(), depth - 1));
  std::vector<Attribute> list;
  for (auto& [name, value] : attributes) list.push_back({name, value});
  return *Record::create(std::move(list));
}

Value RandomPolicies::value(ValueKind kind, int depth) {
  if (depth <= 0 && (kind == ValueKind::kSet || kind == ValueKind::kRecord)) kind = ValueKind::kEntity;
  switch (kind) {
    case ValueKind::kBool:
      return Value(chance(50));
    case ValueKind::kLong:
      return Value(number());
    case ValueKind::kString:
      return Value(text());
    case ValueKind::kEntity:
      return Value(uid());
    case ValueKind::kSet: {
      std::vector<Value> elements;
      const ValueKind element = this->kind();
      for (std::size_t i = below(6); i > 0; --i) {
        elements.push_back(value(chance(90) ? element : this->kind(), depth - 1));
      }
      return Value(Set(std::move(elements)));
    }
    case ValueKind::kRecord:
      return Value(record(depth));
    case ValueKind::kExtension:
      break;
  }
  return Value(extension());
}

Entities RandomPolicies::entities() {
  // Parents are later in the order of `all`, so there is no cycle.
  std::vector<EntityUid> all;
  for (int i = 0; i < 12; ++i) {
    const EntityUid made = uid();
    if (std::find(all.begin(), all.end(), made) == all.end()) all.push_back(made);
  }
  Entities entities;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chance(15)) continue;  // a parent, perhaps, but no entity
    Entity entity{all[i], {}, record(2), record(2)};
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (chance(25)) entity.parents.push_back(all[j]);
    }
    entities.push_back(std::move(entity));
  }
  std::shuffle(entities.begin(), entities.end(), random_);
  return entities;
}

Request RandomPolicies::request() {
  return {uid(), uid(), uid(), record(3)};
}

Scope RandomPolicies::scope(bool action) {
  Scope scope;
  const std::size_t choice = below(action ? 4 : 6);
  if (choice == 0) return scope;
  scope.kind = choice == 1 ? Scope::Kind::kEqual : Scope::Kind::kIn;
  scope.entities = {uid()};
  if (action && choice == 3) {
    for (std::size_t i = below(4); i > 0; --i) scope.entities.push_back(uid());
    if (chance(10)) scope.entities.clear();
  }
  if (!action && choice >= 4) {
    scope.kind = choice == 4 ? Scope::Kind::kIs : Scope::Kind::kIsIn;
    scope.type = uid().type;
    if (choice == 4) scope.entities.clear();
  }
  return scope;
}

Policy RandomPolicies::policy(std::string id) {
  Policy policy;
  policy.id = std::move(id);
  policy.effect = chance(70) ? Effect::kPermit : Effect::kForbid;
  policy.principal = scope(false);
  policy.action = scope(true);
  policy.resource = scope(false);
  for (std::size_t i = below(3); i > 0; --i) {
    policy.conditions.push_back({chance(30), expression(ValueKind::kBool, 4), {}});
  }
  return policy;
}

PolicySet RandomPolicies::policies(std::size_t count) {
  PolicySet set;
  for (std::size_t i = 0; i < count; ++i) {
    Policy made = policy("policy" + std::to_string(i));
    Link link{"link" + std::to_string(i), made.id, {}};
    if (chance(20)) {
      for (const auto& [scope, slot] :
           {std::pair(&made.principal, Slot::kPrincipal), std::pair(&made.resource, Slot::kResource)}) {
        if (scope->entities.empty() || chance(30)) continue;
        scope->slot = true;
        scope->entities.clear();
        link.values[slot] = uid();
      }
    }
    const bool is_template = made.is_template();
    (void)set.add(std::move(made));
    if (is_template) (void)set.link(std::move(link));
  }
  return set;
}

Expr RandomPolicies::leaf(ValueKind kind) {
  Expr x;
  switch (kind) {
    case ValueKind::kBool:
      x.kind = ExprKind::kBool;
      x.number = chance(50) ? 1 : 0;
      return x;
    case ValueKind::kLong:
      x.kind = ExprKind::kLong;
      x.number = number();
      return x;
    case ValueKind::kString:
      x.kind = ExprKind::kString;
      x.text = text();
      return x;
    case ValueKind::kEntity:
      if (chance(60)) {
        x.kind = ExprKind::kVariable;
        x.number = static_cast<std::int64_t>(below(3));
        return x;
      }
      x.kind = ExprKind::kEntity;
      std::tie(x.name, x.text) = [&] {
        EntityUid made = uid();
        return std::pair(made.type, made.id);
      }();
      return x;
    case ValueKind::kSet: {
      x.kind = ExprKind::kSet;
      const ValueKind element = chance(60) ? ValueKind::kEntity : this->kind();
      for (std::size_t i = below(4); i > 0; --i) {
        x.children.push_back(element == ValueKind::kSet ? leaf(ValueKind::kLong) : leaf(element));
      }
      return x;
    }
    case ValueKind::kRecord:
      x.kind = ExprKind::kVariable;
      x.number = static_cast<std::int64_t>(Variable::kContext);
      return x;
    case ValueKind::kExtension:
      break;
  }
  x = leaf(ValueKind::kString);
  return call(static_cast<Function>(below(4)), {std::move(x)});
}

Expr RandomPolicies::attribute(int depth) {
  Expr x = expr(ExprKind::kGetAttr, {expression(one_of({ValueKind::kEntity, ValueKind::kRecord}), depth - 1)});
  x.text = name();
  return x;
}

Expr RandomPolicies::expression(ValueKind kind, int depth) {
  if (depth <= 0) return leaf(chance(95) ? kind : this->kind());
  if (chance(10)) kind = this->kind();
  if (kind == ValueKind::kBool) return boolean(depth);
  switch (below(5)) {
    case 0:
      return attribute(depth);
    case 1:
      return expr(ExprKind::kIf,
                  {expression(ValueKind::kBool, depth - 1), expression(kind, depth - 1), expression(kind, depth - 1)});
    case 2:
      return expr(ExprKind::kGetTag,
                  {expression(ValueKind::kEntity, depth - 1), expression(ValueKind::kString, depth - 1)});
    default:
      break;
  }
  switch (kind) {
    case ValueKind::kLong:
      return number_expression(depth);
    case ValueKind::kSet: {
      Expr x = expr(ExprKind::kSet);
      const ValueKind element = chance(60) ? ValueKind::kEntity : this->kind();
      for (std::size_t i = below(4); i > 0; --i) x.children.push_back(expression(element, depth - 2));
      return x;
    }
    case ValueKind::kRecord: {
      Expr x = expr(ExprKind::kRecord);
      for (const char* key : {"a", "b", "if"}) {
        if (chance(40)) continue;
        x.path.emplace_back(key);
        x.children.push_back(expression(this->kind(), depth - 2));
      }
      return x;
    }
    case ValueKind::kExtension:
      return extension_expression(depth);
    default:
      return leaf(kind);
  }
}

Expr RandomPolicies::number_expression(int depth) {
  if (chance(20)) return expr(ExprKind::kNegate, {expression(ValueKind::kLong, depth - 1)});
  if (chance(20)) {
    return call(static_cast<Function>(static_cast<std::size_t>(Function::kToMilliseconds) + below(5)),
                {expression(ValueKind::kExtension, depth - 1)});
  }
  return expr(one_of({ExprKind::kAdd, ExprKind::kSubtract, ExprKind::kMultiply}),
              {expression(ValueKind::kLong, depth - 1), expression(ValueKind::kLong, depth - 1)});
}

Expr RandomPolicies::extension_expression(int depth) {
  const auto function = one_of({Function::kDecimal, Function::kIp, Function::kDatetime, Function::kDuration,
                                Function::kOffset, Function::kDurationSince, Function::kToDate, Function::kToTime});
  std::vector<Expr> arguments;
  for (std::size_t i = chance(97) ? info(function).arity : below(3); i > 0; --i) {
    arguments.push_back(
        expression(function <= Function::kDuration ? ValueKind::kString : ValueKind::kExtension, depth - 1));
  }
  return call(function, std::move(arguments));
}

Expr RandomPolicies::boolean(int depth) {
  const auto of = [&](ValueKind kind) { return expression(kind, depth - 1); };
  switch (below(14)) {
    case 0:
      return attribute(depth);
    case 1:
      return expr(ExprKind::kNot, {of(ValueKind::kBool)});
    case 2:
      return expr(ExprKind::kIsEmpty, {of(ValueKind::kSet)});
    case 3: {
      Expr x = expr(ExprKind::kHas, {of(one_of({ValueKind::kEntity, ValueKind::kRecord}))});
      for (std::size_t i = 1 + below(3); i > 0; --i) x.path.push_back(name());
      return x;
    }
    case 4: {
      Expr x = expr(ExprKind::kLike, {of(ValueKind::kString)});
      x.pattern.emplace();
      for (std::size_t i = below(5); i > 0; --i) {
        const bool star = chance(50);
        if (!star && !x.pattern->parts.empty() && !x.pattern->parts.back().star) continue;
        x.pattern->parts.push_back({star, star ? "" : one_of<const char*>({"a", "b", "ab", "*", "ä"})});
      }
      return x;
    }
    case 5: {
      Expr x = expr(ExprKind::kIs, {of(ValueKind::kEntity)});
      if (chance(50)) x.children.push_back(of(one_of({ValueKind::kEntity, ValueKind::kSet})));
      x.name = uid().type;
      return x;
    }
    case 6:
      return expr(one_of({ExprKind::kEqual, ExprKind::kNotEqual}), {of(kind()), of(kind())});
    case 7: {
      const ValueKind same = kind();
      return expr(one_of({ExprKind::kEqual, ExprKind::kNotEqual}), {of(same), of(same)});
    }
    case 8: {
      const ValueKind same = one_of({ValueKind::kLong, ValueKind::kExtension});
      return expr(one_of({ExprKind::kLess, ExprKind::kLessEqual, ExprKind::kGreater, ExprKind::kGreaterEqual}),
                  {of(same), of(same)});
    }
    case 9:
      return expr(ExprKind::kIn, {of(ValueKind::kEntity), of(one_of({ValueKind::kEntity, ValueKind::kSet}))});
    case 10:
      return expr(ExprKind::kContains, {of(ValueKind::kSet), of(kind())});
    case 11:
      return expr(one_of({ExprKind::kContainsAll, ExprKind::kContainsAny}), {of(ValueKind::kSet), of(ValueKind::kSet)});
    case 12: {
      const auto function = static_cast<Function>(static_cast<std::size_t>(Function::kLessThan) + below(9));
      std::vector<Expr> arguments;
      for (int i = info(function).arity; i > 0; --i) arguments.push_back(of(ValueKind::kExtension));
      return call(function, std::move(arguments));
    }
    default:
      if (chance(20)) {
        return expr(ExprKind::kHasTag, {of(ValueKind::kEntity), of(ValueKind::kString)});
      }
      return expr(one_of({ExprKind::kAnd, ExprKind::kOr}), {of(ValueKind::kBool), of(ValueKind::kBool)});
  }
}

}  // namespace redoubt::policy::testing
