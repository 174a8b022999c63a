// The folded form of one text after the other, with room around it, so that whole words can be read at either end.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace redoubt::sigma::internal {

class FoldedText {
 public:
  // Bytes before the first and after the last that may be read, too. Those before it are zero.
  static constexpr std::size_t kRoom = 8;

  // Valid until the next call.
  std::string_view fold(std::string_view text);

 private:
  std::vector<char> buffer_ = std::vector<char>(256);
};

}  // namespace redoubt::sigma::internal
