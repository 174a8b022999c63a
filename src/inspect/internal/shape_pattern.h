// Patterns of bounded length, and one automaton for many of them.
//
// The language: characters, `\d`, `\` before a sign, classes `[A-Z0-9]`, groups `(…)`, `|`, `?`, `{n}` and `{m,n}`.
// There is no `*` and no `+`, so every pattern has a longest match, and an automaton for all of them looks at each
// character once. Letters match in both cases unless the pattern starts with `(?-i)`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::inspect::internal {

// Matches at one place at a time. Immutable; any thread.
class ShapeAutomaton {
 public:
  static constexpr std::uint32_t kDead = 0;
  static constexpr std::uint32_t kStart = 1;

  // The state after `c`; kDead when no pattern goes on.
  std::uint32_t next(std::uint32_t state, char c) const {
    return table_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
  }
  // Whether a pattern ends in this state.
  bool accepts(std::uint32_t state) const { return accepts_[state]; }
  // Numbers of the patterns that end in this state, ascending.
  std::span<const std::uint16_t> accepted(std::uint32_t state) const {
    return std::span(accepted_).subspan(accepted_begin_[state], accepted_begin_[state + 1] - accepted_begin_[state]);
  }
  std::size_t states() const { return accepted_begin_.empty() ? 0 : accepted_begin_.size() - 1; }

 private:
  friend class ShapeCompiler;
  std::size_t classes_ = 1;
  std::uint8_t class_of_[256] = {};
  std::vector<std::uint16_t> table_;
  std::vector<bool> accepts_;  // what `accepted_begin_` says, too, in memory that stays close
  std::vector<std::uint32_t> accepted_begin_;
  std::vector<std::uint16_t> accepted_;
};

// Errors: kInvalidArgument for a pattern that is none; kResourceExhausted when the automaton would be too large.
Result<ShapeAutomaton> compile_shapes(std::span<const std::string_view> patterns);

// The longest match, in bytes. Precondition: the pattern compiles.
Result<std::size_t> longest_match(std::string_view pattern);

}  // namespace redoubt::inspect::internal
