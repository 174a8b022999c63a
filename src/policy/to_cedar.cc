// Policies and expressions in Cedar's own syntax, with the parentheses that they need and no others.
#include <string>
#include <string_view>

#include "policy/extension.h"
#include "policy/internal/escapes.h"
#include "policy/internal/operators.h"
#include "policy/internal/to_cedar.h"
#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

// How tightly an expression holds together: each takes operands of its own level or higher ones.
enum Level : std::uint8_t {
  kIfLevel,
  kOrLevel,
  kAndLevel,
  kRelationLevel,
  kSumLevel,
  kProductLevel,
  kUnaryLevel,
  kMemberLevel
};

Level level_of(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kIf:
      return kIfLevel;
    case ExprKind::kOr:
      return kOrLevel;
    case ExprKind::kAnd:
      return kAndLevel;
    case ExprKind::kEqual:
    case ExprKind::kNotEqual:
    case ExprKind::kLess:
    case ExprKind::kLessEqual:
    case ExprKind::kGreater:
    case ExprKind::kGreaterEqual:
    case ExprKind::kIn:
    case ExprKind::kHas:
    case ExprKind::kLike:
    case ExprKind::kIs:
      return kRelationLevel;
    case ExprKind::kAdd:
    case ExprKind::kSubtract:
      return kSumLevel;
    case ExprKind::kMultiply:
      return kProductLevel;
    case ExprKind::kNot:
    case ExprKind::kNegate:
      return kUnaryLevel;
    case ExprKind::kLong:
      return e.number < 0 ? kUnaryLevel : kMemberLevel;
    default:
      return kMemberLevel;
  }
}

std::string leaf(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kBool:
      return e.number != 0 ? "true" : "false";
    case ExprKind::kLong:
      return std::to_string(e.number);
    case ExprKind::kString:
      return quoted(e.text);
    case ExprKind::kEntity:
      return e.name + "::" + quoted(e.text);
    case ExprKind::kVariable:
      return std::string(internal::kVariables.at(static_cast<std::size_t>(e.number)));
    case ExprKind::kSlot:
      return std::string(internal::kSlots.at(static_cast<std::size_t>(e.number)));
    default:
      return "unknown(" + quoted(e.text) + ")";
  }
}

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  void print(const Expr& e, Level least = kIfLevel) {
    if (level_of(e) >= least) return bare(e);
    out_ += '(';
    bare(e);
    out_ += ')';
  }

 private:
  void bare(const Expr& e);
  void conditional(const Expr& e);
  void binary(const Expr& e, std::string_view name);
  void unary(const Expr& e);
  void attribute(const Expr& e);
  void has(const Expr& e);
  void like(const Expr& e);
  void is(const Expr& e);
  void record(const Expr& e);
  void call(const Expr& e, std::string_view name, bool method);
  void list(const Expr& e, std::size_t from);

  std::string& out_;
};

void Printer::bare(const Expr& e) {
  if (const internal::Operator* known = internal::find_operator(e.kind)) {
    return known->method ? call(e, known->name, true) : binary(e, known->name);
  }
  switch (e.kind) {
    case ExprKind::kNot:
    case ExprKind::kNegate:
      return unary(e);
    case ExprKind::kGetAttr:
      return attribute(e);
    case ExprKind::kHas:
      return has(e);
    case ExprKind::kLike:
      return like(e);
    case ExprKind::kIs:
      return is(e);
    case ExprKind::kIf:
      return conditional(e);
    case ExprKind::kSet:
      out_ += '[';
      list(e, 0);
      out_ += ']';
      return;
    case ExprKind::kRecord:
      return record(e);
    case ExprKind::kCall: {
      const auto function = find_function(e.name);
      return call(e, e.name, function && info(*function).method && !e.children.empty());
    }
    default:
      out_ += leaf(e);
  }
}

void Printer::conditional(const Expr& e) {
  out_ += "if ";
  print(e.children[0]);
  out_ += " then ";
  print(e.children[1]);
  out_ += " else ";
  print(e.children[2]);
}

// All group to the left, but relations do not chain.
void Printer::binary(const Expr& e, std::string_view name) {
  const Level level = level_of(e);
  const auto higher = static_cast<Level>(level + 1);
  print(e.children[0], level == kRelationLevel ? higher : level);
  out_.append(" ").append(name).append(" ");
  print(e.children[1], higher);
}

