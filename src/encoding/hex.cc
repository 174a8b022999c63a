#include "encoding/hex.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <cstring>

#include "base/check.h"
#include "encoding/base64.h"

namespace redoubt::encoding {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// The two digits of each byte, one after the other.
constexpr std::array<char, 512> kPairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = kDigits[i >> 4];
    pairs[2 * i + 1] = kDigits[i & 0xf];
  }
  return pairs;
}();

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xff);
  for (std::size_t i = 0; i < kDigits.size(); ++i) values[static_cast<unsigned char>(kDigits[i])] = i & 0xf;
  for (char c = 'A'; c <= 'F'; ++c) values[static_cast<unsigned char>(c)] = static_cast<std::uint8_t>(10 + (c - 'A'));
  return values;
}();

constexpr std::size_t kWide = 16;  // bytes at a time; digits are twice as many

#ifdef __SSE2__
inline __m128i load(const void* at) {
  __m128i out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

inline void store(void* at, __m128i bytes) {
  std::memcpy(at, &bytes, sizeof bytes);
}

inline __m128i digits_of(__m128i values) {
  const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(values, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
  return _mm_add_epi8(_mm_add_epi8(values, _mm_set1_epi8('0')), letters);
}

inline void write_wide(char* digits, const std::byte* bytes) {
  const __m128i both = load(bytes);
  const __m128i mask = _mm_set1_epi8(0xf);
  const __m128i high = digits_of(_mm_and_si128(_mm_srli_epi16(both, 4), mask));
  const __m128i low = digits_of(_mm_and_si128(both, mask));
  store(digits, _mm_unpacklo_epi8(high, low));
  store(digits + kWide, _mm_unpackhi_epi8(high, low));
}

inline __m128i is_within(__m128i characters, char first, char last) {
  return _mm_and_si128(_mm_cmpgt_epi8(characters, _mm_set1_epi8(static_cast<char>(first - 1))),
                       _mm_cmplt_epi8(characters, _mm_set1_epi8(static_cast<char>(last + 1))));
}

// Of sixteen digits, in pairs: the value of each pair in sixteen bits. What is no digit is noted in `good`.
inline __m128i values_of(const char* digits, __m128i& good) {
  const __m128i characters = load(digits);
  const __m128i lower = _mm_or_si128(characters, _mm_set1_epi8(0x20));
  const __m128i is_number = is_within(characters, '0', '9');
  const __m128i is_letter = is_within(lower, 'a', 'f');
  good = _mm_and_si128(good, _mm_or_si128(is_number, is_letter));
  const __m128i values = _mm_or_si128(_mm_and_si128(is_number, _mm_sub_epi8(characters, _mm_set1_epi8('0'))),
                                      _mm_and_si128(is_letter, _mm_sub_epi8(lower, _mm_set1_epi8('a' - 10))));
  const __m128i high = _mm_slli_epi16(_mm_and_si128(values, _mm_set1_epi16(0xff)), 4);
  return _mm_or_si128(high, _mm_srli_epi16(values, 8));
}

inline bool read_wide(std::byte* bytes, const char* digits) {
  __m128i good = _mm_set1_epi8(-1);
  const __m128i first = values_of(digits, good);
  const __m128i second = values_of(digits + kWide, good);
  store(bytes, _mm_packus_epi16(first, second));
  return _mm_movemask_epi8(good) == 0xffff;
}
#endif

void write_hex(char* digits, ByteView bytes) {
#ifdef __SSE2__
  for (; bytes.size() >= kWide; bytes = bytes.subspan(kWide), digits += 2 * kWide) write_wide(digits, bytes.data());
#endif
  for (const std::byte b : bytes) {
    std::memcpy(digits, &kPairs[2 * static_cast<std::size_t>(b)], 2);
    digits += 2;
  }
}

}  // namespace

void append_hex(std::string& out, ByteView bytes) {
  const std::size_t start = out.size();
  out.resize(start + 2 * bytes.size());
  write_hex(out.data() + start, bytes);
}

std::string hex(ByteView bytes) {
  std::string out(2 * bytes.size(), '\0');
  write_hex(out.data(), bytes);
  return out;
}

Result<Bytes> hex_decode(std::string_view text) {
  Bytes out(text.size() / 2);
  if (auto decoded = hex_decode_into(out, text); !decoded) return decoded.error();
  return out;
}

Result<> hex_decode_into(MutableByteView out, std::string_view text) {
  if (text.size() % 2 != 0) return Error(Errc::kMalformed, "hexadecimal has an odd number of digits");
  REDOUBT_CHECK(out.size() == text.size() / 2);
  std::size_t done = 0;
  bool good = true;
#ifdef __SSE2__
  for (; out.size() - done >= kWide; done += kWide) {
    good = read_wide(out.data() + done, text.data() + 2 * done) && good;
  }
#endif
  for (; done < out.size(); ++done) {
    const unsigned high = kValues[static_cast<unsigned char>(text[2 * done])];
    const unsigned low = kValues[static_cast<unsigned char>(text[2 * done + 1])];
    good = good && (high | low) <= 0xf;
    out[done] = static_cast<std::byte>(high << 4 | low);
  }
  if (!good) return Error(Errc::kMalformed, "hexadecimal has a character that is no digit");
  return {};
}

}  // namespace redoubt::encoding
