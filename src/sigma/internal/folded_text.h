// The folded form of one text after the other, with room around it, so that whole words can be read at either end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sigma/internal/words.h"

namespace redoubt::sigma::internal {

class FoldedText {
 public:
  // Bytes before the first and after the last that may be read, too. Those before it are zero.
  static constexpr std::size_t kRoom = 8;

  // Valid until the next call.
  std::string_view fold(std::string_view text) {
    // Most are as short as this, and ASCII. The buffer is never smaller.
    if (text.size() <= 16) {
      char* const to = buffer_.data() + kRoom;
      const std::uint64_t first = word_of(text);
      std::uint64_t last = 0;
      store_word(to, fold_word(first));
      if (text.size() > 8) {
        last = load_word(text.data() + text.size() - 8);
        store_word(to + text.size() - 8, fold_word(last));
      }
      if (((first | last) & (kEachByte * 0x80)) == 0) return {to, text.size()};
    }
    return fold_any(text);
  }

 private:
  std::string_view fold_any(std::string_view text);
  std::vector<char> buffer_ = std::vector<char>(256);
};

}  // namespace redoubt::sigma::internal
