// What an evaluation works on: scalars in place, everything else by pointer to what is there already (a literal, an
// attribute, the request). Sixteen bytes, copied freely, nothing owned.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "policy/authorizer.h"
#include "policy/value.h"

namespace redoubt::policy::internal {

class Operand {
 public:
  Operand() : Operand(EvalError::kType) {}
  Operand(EvalError error) : failed_(true), error_(error) {}  // NOLINT(google-explicit-constructor)
  explicit Operand(bool value) : kind_(ValueKind::kBool), number_(value ? 1 : 0) {}
  explicit Operand(std::int64_t value) : kind_(ValueKind::kLong), number_(value) {}
  explicit Operand(const std::string* value) : kind_(ValueKind::kString), pointer_(value) {}
  explicit Operand(const EntityUid* value) : kind_(ValueKind::kEntity), pointer_(value) {}
  explicit Operand(const Set* value) : kind_(ValueKind::kSet), pointer_(value) {}
  explicit Operand(const Record* value) : kind_(ValueKind::kRecord), pointer_(value) {}
  explicit Operand(const Extension* value) : kind_(ValueKind::kExtension), pointer_(value) {}
  // What the value holds, for as long as the value is there.
  static Operand of(const Value& value);

  bool failed() const { return failed_; }
  EvalError error() const { return error_; }  // precondition: failed()

  bool is(ValueKind kind) const { return kind_ == kind && !failed_; }
  bool is_true() const { return is(ValueKind::kBool) && number_ != 0; }

  // Precondition for the rest: !failed(), and for each but the first two that kind() says so.
  ValueKind kind() const { return kind_; }
  Value value() const;  // a copy; allocates for strings and entities
  bool boolean() const { return number_ != 0; }
  std::int64_t number() const { return number_; }
  const std::string& string() const { return *static_cast<const std::string*>(pointer_); }
  const EntityUid& entity() const { return *static_cast<const EntityUid*>(pointer_); }
  const Set& set() const { return *static_cast<const Set*>(pointer_); }
  const Record& record() const { return *static_cast<const Record*>(pointer_); }
  const Extension& extension() const { return *static_cast<const Extension*>(pointer_); }

 private:
  ValueKind kind_ = ValueKind::kBool;
  bool failed_ = false;
  EvalError error_ = EvalError::kType;
  union {
    std::int64_t number_ = 0;
    const void* pointer_;
  };
};

// Cedar's `==`. Precondition: neither failed.
bool equal(const Operand& a, const Operand& b);
// Whether an element of the set equals `operand`, by binary search.
bool contains(const Set& set, const Operand& operand);

inline bool equal(const EntityUid& a, const EntityUid& b) {
  return &a == &b || (a.id == b.id && a.type == b.type);
}

}  // namespace redoubt::policy::internal
