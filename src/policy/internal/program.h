// Expressions in the form that is evaluated: nodes in one array that name their operands by number, and what they refer
// to in pools that share equal entries. One Program holds all expressions of a policy set.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/expr.h"
#include "policy/internal/operand.h"
#include "policy/internal/uid_table.h"
#include "policy/limits.h"
#include "policy/value.h"

namespace redoubt::policy::internal {

enum class Op : std::uint8_t {
  kConstant,  // first: in constants
  kVariable,  // detail: a Variable
  kFail,      // detail: an EvalError that is certain; second: for kUnlinkedSlot and kExtension a name
  // first: the operand
  kNot,
  kNegate,
  kGetAttr,     // second: a name
  kHas,         // names, by their numbers in lists: [second, second + third)
  kLike,        // second: a pattern
  kIs,          // second: a name
  kIsEmpty,     //
  kInEntity,    // in a literal entity. second: in entities
  kInEntities,  // in a list of them, [second, second + third) of entities
  // first and second: the operands
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kContains,
  kContainsAll,
  kContainsAny,
  kGetTag,
  kHasTag,
  kIf,  // and third
  // Operands, by their numbers in lists: [second, second + third)
  kSet,
  kRecord,  // each before it the number of its name
  kCall,    // detail: a Function
};

struct Node {
  Op op = Op::kFail;
  std::uint8_t detail = 0;
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint32_t third = 0;
};

// Immutable once made, and not moved then: constants point into it.
struct Program {
  std::vector<Node> nodes;
  std::vector<Operand> constants;   // of the literals of that number
  std::vector<HashedUid> entities;  // point to literals
  std::vector<std::string> names;
  std::vector<Pattern> patterns;
  std::vector<std::uint32_t> lists;
  std::deque<Value> literals;

  void shrink_to_fit();

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
};

// Adds expressions to a program.
class Compiler {
 public:
  // Both outlive it.
  Compiler(Program& program, const Limits& limits) : program_(program), limits_(limits) {}

  // The number of the expression's node. kTooLarge when it is too deep; kInvalidArgument for a record with a key twice,
  // which no reader makes.
  Result<std::uint32_t> compile(const Expr& expression);
  std::uint32_t negate(std::uint32_t node) { return add({.op = Op::kNot, .first = node}); }
  // Their numbers in the program's pools.
  std::uint32_t name(const std::string& text);
  std::uint32_t constant(const Value& value);

 private:
  using Numbers = std::vector<std::uint32_t>;

  Result<std::uint32_t> compile(const Expr& expression, std::size_t depth);
  Result<std::uint32_t> compile_is(const Expr& expression, const Numbers& operands);
  Result<std::uint32_t> compile_record(const Expr& expression, const Numbers& values);
  Result<std::uint32_t> compile_call(const Expr& expression, const Numbers& arguments);
  std::uint32_t compile_in(std::uint32_t left, std::uint32_t right);
  std::uint32_t add(Node node);
  std::uint32_t add_constant(const Value& value);
  std::uint32_t add_list(const Numbers& numbers);
  std::uint32_t add_entities(std::span<const Value> entities);
  // The value of a node that has the same for every request; null for others.
  const Value* constant_of(std::uint32_t node) const;
  // The same of all of them; nothing unless all have one.
  std::optional<std::vector<Value>> constants_of(const Numbers& nodes) const;

  Program& program_;
  const Limits& limits_;
  std::map<std::string, std::uint32_t, std::less<>> names_;
  std::map<Value, std::uint32_t> constants_;
};

}  // namespace redoubt::policy::internal
