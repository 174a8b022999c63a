#include "policy/internal/json_document.h"

#include <algorithm>
#include <utility>

namespace redoubt::policy::internal {
namespace {

// What a thread's reader takes. Its buffers, about eleven times the bytes, stay as long as the thread.
constexpr encoding::JsonLimits kSmall = {.max_bytes = 64 * 1024, .max_depth = Limits{}.max_depth};

struct KeptReader {
  encoding::JsonReader reader{kSmall};
  bool lent = false;
};

KeptReader& kept_reader() {
  thread_local KeptReader kept;
  return kept;
}

}  // namespace

LentReader::LentReader(std::size_t text_bytes, const Limits& limits) {
  // Both within what JsonReader takes.
  const encoding::JsonLimits taken = {.max_bytes = std::min<std::size_t>(limits.max_bytes, 0xffff'fffe),
                                      .max_depth = std::clamp<std::size_t>(limits.max_depth, 1, 1024)};
  const bool is_small = text_bytes <= std::min(kSmall.max_bytes, taken.max_bytes);
  if (is_small && taken.max_depth == kSmall.max_depth && !std::exchange(kept_reader().lent, true)) {
    reader_ = &kept_reader().reader;
  } else {
    reader_ = &own_.emplace(taken);
  }
}

LentReader::~LentReader() {
  if (own_) return;
  reader_->forget();
  kept_reader().lent = false;
}

}  // namespace redoubt::policy::internal
