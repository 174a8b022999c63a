// Where in a text bytes of a class are: a pass over all of it that the searches for places begin with.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace redoubt::inspect::internal {

inline constexpr std::size_t kMaskBytes = 64;

// Of kMaskBytes bytes; the lowest bit is the first of them. Bytes behind the end of the text are of no class.
struct CharMask {
  std::uint64_t digit = 0;
  std::uint64_t alnum = 0;      // ASCII letters and digits
  std::uint64_t base64 = 0;     // kBase64 of chars.h
  std::uint64_t separator = 0;  // what stands between the characters of a text that is spaced: ` -_*.`
  std::uint64_t sign = 0;       // that something is found by: `@:%\&`
};

// Of kMaskBytes bytes at `bytes`.
CharMask char_mask(const char* bytes);

// The masks of a part of a text. Reads each byte once; kept between calls is its memory only.
class CharMasks {
 public:
  // Makes at() good for the bytes in [from, to), and for those that follow in the last of them and one mask more.
  void read(std::string_view text, std::size_t from, std::size_t to);

  // Of the bytes from `block` * kMaskBytes on.
  const CharMask& at(std::size_t block) const { return masks_[block - first_]; }

  // Calls `found` with each place in [from, to) whose bit is set in `bits(mask)`, in their order; the next mask stands
  // behind that mask, as in an array. Precondition: read().
  template <class Bits, class F>
  void each(std::size_t from, std::size_t to, Bits&& bits, F&& found) const {
    if (from >= to) return;
    std::size_t begin = from / kMaskBytes * kMaskBytes;
    for (const CharMask* mask = &at(from / kMaskBytes); begin < to; ++mask, begin += kMaskBytes) {
      for (std::uint64_t left = within(bits(mask), begin, from, to); left != 0; left &= left - 1) {
        found(begin + static_cast<std::size_t>(std::countr_zero(left)));
      }
    }
  }

  // Those bits of the block at `begin` that stand for bytes in [from, to).
  static std::uint64_t within(std::uint64_t bits, std::size_t begin, std::size_t from, std::size_t to) {
    if (from > begin) bits &= ~std::uint64_t{0} << (from - begin);
    if (to < begin + kMaskBytes) bits &= ~(~std::uint64_t{0} << (to - begin));
    return bits;
  }

 private:
  std::vector<CharMask> masks_;
  std::size_t first_ = 0;  // block of the first of them
};

}  // namespace redoubt::inspect::internal
