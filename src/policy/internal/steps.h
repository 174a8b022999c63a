// What validation may still cost (Limits::max_validation_steps): a policy is checked for each kind of request that its
// scope admits, and a schema can have more of them than anybody has time for.
#pragma once

#include <algorithm>
#include <cstdint>

namespace redoubt::policy::internal {

class Steps {
 public:
  explicit Steps(std::uint64_t steps) : left_(steps) {}
  // False when none are left: what comes next is left off.
  bool spend(std::uint64_t steps = 1) {
    left_ -= std::min(steps, left_);
    return left_ > 0;
  }
  bool spent() const { return left_ == 0; }

 private:
  std::uint64_t left_;
};

}  // namespace redoubt::policy::internal
