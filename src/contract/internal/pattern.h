// Patterns of JSON Schema: regular expressions of ECMA-262 (flag `u`, as Core §6.4 wants them), matched by RE2.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::contract::internal {

class Pattern {
 public:
  // Errors: kUnsupported for lookaround, back-references and what else RE2 cannot do, kMalformed for bad syntax,
  // kTooLarge for a pattern that needs more than 512 KiB.
  static Result<Pattern> compile(std::string_view ecma);

  // Anywhere in `text`, which is UTF-8. Any thread; linear time.
  bool matches(std::string_view text) const { return re2::RE2::PartialMatch(text, *compiled_); }

 private:
  explicit Pattern(std::unique_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::unique_ptr<const re2::RE2> compiled_;
};

// The same pattern in RE2's syntax: escapes that it lacks are spelled out, and what the two read differently is
// refused.
Result<std::string> ecma_to_re2(std::string_view ecma);

}  // namespace redoubt::contract::internal
