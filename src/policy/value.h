// Values that expressions have (Cedar reference, "Data types"): booleans, 64-bit integers, strings, entity UIDs, sets,
// records, and the extension types.
//
// Immutable once made. Sets and records share what they hold: copying a value costs no allocation. Equality is Cedar's
// `==`: values of different types differ, sets do not know order or repetition, records not the order of keys.
// Ordering is any total one that agrees with it, by kind first; it means nothing to policies. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "policy/extension.h"
#include "policy/name.h"

namespace redoubt::policy {

class Value;
struct Attribute;

// Distinct values in the order of Value's ordering.
class Set {
 public:
  Set() = default;
  explicit Set(std::vector<Value> elements);  // in any order, repeated or not
  std::span<const Value> elements() const;
  bool contains(const Value& value) const;
  friend std::strong_ordering operator<=>(const Set& a, const Set& b);
  friend bool operator==(const Set& a, const Set& b);

 private:
  std::shared_ptr<const std::vector<Value>> elements_;  // null: none
};

// Attributes by name, names differ, in the order of their bytes.
class Record {
 public:
  Record() = default;
  // kAlreadyExists for a name that is there twice.
  static Result<Record> create(std::vector<Attribute> attributes);
  std::span<const Attribute> attributes() const;
  const Value* find(std::string_view name) const;  // null when there is none; lives as long as any copy of the record
  friend std::strong_ordering operator<=>(const Record& a, const Record& b);
  friend bool operator==(const Record& a, const Record& b);

 private:
  std::shared_ptr<const std::vector<Attribute>> attributes_;  // null: none
};

enum class ValueKind : std::uint8_t { kBool, kLong, kString, kEntity, kSet, kRecord, kExtension };

class Value {
 public:
  explicit Value(bool value) : value_(value) {}
  explicit Value(std::int64_t value) : value_(value) {}
  explicit Value(std::string value) : value_(std::make_shared<const std::string>(std::move(value))) {}
  explicit Value(EntityUid value) : value_(std::make_shared<const EntityUid>(std::move(value))) {}
  explicit Value(Set value) : value_(std::move(value)) {}
  explicit Value(Record value) : value_(std::move(value)) {}
  explicit Value(Extension value) : value_(value) {}
  Value(const char*) = delete;  // would be a bool

  ValueKind kind() const { return static_cast<ValueKind>(value_.index()); }
  // Precondition for each: kind() says so.
  bool boolean() const { return std::get<bool>(value_); }
  std::int64_t number() const { return std::get<std::int64_t>(value_); }
  const std::string& string() const { return *std::get<2>(value_); }
  const EntityUid& entity() const { return *std::get<3>(value_); }
  const Set& set() const { return std::get<Set>(value_); }
  const Record& record() const { return std::get<Record>(value_); }
  const Extension& extension() const { return std::get<Extension>(value_); }

  friend std::strong_ordering operator<=>(const Value& a, const Value& b);
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<bool, std::int64_t, std::shared_ptr<const std::string>, std::shared_ptr<const EntityUid>, Set, Record,
               Extension>
      value_;
};

struct Attribute {
  std::string name;
  Value value;
  friend std::strong_ordering operator<=>(const Attribute& a, const Attribute& b) = default;
  friend bool operator==(const Attribute& a, const Attribute& b) = default;
};

// The value as an expression that gives it, on one line: `{"a": 1}`, `ip("::1")`.
std::string to_cedar(const Value& value);
// The type's name as error messages have it: `bool`, `long`, `string`, `(entity of type `User`)`, `set`, `record`,
// `decimal`, `ipaddr`, `datetime`, `duration`.
std::string type_name(const Value& value);

}  // namespace redoubt::policy
