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
    return table_[state * row_ + class_of_[static_cast<unsigned char>(c)]];
  }
  // Whether a pattern ends in this state.
  bool accepts(std::uint32_t state) const { return state >= first_accepting_; }
  // Numbers of the patterns that end in this state, ascending.
  std::span<const std::uint16_t> accepted(std::uint32_t state) const {
    if (!accepts(state)) return {};
    const std::uint32_t* begin = &accepted_begin_[state - first_accepting_];
    return std::span(accepted_).subspan(begin[0], begin[1] - begin[0]);
  }
  std::size_t states() const { return table_.size() / row_; }

 private:
  friend class ShapeCompiler;
  std::size_t row_ = 1;  // of the table, for each state
  std::uint8_t class_of_[256] = {};
  std::vector<std::uint16_t> table_;
  std::uint32_t first_accepting_ = 0;          // states from here on accept, others do not
  std::vector<std::uint32_t> accepted_begin_;  // of each accepting state, and the end
  std::vector<std::uint16_t> accepted_;
};

// Errors: kInvalidArgument for a pattern that is none; kResourceExhausted when the automaton would be too large.
Result<ShapeAutomaton> compile_shapes(std::span<const std::string_view> patterns);

// The longest match, in bytes. Precondition: the pattern compiles.
Result<std::size_t> longest_match(std::string_view pattern);

}  // namespace redoubt::inspect::internal