void Printer::unary(const Expr& e) {
  const Expr* operand = &e;
  for (std::size_t count = 0; count < internal::kMaxUnary && operand->kind == e.kind; ++count) {
    out_ += e.kind == ExprKind::kNot ? '!' : '-';
    operand = &operand->children[0];
  }
  // `-1` would be a literal.
  const bool number = e.kind == ExprKind::kNegate && operand->kind == ExprKind::kLong;
  if (number) out_ += '(';
  print(*operand, number ? kIfLevel : kMemberLevel);
  if (number) out_ += ')';
}

void Printer::attribute(const Expr& e) {
  print(e.children[0], kMemberLevel);
  if (is_identifier(e.text)) {
    out_ += '.' + e.text;
  } else {
    out_ += '[' + quoted(e.text) + ']';
  }
}

void Printer::has(const Expr& e) {
  print(e.children[0], kSumLevel);
  out_ += " has ";
  if (e.path.size() == 1 && !is_identifier(e.path[0])) {
    out_ += quoted(e.path[0]);
    return;
  }
  for (std::size_t i = 0; i < e.path.size(); ++i) out_ += (i == 0 ? "" : ".") + e.path[i];
}

void Printer::like(const Expr& e) {
  print(e.children[0], kSumLevel);
  out_ += " like \"";
  for (const Pattern::Part& part : e.pattern->parts) {
    if (part.star) {
      out_ += '*';
    } else {
      internal::append_escaped(out_, part.literal, true);
    }
  }
  out_ += '"';
}

void Printer::is(const Expr& e) {
  print(e.children[0], kSumLevel);
  out_ += " is " + e.name;
  if (e.children.size() == 1) return;
  out_ += " in ";
  print(e.children[1], kSumLevel);
}

void Printer::record(const Expr& e) {
  out_ += '{';
  for (std::size_t i = 0; i < e.path.size(); ++i) {
    out_ += (i == 0 ? "" : ", ") + quoted(e.path[i]) + ": ";
    print(e.children[i]);
  }
  out_ += '}';
}

void Printer::call(const Expr& e, std::string_view name, bool method) {
  if (method) {
    print(e.children[0], kMemberLevel);
    out_ += '.';
  }
  out_.append(name) += '(';
  list(e, method ? 1 : 0);
  out_ += ')';
}

void Printer::list(const Expr& e, std::size_t from) {
  for (std::size_t i = from; i < e.children.size(); ++i) {
    if (i != from) out_ += ", ";
    print(e.children[i]);
  }
}

}  // namespace

namespace internal {

std::string to_cedar(const Scope& scope, const std::string& part) {
  using Kind = Scope::Kind;
  std::string out = part;
  if (scope.kind == Kind::kIs || scope.kind == Kind::kIsIn) out += " is " + scope.type;
  if (scope.kind == Kind::kAny || scope.kind == Kind::kIs) return out;
  out += scope.kind == Kind::kEqual ? " == " : " in ";
  if (scope.slot) return out + "?" + part;
  const bool list = scope.entities.size() != 1;
  if (list) out += '[';
  for (std::size_t i = 0; i < scope.entities.size(); ++i) out += (i == 0 ? "" : ", ") + to_string(scope.entities[i]);
  if (list) out += ']';
  return out;
}

std::string to_cedar(const Condition& condition) {
  return (condition.unless ? "unless { " : "when { ") + policy::to_cedar(condition.body) + " }";
}

}  // namespace internal

std::string to_cedar(const Expr& expression) {
  std::string out;
  Printer(out).print(expression);
  return out;
}

std::string to_cedar(const Policy& policy) {
  std::string out;
  for (const Annotation& annotation : policy.annotations) {
    out += '@' + annotation.name;
    if (!annotation.value.empty()) out += '(' + quoted(annotation.value) + ')';
    out += '\n';
  }
  out += policy.effect == Effect::kPermit ? "permit (" : "forbid (";
  out += internal::to_cedar(policy.principal, "principal") + ", " + internal::to_cedar(policy.action, "action") + ", " +
         internal::to_cedar(policy.resource, "resource") + ")";
  for (const Condition& condition : policy.conditions) out += "\n" + internal::to_cedar(condition);
  return out += ";";
}

}  // namespace redoubt::policy
