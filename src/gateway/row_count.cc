#include "gateway/row_count.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace redoubt::gateway {
namespace {

// The first byte from `at` on that ends a plain piece of a JSON string: a quotation mark, a backslash or a control
// character; `end` when there is none.
const char* plain_end(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    __m128i bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(controls, special)));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

// The first of the two from `at` on, or `end`.
const char* find_either(const char* at, const char* end, char one, char other) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    __m128i bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    const __m128i equal =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(one)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(other)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(equal));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && *at != one && *at != other) ++at;
  return at;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Of the readers below each goes past what it reads, and returns where that ends; null where it is not there. `at` may
// be `end`.

const char* past_space(const char* at, const char* end) {
  constexpr std::uint64_t kSpace = 1ULL << ' ' | 1ULL << '\n' | 1ULL << '\r' | 1ULL << '\t';
  while (at != end && static_cast<unsigned char>(*at) <= ' ' && (kSpace >> *at & 1) != 0) ++at;
  return at;
}

// RFC 8259, section 6.
const char* past_digits(const char* at, const char* end) {
  if (at == end || !is_digit(*at)) return nullptr;
  do ++at;
  while (at != end && is_digit(*at));
  return at;
}
const char* past_number(const char* at, const char* end) {
  if (at != end && *at == '-') ++at;
  at = at != end && *at == '0' ? at + 1 : past_digits(at, end);
  if (at != nullptr && at != end && *at == '.') at = past_digits(at + 1, end);
  if (at == nullptr || at == end || (*at | 0x20) != 'e') return at;
  ++at;
  if (at != end && (*at == '+' || *at == '-')) ++at;
  return past_digits(at, end);
}

// RFC 8259, section 7, behind the backslash.
const char* past_escape(const char* at, const char* end) {
  if (at == end) return nullptr;
  const char c = *at++;
  if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos ? at : nullptr;
  return end - at >= 4 && std::all_of(at, at + 4, is_hex) ? at + 4 : nullptr;
}
const char* past_string(const char* at, const char* end) {
  if (at == end || *at++ != '"') return nullptr;
  while (true) {
    at = plain_end(at, end);
    if (at == end) return nullptr;
    if (*at == '"') return at + 1;
    if (*at != '\\' || (at = past_escape(at + 1, end)) == nullptr) return nullptr;
  }
}

// The name of a member, its colon, and the space behind it.
const char* past_name(const char* at, const char* end) {
  at = past_string(at, end);
  if (at == nullptr) return nullptr;
  at = past_space(at, end);
  return at != end && *at == ':' ? past_space(at + 1, end) : nullptr;
}

const char* past_word(const char* at, const char* end, std::string_view word) {
  return std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word) ? at + word.size() : nullptr;
}

// No object or array. Precondition: at != end.
const char* past_scalar(const char* at, const char* end) {
  switch (*at) {
    case '"':
      return past_string(at, end);
    case 't':
      return past_word(at, end, "true");
    case 'f':
      return past_word(at, end, "false");
    case 'n':
      return past_word(at, end, "null");
    default:
      return past_number(at, end);
  }
}

