// Where what is wrong with rules is gathered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sigma/rule_set.h"

namespace redoubt::sigma::internal {

class Problems {
 public:
  static constexpr std::size_t kMost = 100;

  void in_file(std::string file) { file_ = std::move(file); }
  const std::string& file() const { return file_; }

  // For `return problems.add(…)` where an optional is returned.
  std::nullopt_t add(std::size_t line, std::string message, Errc code = Errc::kMalformed) {
    if (found_.size() < kMost) found_.push_back({code, file_, line, std::move(message)});
    any_ = true;
    return std::nullopt;
  }
  bool any() const { return any_; }
  const std::vector<RuleProblem>& found() const { return found_; }

 private:
  std::string file_;
  std::vector<RuleProblem> found_;
  bool any_ = false;
};

// Whether two names differ by so little that one is likely a slip of the other.
bool looks_like(std::string_view slip, std::string_view name);

}  // namespace redoubt::sigma::internal
