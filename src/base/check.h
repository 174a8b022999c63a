// REDOUBT_CHECK(condition): a broken invariant stops the program, in release builds too.
//
// For what can only be false through a mistake of ours; what outside bytes can cause is a `Result`.
#pragma once

namespace redoubt {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace redoubt

#define REDOUBT_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::redoubt::check_failed(#condition, __FILE__, __LINE__))
