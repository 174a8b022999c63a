// Evaluates nodes of a program for one request, as the Cedar reference evaluates expressions: operands from left to
// right, && and || and if only as far as needed, the first error as the result.
//
// No allocation but for sets and records that are computed, and beyond kExtensions extension values alive at once.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "policy/internal/program.h"
#include "policy/internal/store.h"
#include "policy/internal/subject.h"

namespace redoubt::policy::internal {

class Evaluator {
 public:
  // All outlive it. `subjects` are those of the request.
  Evaluator(const Program& program, const Store& store, const Request& request, const Subjects& subjects)
      : program_(program), store_(store), context_(&request.context), subjects_(subjects) {}

  // The result, or the error. Valid until the next call of forget(). Recurses as deep as the expression was.
  Operand evaluate(std::uint32_t node);
  // The same, where anything but a boolean is an error.
  Operand test(std::uint32_t node);
  // True when all are true, false at the first that is false, or the first error.
  Operand test_all(std::span<const std::uint32_t> nodes);
  // Drops what was computed.
  void forget();

  // Where the last error came from, and what its operands were.
  struct Failure {
    static constexpr std::uint32_t kNone = 0xffffffff;
    std::uint32_t node = kNone;  // kNone: it was test(), which found `left`
    Operand left;
    Operand right;
  };
  const Failure& failure() const { return failure_; }
  const Program& program() const { return program_; }

 private:
  static constexpr std::size_t kExtensions = 8;
  union ExtensionSlot {
    ExtensionSlot() : none() {}
    char none;
    Extension value;
  };

  Operand fail(std::uint32_t node, EvalError error, Operand left = {}, Operand right = {});
  Operand logic(std::uint32_t node);
  Operand conditional(std::uint32_t node);
  Operand unary(std::uint32_t node);
  Operand binary(std::uint32_t node);
  Operand order(std::uint32_t node, Operand left, Operand right);
  Operand arithmetic(std::uint32_t node, Operand left, Operand right);
  Operand sets(std::uint32_t node, Operand left, Operand right);
  Operand tags(std::uint32_t node, Operand left, Operand right);
  Operand attribute(std::uint32_t node, Operand of);
  Operand has(std::uint32_t node, Operand of);
  Operand in_entities(std::uint32_t node, Operand left);
  Operand in(std::uint32_t node, Operand left, Operand right);
  Operand make_set(std::uint32_t node);
  Operand make_record(std::uint32_t node);
  Operand call(std::uint32_t node);

  // Null when the store does not have the entity.
  const Entity* entity(const EntityUid& uid) const;
  const Store::Node* node_of(const EntityUid& uid) const;
  Operand keep(Value value);
  Operand keep(const Extension& value);

  const Program& program_;
  const Store& store_;
  const Record* context_;
  const Subjects& subjects_;
  std::array<ExtensionSlot, kExtensions> extensions_;
  std::size_t extensions_used_ = 0;
  std::vector<std::unique_ptr<const Value>> computed_;
  Failure failure_;
};

}  // namespace redoubt::policy::internal
