#include <algorithm>

#include "policy/extension.h"
#include "policy/internal/program.h"

namespace redoubt::policy::internal {
namespace {

// Kinds whose nodes differ from their expressions in nothing but the operation's name.
std::optional<Op> plain_operation(ExprKind kind) {
  switch (kind) {
    case ExprKind::kNot:
      return Op::kNot;
    case ExprKind::kNegate:
      return Op::kNegate;
    case ExprKind::kIsEmpty:
      return Op::kIsEmpty;
    case ExprKind::kOr:
      return Op::kOr;
    case ExprKind::kAnd:
      return Op::kAnd;
    case ExprKind::kEqual:
      return Op::kEqual;
    case ExprKind::kNotEqual:
      return Op::kNotEqual;
    case ExprKind::kLess:
      return Op::kLess;
    case ExprKind::kLessEqual:
      return Op::kLessEqual;
    case ExprKind::kGreater:
      return Op::kGreater;
    case ExprKind::kGreaterEqual:
      return Op::kGreaterEqual;
    case ExprKind::kAdd:
      return Op::kAdd;
    case ExprKind::kSubtract:
      return Op::kSubtract;
    case ExprKind::kMultiply:
      return Op::kMultiply;
    case ExprKind::kContains:
      return Op::kContains;
    case ExprKind::kContainsAll:
      return Op::kContainsAll;
    case ExprKind::kContainsAny:
      return Op::kContainsAny;
    case ExprKind::kGetTag:
      return Op::kGetTag;
    case ExprKind::kHasTag:
      return Op::kHasTag;
    case ExprKind::kIf:
      return Op::kIf;
    default:
      return std::nullopt;
  }
}

Node failing(EvalError error, std::uint32_t name) {
  return {.op = Op::kFail, .detail = static_cast<std::uint8_t>(error), .second = name};
}

}  // namespace

void Program::shrink_to_fit() {
  nodes.shrink_to_fit();
  constants.shrink_to_fit();
  entities.shrink_to_fit();
  names.shrink_to_fit();
  patterns.shrink_to_fit();
  lists.shrink_to_fit();
}

Result<std::uint32_t> Compiler::compile(const Expr& expression) {
  return compile(expression, 1);
}

Result<std::uint32_t> Compiler::compile(const Expr& expression, std::size_t depth) {
  if (depth > limits_.max_depth) {
    return Error(Errc::kTooLarge, "an expression is more than " + std::to_string(limits_.max_depth) + " levels deep");
  }
  const std::size_t before = program_.nodes.size();
  Numbers operands;
  for (const Expr& child : expression.children) {
    auto operand = compile(child, depth + 1);
    if (!operand) return operand;
    operands.push_back(*operand);
  }
  if (const auto op = plain_operation(expression.kind)) {
    operands.resize(3);
    return add({.op = *op, .first = operands[0], .second = operands[1], .third = operands[2]});
  }
  // Nodes of operands that become part of a constant are dropped.
  const auto fold = [&](const Value& value) {
    program_.nodes.resize(before);
    return add_constant(value);
  };
  switch (expression.kind) {
    case ExprKind::kBool:
      return add_constant(Value(expression.number != 0));
    case ExprKind::kLong:
      return add_constant(Value(expression.number));
    case ExprKind::kString:
      return add_constant(Value(expression.text));
    case ExprKind::kEntity:
      return add_constant(Value(EntityUid{expression.name, expression.text}));
    case ExprKind::kVariable:
      return add({.op = Op::kVariable, .detail = static_cast<std::uint8_t>(expression.number)});
    case ExprKind::kSlot:
      return add(failing(EvalError::kUnlinkedSlot,
                         name(expression.number == static_cast<int>(Slot::kPrincipal) ? "?principal" : "?resource")));
    case ExprKind::kUnknown:
      return add(failing(EvalError::kUnlinkedSlot, name(expression.text)));
    case ExprKind::kGetAttr:
      return add({.op = Op::kGetAttr, .first = operands[0], .second = name(expression.text)});
    case ExprKind::kHas: {
      Numbers path;
      for (const std::string& step : expression.path) path.push_back(name(step));
      return add({.op = Op::kHas,
                  .first = operands[0],
                  .second = add_list(path),
                  .third = static_cast<std::uint32_t>(path.size())});
    }
    case ExprKind::kLike:
      program_.patterns.push_back(expression.pattern.value_or(Pattern()));
      return add(
          {.op = Op::kLike, .first = operands[0], .second = static_cast<std::uint32_t>(program_.patterns.size() - 1)});
    case ExprKind::kIs:
      return compile_is(expression, operands);
    case ExprKind::kIn:
      return compile_in(operands[0], operands[1]);
    case ExprKind::kSet: {
      if (auto elements = constants_of(operands)) return fold(Value(Set(*std::move(elements))));
      return add({.op = Op::kSet, .second = add_list(operands), .third = static_cast<std::uint32_t>(operands.size())});
    }
    case ExprKind::kRecord: {
      auto node = compile_record(expression, operands);
      if (!node) return node;
      if (const Value* record = constant_of(*node)) return fold(*record);
      return node;
    }
    default: {
      auto node = compile_call(expression, operands);
      if (const Value* result = constant_of(*node)) return fold(*result);
      return node;
    }
  }
}

Result<std::uint32_t> Compiler::compile_is(const Expr& expression, const Numbers& operands) {
  const std::uint32_t is = add({.op = Op::kIs, .first = operands[0], .second = name(expression.name)});
  if (operands.size() == 1) return is;
  // `a is T in b` is `a is T && a in b`.
  return add({.op = Op::kAnd, .first = is, .second = compile_in(operands[0], operands[1])});
}

std::uint32_t Compiler::compile_in(std::uint32_t left, std::uint32_t right) {
  const Value* constant = constant_of(right);
  if (constant != nullptr && right + 1 == program_.nodes.size()) program_.nodes.pop_back();  // not needed as a node
  if (constant != nullptr && constant->kind() == ValueKind::kEntity) {
    return add({.op = Op::kInEntity, .first = left, .second = add_entities({constant, 1})});
  }
  if (constant != nullptr && constant->kind() == ValueKind::kSet) {
    const auto elements = constant->set().elements();
    if (std::all_of(elements.begin(), elements.end(),
                    [](const Value& element) { return element.kind() == ValueKind::kEntity; })) {
      return add({.op = Op::kInEntities,
                  .first = left,
                  .second = add_entities(elements),
                  .third = static_cast<std::uint32_t>(elements.size())});
    }
  }
  return add({.op = Op::kIn, .first = left, .second = constant == nullptr ? right : add_constant(*constant)});
}

Result<std::uint32_t> Compiler::compile_record(const Expr& expression, const Numbers& values) {
  const auto constants = constants_of(values);
  std::vector<Attribute> attributes;
  Numbers list;
  for (std::size_t i = 0; i < values.size(); ++i) {
    attributes.push_back({expression.path[i], constants ? (*constants)[i] : Value(false)});
    list.push_back(name(expression.path[i]));
    list.push_back(values[i]);
  }
  auto record = Record::create(std::move(attributes));
  if (!record) return Error(Errc::kInvalidArgument, record.error().message());
  if (constants) return add_constant(Value(*record));
  return add({.op = Op::kRecord, .second = add_list(list), .third = static_cast<std::uint32_t>(values.size())});
}

Result<std::uint32_t> Compiler::compile_call(const Expr& expression, const Numbers& arguments) {
  const auto function = find_function(expression.name);
  if (!function) return add(failing(EvalError::kExtension, name(expression.name)));
  // Constructors of literal text are done here, unless they fail: that error is of whoever evaluates it.
  const Value* text = arguments.size() == 1 ? constant_of(arguments[0]) : nullptr;
  if (*function <= Function::kDuration && text != nullptr && text->kind() == ValueKind::kString) {
    if (auto value = parse_extension(static_cast<ExtensionType>(*function), text->string())) {
      return add_constant(Value(*value));
    }
  }
  return add({.op = Op::kCall,
              .detail = static_cast<std::uint8_t>(*function),
              .second = add_list(arguments),
              .third = static_cast<std::uint32_t>(arguments.size())});
}

std::uint32_t Compiler::name(const std::string& text) {
  const auto [at, added] = names_.try_emplace(text, static_cast<std::uint32_t>(program_.names.size()));
  if (added) program_.names.push_back(text);
  return at->second;
}

std::uint32_t Compiler::constant(const Value& value) {
  const auto [at, added] = constants_.try_emplace(value, static_cast<std::uint32_t>(program_.constants.size()));
  if (added) program_.constants.push_back(Operand::of(program_.literals.emplace_back(value)));
  return at->second;
}

std::uint32_t Compiler::add(Node node) {
  program_.nodes.push_back(node);
  return static_cast<std::uint32_t>(program_.nodes.size() - 1);
}

std::uint32_t Compiler::add_constant(const Value& value) {
  return add({.op = Op::kConstant, .first = constant(value)});
}

std::uint32_t Compiler::add_list(const Numbers& numbers) {
  const auto begin = static_cast<std::uint32_t>(program_.lists.size());
  program_.lists.insert(program_.lists.end(), numbers.begin(), numbers.end());
  return begin;
}

std::uint32_t Compiler::add_entities(std::span<const Value> entities) {
  const auto begin = static_cast<std::uint32_t>(program_.entities.size());
  for (const Value& entity : entities) {
    program_.entities.push_back(hashed(program_.literals[constant(entity)].entity()));
  }
  return begin;
}

const Value* Compiler::constant_of(std::uint32_t node) const {
  const Node& at = program_.nodes[node];
  return at.op == Op::kConstant ? &program_.literals[at.first] : nullptr;
}

std::optional<std::vector<Value>> Compiler::constants_of(const Numbers& nodes) const {
  std::vector<Value> values;
  values.reserve(nodes.size());
  for (const std::uint32_t node : nodes) {
    const Value* value = constant_of(node);
    if (value == nullptr) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

}  // namespace redoubt::policy::internal