// Goes through JSON once, and notes of it only which arrays and objects are open, and how many elements those at the
// top have.
class JsonRows {
 public:
  explicit JsonRows(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // Nothing when it is no JSON, too.
  std::optional<std::uint64_t> count() {
    std::uint64_t values = 0;
    std::uint64_t rows = 0;
    for (at_ = past_space(at_, end_); at_ != end_; ++values) {
      if (!value() || !line_break()) return std::nullopt;
      rows += kind_ == '[' && elements_ > 0 && elements_ == containers_ ? elements_ : 1;
    }
    if (values != 1) return values == 0 ? std::nullopt : std::optional(rows);
    if (kind_ == '[') return elements_;
    return largest_ > 0 ? std::optional(largest_) : std::nullopt;
  }

 private:
  // Behind a value at the top: the end, or a line break before what follows.
  bool line_break() {
    const char* const from = at_;
    at_ = past_space(at_, end_);
    return at_ == end_ || std::find(from, at_, '\n') != at_;
  }

  // A value begins, `depth` deep inside of what is open: of that the innermost is an array or not.
  void note(std::size_t depth, bool in_array, bool is_container) {
    if (depth == 1 && in_array) {
      ++elements_;
      containers_ += is_container ? 1 : 0;
    } else if (depth == 2 && in_array && kind_ == '{') {
      within_ += is_container ? 1 : 0;
    }
  }

  // One value at the top with all that is in it; false when it is none.
  bool value() {
    const char* at = at_;
    const char* const end = end_;
    kind_ = *at;
    elements_ = containers_ = within_ = largest_ = 0;
    std::array<bool, kRowDepthMax> arrays;  // of what is open, which are arrays
    std::size_t depth = 0;
    bool in_array = false;
    do {
      // INVARIANT: a value is to begin here.
      if (at == end) return false;
      const char c = *at;
      const bool is_container = c == '[' || c == '{';
      if (depth <= 2) note(depth, in_array, is_container);
      if (is_container) {
        if (depth == kRowDepthMax) return false;
        in_array = c == '[';
        arrays[depth++] = in_array;
        if (depth == 2) within_ = 0;
        at = past_space(at + 1, end);
        if (at == end) return false;
        if (*at != (in_array ? ']' : '}')) {
          if (!in_array && (at = past_name(at, end)) == nullptr) return false;
          continue;
        }
      } else if ((at = past_scalar(at, end)) == nullptr) {
        return false;
      }
      // Closes what ends here, up to where the next value begins.
      while (depth > 0) {
        at = past_space(at, end);
        if (at == end) return false;
        if (*at == ',') {
          at = past_space(at + 1, end);
          if (!in_array && (at = past_name(at, end)) == nullptr) return false;
          break;
        }
        if (*at != (in_array ? ']' : '}')) return false;
        if (depth == 2) largest_ = std::max(largest_, within_);
        ++at;
        --depth;
        in_array = depth > 0 && arrays[depth - 1];
      }
    } while (depth > 0);
    at_ = at;
    return true;
  }

  const char* at_;
  const char* const end_;
  char kind_ = 0;                 // the first byte of the value at the top
  std::uint64_t elements_ = 0;    // of an array at the top
  std::uint64_t containers_ = 0;  // of these, objects and arrays
  std::uint64_t within_ = 0;      // objects and arrays in the array that is open directly within an object
  std::uint64_t largest_ = 0;     // the most of those
};

// RFC 4180, section 2, but for what separates fields.
class TableRows {
 public:
  explicit TableRows(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<std::uint64_t> count() {
    const std::string_view text(at_, static_cast<std::size_t>(end_ - at_));
    const std::string_view first = text.substr(0, text.find('\n'));
    if (first.size() == text.size()) return std::nullopt;
    const auto has = [&](char c) { return first.find(c) != std::string_view::npos; };
    separator_ = has('\t') ? '\t' : has(';') ? ';' : ',';
    const char* const from = at_;
    while (end_ != from && (end_[-1] == '\n' || end_[-1] == '\r')) --end_;
    const std::uint64_t columns = line(true);
    if (columns < 2) return std::nullopt;
    std::uint64_t rows = 0;
    for (; at_ != end_; ++rows) {
      if (line(false) != columns) return std::nullopt;
    }
    return rows >= 2 ? std::optional(rows) : std::nullopt;
  }

 private:
  // How many fields the line has, and goes to the next line. 0: one of them is none, or no name where it must be.
  std::uint64_t line(bool are_names) {
    for (std::uint64_t fields = 1;; ++fields) {
      const char* const begin = at_;
      if (!field()) return 0;
      const bool is_unnamed = fields == 1 && begin == at_;  // of the rows' numbers
      if (are_names && !is_unnamed && !is_name({begin, static_cast<std::size_t>(at_ - begin)})) return 0;
      if (at_ == end_) return fields;
      if (*at_++ == '\n') return fields;
    }
  }

  // Goes to the separator or the line's end behind the field.
  bool field() {
    if (separator_ != '\t' && at_ != end_ && *at_ == '"') {
      do {
        at_ = std::find(at_ + 1, end_, '"');
        if (at_ == end_) return false;
        ++at_;
      } while (at_ != end_ && *at_ == '"');
      if (at_ != end_ && *at_ == '\r') ++at_;
      return at_ == end_ || *at_ == separator_ || *at_ == '\n';
    }
    at_ = find_either(at_, end_, separator_, '\n');
    return true;
  }

  static bool is_name(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    const auto is_letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    };
    return !text.empty() && text.size() <= kColumnNameSizeMax && text.front() != ' ' && text.back() != ' ' &&
           std::any_of(text.begin(), text.end(), is_letter);
  }

  const char* at_;
  const char* end_;
  char separator_ = ',';
};

}  // namespace

std::optional<std::uint64_t> count_rows(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  const auto rows = JsonRows(text).count();
  if (rows || text[first] == '[' || text[first] == '{') return rows;
  return TableRows(text.substr(text.find_first_not_of("\r\n"))).count();
}

}  // namespace redoubt::gateway
