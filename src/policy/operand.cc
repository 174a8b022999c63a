#include "policy/internal/operand.h"

#include <algorithm>

#include "policy/internal/value_order.h"

namespace redoubt::policy::internal {

Operand Operand::of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kBool:
      return Operand(value.boolean());
    case ValueKind::kLong:
      return Operand(value.number());
    case ValueKind::kString:
      return Operand(&value.string());
    case ValueKind::kEntity:
      return Operand(&value.entity());
    case ValueKind::kSet:
      return Operand(&value.set());
    case ValueKind::kRecord:
      return Operand(&value.record());
    case ValueKind::kExtension:
      break;
  }
  return Operand(&value.extension());
}

Value Operand::value() const {
  switch (kind_) {
    case ValueKind::kBool:
      return Value(boolean());
    case ValueKind::kLong:
      return Value(number());
    case ValueKind::kString:
      return Value(string());
    case ValueKind::kEntity:
      return Value(entity());
    case ValueKind::kSet:
      return Value(set());
    case ValueKind::kRecord:
      return Value(record());
    case ValueKind::kExtension:
      break;
  }
  return Value(extension());
}

bool equal(const Operand& a, const Operand& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::kBool:
    case ValueKind::kLong:
      return a.number() == b.number();
    case ValueKind::kString:
      return a.string() == b.string();
    case ValueKind::kEntity:
      return equal(a.entity(), b.entity());
    case ValueKind::kSet:
      return a.set() == b.set();
    case ValueKind::kRecord:
      return a.record() == b.record();
    case ValueKind::kExtension:
      break;
  }
  return a.extension() == b.extension();
}

bool contains(const Set& set, const Operand& operand) {
  const auto elements = set.elements();
  const auto at = std::lower_bound(elements.begin(), elements.end(), operand,
                                   [](const Value& a, const Operand& b) { return compare_values(a, b) < 0; });
  return at != elements.end() && compare_values(*at, operand) == 0;
}

}  // namespace redoubt::policy::internal
