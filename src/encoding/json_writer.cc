#include "encoding/json_writer.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <simdjson.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "encoding/base64.h"

namespace redoubt::encoding {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// Bytes above ASCII: kUnchecked stops a scan at them, kWellFormed has them pass.
enum class HighBytes { kUnchecked, kWellFormed };

// Whether a JSON string holds the byte as it is.
template <HighBytes kHigh>
bool is_plain(std::uint8_t c) {
  return c >= 0x20 && c != '"' && c != '\\' && (c < 0x80 || kHigh == HighBytes::kWellFormed);
}

// The index of the first byte from `i` on that is not plain, or the size.
template <HighBytes kHigh>
std::size_t skip_plain(std::string_view text, std::size_t i) {
#ifdef __SSE2__
  for (; i + 16 <= text.size(); i += 16) {
    __m128i chunk;
    std::memcpy(&chunk, text.data() + i, 16);
    // Signed, so that bytes above ASCII are below the space, too; or unsigned.
    const __m128i control = kHigh == HighBytes::kUnchecked
                                ? _mm_cmplt_epi8(chunk, _mm_set1_epi8(0x20))
                                : _mm_cmpeq_epi8(_mm_min_epu8(chunk, _mm_set1_epi8(0x1f)), chunk);
    const __m128i quote = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
    const int special = _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
    if (special != 0) return i + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(special)));
  }
#endif
  while (i < text.size() && is_plain<kHigh>(byte_at(text, i))) ++i;
  return i;
}

struct Sequence {
  std::size_t size;  // bytes to step over, at least 1
  bool valid;
};

// The UTF-8 sequence at `i`, whose first byte is above 0x7f, by the table of well-formed byte sequences (Unicode §3.9,
// Table 3-7; RFC 3629 §4). An invalid one is as long as its maximal subpart.
Sequence sequence_at(std::string_view text, std::size_t i) {
  const std::uint8_t first = byte_at(text, i);
  std::size_t size = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;   // no overlong forms
    if (first == 0xed) high = 0x9f;  // no surrogates
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;   // no overlong forms
    if (first == 0xf4) high = 0x8f;  // nothing above U+10FFFF
  } else {
    return {1, false};
  }
  for (std::size_t k = 1; k < size; ++k) {
    if (i + k >= text.size() || byte_at(text, i + k) < low || byte_at(text, i + k) > high) return {k, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

void append_escape(std::string& out, std::uint8_t c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  const std::byte b{c};
  append_hex(out, {&b, 1});
}

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t run = 0;  // start of what is copied as it is and not yet appended
  std::size_t i = skip_plain<HighBytes::kUnchecked>(text, 0);
  if (i < text.size() && is_utf8(text.substr(i))) {
    while ((i = skip_plain<HighBytes::kWellFormed>(text, i)) < text.size()) {
      out.append(text, run, i - run);
      append_escape(out, byte_at(text, i));
      run = ++i;
    }
  } else {
    for (; i < text.size(); i = skip_plain<HighBytes::kUnchecked>(text, i)) {
      const std::uint8_t c = byte_at(text, i);
      const Sequence sequence = c < 0x80 ? Sequence{1, false} : sequence_at(text, i);
      if (!sequence.valid) {
        out.append(text, run, i - run);
        if (c < 0x80) {
          append_escape(out, c);
        } else {
          out += kReplacement;
        }
        run = i + sequence.size;
      }
      i += sequence.size;
    }
  }
  out.append(text, run, text.size() - run);
  out += '"';
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

void JsonWriter::comma() {
  if (need_comma_) out_ += ',';
  need_comma_ = true;
}

void JsonWriter::begin_object() {
  comma();
  out_ += '{';
  need_comma_ = false;
}

void JsonWriter::end_object() {
  out_ += '}';
  need_comma_ = true;
}

void JsonWriter::begin_array() {
  comma();
  out_ += '[';
  need_comma_ = false;
}

void JsonWriter::end_array() {
  out_ += ']';
  need_comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  comma();
  append_json_string(out_, name);
  out_ += ':';
  need_comma_ = false;
}

void JsonWriter::value(std::string_view text) {
  comma();
  append_json_string(out_, text);
}

void JsonWriter::value(bool flag) {
  comma();
  out_ += flag ? "true" : "false";
}

void JsonWriter::value(std::int64_t number) {
  comma();
  append_number(out_, number);
}

void JsonWriter::value(std::uint64_t number) {
  comma();
  append_number(out_, number);
}

void JsonWriter::value_hex(ByteView bytes) {
  comma();
  out_ += '"';
  append_hex(out_, bytes);
  out_ += '"';
}

void JsonWriter::null() {
  comma();
  out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  comma();
  out_ += json;
}

}  // namespace redoubt::encoding
