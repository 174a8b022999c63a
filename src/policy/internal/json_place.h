// Where a reader of JSON is: a chain of steps on the stack, made into text only when something is wrong there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redoubt::policy::internal {

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

}  // namespace redoubt::policy::internal
