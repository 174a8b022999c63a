// A value of JSON that is validated: an element of a document, or the name of a member as a string of its own.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string_view>

#include "contract/internal/decimal.h"

namespace redoubt::contract::internal {

using JsonType = simdjson::dom::element_type;

// Of an element of that type. By value, since what simdjson returns dies with its result in a range-based `for`.
inline simdjson::dom::object as_object(simdjson::dom::element json) {
  return json.get_object().value_unsafe();
}
inline simdjson::dom::array as_array(simdjson::dom::element json) {
  return json.get_array().value_unsafe();
}
inline std::string_view as_text(simdjson::dom::element json) {
  return json.get_string().value_unsafe();
}
inline bool as_bool(simdjson::dom::element json) {
  return json.get_bool().value_unsafe();
}

class Value {
 public:
  explicit Value(simdjson::dom::element json) : element_(json), type_(json.type()) {
    if (type_ == JsonType::STRING) text_ = as_text(json);
  }
  explicit Value(std::string_view name) : text_(name), type_(JsonType::STRING) {}

  JsonType type() const { return type_; }
  bool is_number() const { return type_ == JsonType::INT64 || type_ == JsonType::UINT64 || type_ == JsonType::DOUBLE; }

  // Precondition for each: it is of that type.
  std::string_view text() const { return text_; }
  bool boolean() const { return as_bool(element_); }
  Decimal number() const { return *Decimal::of(element_); }
  simdjson::dom::array array() const { return as_array(element_); }
  simdjson::dom::object object() const { return as_object(element_); }

 private:
  simdjson::dom::element element_;
  std::string_view text_;
  JsonType type_;
};

// What a validation may still do. Once it is spent nothing is found out any more, and whoever asks must not answer.
class Work {
 public:
  explicit Work(std::uint64_t steps) : left_(steps) {}
  bool spend(std::uint64_t steps) {
    if (steps > left_) exhausted_ = true;
    left_ -= exhausted_ ? left_ : steps;
    return !exhausted_;
  }
  bool exhausted() const { return exhausted_; }

 private:
  std::uint64_t left_;
  bool exhausted_ = false;
};

// As JSON Schema compares (Core §4.2.2): numbers by value, objects in any order. False when the work is exhausted.
bool equal(const Value& a, const Value& b, Work& work);
// Equal for equal values.
std::uint64_t hash(const Value& value, Work& work);

}  // namespace redoubt::contract::internal
