// The order of values (value.h), of whatever has a value's kinds.
#pragma once

#include <compare>

#include "policy/value.h"

namespace redoubt::policy::internal {

// By kind first. A and B are Value or Operand.
template <class A, class B>
std::strong_ordering compare_values(const A& a, const B& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  switch (a.kind()) {
    case ValueKind::kBool:
      return a.boolean() <=> b.boolean();
    case ValueKind::kLong:
      return a.number() <=> b.number();
    case ValueKind::kString:
      return a.string() <=> b.string();
    case ValueKind::kEntity:
      return a.entity() <=> b.entity();
    case ValueKind::kSet:
      return a.set() <=> b.set();
    case ValueKind::kRecord:
      return a.record() <=> b.record();
    case ValueKind::kExtension:
      break;
  }
  return a.extension() <=> b.extension();
}

}  // namespace redoubt::policy::internal
