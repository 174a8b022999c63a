// One validation of one instance: asks schemas about values, within the work and the depth that it may take.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "contract/internal/schema.h"
#include "contract/internal/value.h"
#include "contract/json_schema.h"

namespace redoubt::contract::internal {

// Where in the instance: a chain of steps on the stack, made into text only when something is wrong there.
class Place {
 public:
  Place() = default;  // the root
  Place(const Place& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Place(const Place& parent, std::size_t index) : parent_(&parent), index_(index), in_array_(true) {}
  Place(const Place&) = delete;  // a child holds its address
  Place& operator=(const Place&) = delete;

  std::string pointer() const;

 private:
  const Place* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
  bool in_array_ = false;
};

// Which members or items of one value were evaluated, by position (Core §11). A null one: nobody asks.
using Evaluated = std::vector<bool>;

class Validation {
 public:
  Validation(std::uint64_t max_work, std::size_t max_problems) : work_(max_work), max_problems_(max_problems) {}

  // Whether the value is valid. It is not known when the work or the depth is exceeded, see exceeded().
  bool check(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated = nullptr);

  bool exceeded() const { return work_.exhausted() || too_deep_; }
  std::vector<SchemaProblem> take_problems() { return std::move(problems_); }

 private:
  // Each says whether the value has what its keywords ask for, and reports what is wrong.
  bool check_type(const Schema& schema, const Value& value, const Place& place);
  bool check_values(const Schema& schema, const Value& value, const Place& place);
  bool check_number(const Schema& schema, const Value& value, const Place& place);
  bool check_string(const Schema& schema, const Value& value, const Place& place);
  bool check_array(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_contains(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_unique(const Schema& schema, const Value& value, const Place& place);
  bool check_object(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_member(const Schema& schema, const Value& value, std::string_view name, const Place& parent, bool* known);
  bool check_dependents(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_parts(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_alternatives(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);
  bool check_unevaluated(const Schema& schema, const Value& value, const Place& place, Evaluated& evaluated);

  // The same as check(), without reports, and without a mark in `evaluated` unless it is valid.
  bool holds(const Schema& schema, const Value& value, const Place& place, Evaluated* evaluated);

  bool has(const simdjson::dom::object& object, std::string_view name);
  // False, after a report.
  bool fail(const Schema& schema, std::string_view keyword, const Place& place, std::string_view reason);
  // Whether to go on when something is wrong, to find what else is.
  bool goes_on() const { return quiet_ == 0 && problems_.size() < max_problems_ && !exceeded(); }

  Work work_;
  std::size_t max_problems_;
  std::vector<SchemaProblem> problems_;
  int quiet_ = 0;  // inside so many alternatives
  int depth_ = 0;
  bool too_deep_ = false;
};

}  // namespace redoubt::contract::internal
