#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace redoubt {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "redoubt: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace redoubt
