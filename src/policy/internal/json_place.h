// Where a reader of JSON is, and what it found wrong there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "policy/source.h"

namespace redoubt::policy::internal {

// A chain of steps on the stack, made into text only when something is wrong there.
class JsonPlace {
 public:
  JsonPlace() = default;  // the root
  JsonPlace(const JsonPlace& parent, std::string_view key) : parent_(&parent), key_(key) {}
  JsonPlace(const JsonPlace& parent, std::size_t index) : parent_(&parent), index_(index), in_array_(true) {}
  JsonPlace(const JsonPlace&) = delete;  // a child holds its address
  JsonPlace& operator=(const JsonPlace&) = delete;

  std::string pointer() const;  // RFC 6901

 private:
  const JsonPlace* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  bool in_array_ = false;
};

// What was found wrong, as far as it is kept: a hostile text has as many mistakes as bytes.
class ProblemList {
 public:
  static constexpr std::size_t kMax = 100;

  void add(const JsonPlace& place, std::string message, bool limit = false);
  bool full() const { return problems_.size() >= kMax; }
  bool empty() const { return problems_.empty(); }
  std::size_t size() const { return problems_.size(); }
  Problems take() && { return std::move(problems_); }

 private:
  Problems problems_;
};

}  // namespace redoubt::policy::internal
