// The operators and methods of the language itself, whose names are the same in Cedar's syntax and in the JSON form.
//
// Pure functions; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "policy/expr.h"

namespace redoubt::policy::internal {

struct Operator {
  std::string_view name;
  ExprKind kind;
  std::size_t operands;  // 1 or 2
  bool method = false;   // written a.name(b) rather than a name b
};

inline constexpr std::array kOperators{
    Operator{"||", ExprKind::kOr, 2},
    Operator{"&&", ExprKind::kAnd, 2},
    Operator{"==", ExprKind::kEqual, 2},
    Operator{"!=", ExprKind::kNotEqual, 2},
    Operator{"<", ExprKind::kLess, 2},
    Operator{"<=", ExprKind::kLessEqual, 2},
    Operator{">", ExprKind::kGreater, 2},
    Operator{">=", ExprKind::kGreaterEqual, 2},
    Operator{"in", ExprKind::kIn, 2},
    Operator{"+", ExprKind::kAdd, 2},
    Operator{"-", ExprKind::kSubtract, 2},
    Operator{"*", ExprKind::kMultiply, 2},
    Operator{"contains", ExprKind::kContains, 2, true},
    Operator{"containsAll", ExprKind::kContainsAll, 2, true},
    Operator{"containsAny", ExprKind::kContainsAny, 2, true},
    Operator{"isEmpty", ExprKind::kIsEmpty, 1, true},
    Operator{"getTag", ExprKind::kGetTag, 2, true},
    Operator{"hasTag", ExprKind::kHasTag, 2, true},
};

// Null where there is none.
constexpr const Operator* find_operator(ExprKind kind) {
  for (const Operator& one : kOperators) {
    if (one.kind == kind) return &one;
  }
  return nullptr;
}
constexpr const Operator* find_operator(std::string_view name) {
  for (const Operator& one : kOperators) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

// In the order of Variable and of Slot.
inline constexpr std::array<std::string_view, 4> kVariables{"principal", "action", "resource", "context"};
inline constexpr std::array<std::string_view, 2> kSlots{"?principal", "?resource"};

// So many `!` or `-` may stand together.
inline constexpr std::size_t kMaxUnary = 4;

}  // namespace redoubt::policy::internal
