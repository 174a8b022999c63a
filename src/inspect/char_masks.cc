#include "inspect/internal/char_masks.h"

#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {

#ifdef __SSSE3__
namespace {

// Bytes of x in (low, high], both ASCII: moved so that `high` is the greatest signed number, they are the greatest.
__m128i in_range(__m128i x, char low, char high) {
  const auto shift = static_cast<char>(127 - high);
  return _mm_cmpgt_epi8(_mm_add_epi8(x, _mm_set1_epi8(shift)), _mm_set1_epi8(static_cast<char>(low + shift)));
}

// Bytes of x that are in a set of ASCII characters no two of which have the same low four bits: `set` has each of them
// where those say, and elsewhere what has other low bits. (PSHUFB gives 0 for bytes that are not ASCII.)
__m128i in_set(__m128i x, __m128i set) {
  return _mm_cmpeq_epi8(_mm_shuffle_epi8(set, x), x);
}

std::uint64_t bits_of(__m128i found) {
  return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found)));
}

}  // namespace

CharMask char_mask(const char* bytes) {
  const __m128i separators = _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, 0, '*', 0, 0, '-', '.', '_');
  const __m128i signs = _mm_setr_epi8('@', 0, 0, 0, 0, '%', '&', 0, 0, 0, ':', 0, '\\', 0, 0, 0);
  const __m128i base64_signs = _mm_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '+', 0, '-', 0, '/');
  CharMask out;
  for (std::size_t i = 0; i < kMaskBytes; i += sizeof(__m128i)) {
    __m128i x;
    std::memcpy(&x, bytes + i, sizeof x);
    const __m128i digit = in_range(x, '0' - 1, '9');
    const __m128i letter = in_range(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a' - 1, 'z');
    const __m128i alnum = _mm_or_si128(digit, letter);
    const __m128i underscore = _mm_cmpeq_epi8(x, _mm_set1_epi8('_'));
    const __m128i base64 = _mm_or_si128(_mm_or_si128(alnum, underscore), in_set(x, base64_signs));
    out.digit |= bits_of(digit) << i;
    out.alnum |= bits_of(alnum) << i;
    out.base64 |= bits_of(base64) << i;
    out.separator |= bits_of(in_set(x, separators)) << i;
    out.sign |= bits_of(in_set(x, signs)) << i;
  }
  return out;
}

#else

CharMask char_mask(const char* bytes) {
  constexpr std::string_view kSeparators = " -_*.";
  constexpr std::string_view kSigns = "@:%\\&";
  CharMask out;
  for (std::size_t i = 0; i < kMaskBytes; ++i) {
    const char c = bytes[i];
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (is_digit(c)) out.digit |= bit;
    if (is_alnum(c)) out.alnum |= bit;
    if (is(c, kBase64)) out.base64 |= bit;
    if (kSeparators.find(c) != std::string_view::npos) out.separator |= bit;
    if (kSigns.find(c) != std::string_view::npos) out.sign |= bit;
  }
  return out;
}

#endif

void CharMasks::read(std::string_view text, std::size_t from, std::size_t to) {
  first_ = from / kMaskBytes;
  const std::size_t count = (std::max(from, to) + kMaskBytes - 1) / kMaskBytes + 1 - first_;
  masks_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = (first_ + i) * kMaskBytes;
    if (begin + kMaskBytes <= text.size()) {
      masks_[i] = char_mask(text.data() + begin);
      continue;
    }
    char rest[kMaskBytes] = {};  // zero is of no class
    if (begin < text.size()) std::memcpy(rest, text.data() + begin, text.size() - begin);
    masks_[i] = char_mask(rest);
  }
}

}  // namespace redoubt::inspect::internal
