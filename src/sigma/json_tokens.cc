#include "sigma/internal/json_tokens.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "sigma/internal/fold.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kLeastCapacity = 4096;
constexpr std::size_t kRoom = 64;  // that simdjson reads, and words of eight bytes

std::optional<unsigned> hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc() || end != text.data() + 4 || text[0] == '-') return std::nullopt;
  return value;
}

// What an escape stands for, `rest` being what is behind the backslash; its bytes are taken from `rest`. A surrogate
// without its other half is none (RFC 8259 §8.2).
std::optional<char32_t> unescape(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  const char c = rest.front();
  rest.remove_prefix(1);
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return static_cast<char32_t>(c);
    case 'b':
      return U'\b';
    case 'f':
      return U'\f';
    case 'n':
      return U'\n';
    case 'r':
      return U'\r';
    case 't':
      return U'\t';
    case 'u':
      break;
    default:
      return std::nullopt;
  }
  const auto first = hex4(rest);
  if (!first || (*first >= 0xdc00 && *first < 0xe000)) return std::nullopt;
  rest.remove_prefix(4);
  if (*first < 0xd800 || *first >= 0xe000) return static_cast<char32_t>(*first);
  if (!rest.starts_with("\\u")) return std::nullopt;
  const auto second = hex4(rest.substr(2));
  if (!second || *second < 0xdc00 || *second >= 0xe000) return std::nullopt;
  rest.remove_prefix(6);
  return static_cast<char32_t>(0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00));
}

// Whether a number that no double holds is too large, rather than too small: by the power of ten of its first digit
// that is not zero.
bool is_too_large(std::string_view text) {
  const std::size_t mark = text.find_first_of("eE");
  std::int64_t power = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    for (const char c : digits) power = std::min<std::int64_t>(power * 10 + (c - '0'), std::int64_t{1} << 40);
    if (negative) power = -power;
  }
  const std::string_view digits = text.substr(0, mark);
  const std::size_t dot = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  const auto before = static_cast<std::int64_t>(dot) - static_cast<std::int64_t>(first);
  return power + before > 0;
}

// None: it is beyond the doubles. What is too small is zero.
std::optional<double> double_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (is_too_large(text)) return std::nullopt;
    return text.starts_with('-') ? -0.0 : 0.0;
  }
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

void TextBlocks::clear() {
  block_ = 0;
  used_ = 0;
}

char* TextBlocks::take(std::size_t size) {
  size += 8;
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t own = std::max(size, kBlock);
    blocks_.push_back({std::make_unique<char[]>(own), own});
  }
  char* const out = blocks_[block_].bytes.get() + used_;
  used_ += size;
  return out;
}

JsonTokens::JsonTokens() = default;
JsonTokens::~JsonTokens() = default;

bool JsonTokens::read(std::string_view json) {
  if (json.size() > capacity_ || stage_ == nullptr) {
    capacity_ = std::max(json.size() + json.size() / 4, kLeastCapacity);
    // Its own limit of depth is for stages that are not used.
    REDOUBT_CHECK(simdjson::get_active_implementation()->create_dom_parser_implementation(capacity_, 1, stage_) ==
                  simdjson::SUCCESS);
    buffer_.assign(capacity_ + kRoom, '\0');
    text_ = buffer_.data();
  }
  kept_.clear();
  if (!json.empty()) std::memcpy(buffer_.data(), json.data(), json.size());
  buffer_[json.size()] = '\0';
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text_);
  if (stage_->stage1(bytes, json.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return false;
  // INVARIANT: behind the last token stands the text's size, twice.
  first_ = stage_->structural_indexes.get();
  end_ = first_ + stage_->n_structural_indexes;
  escapes_ = std::memchr(text_, '\\', json.size()) != nullptr;
  return true;
}

bool JsonTokens::unescape_all(std::string_view& text) {
  if (text.find('\\') == std::string_view::npos) return true;
  // No escape is shorter than what it stands for.
  char* const begin = kept_.take(text.size());
  char* to = begin;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    std::memcpy(to, text.data(), plain);
    to += plain;
    text.remove_prefix(plain);
    if (text.empty()) break;
    text.remove_prefix(1);
    const auto point = unescape(text);
    if (!point) return false;
    to += put_utf8(to, *point);
  }
  text = {begin, static_cast<std::size_t>(to - begin)};
  return true;
}

bool JsonTokens::check_escapes(std::string_view text) {
  for (std::size_t next = text.find('\\'); next != std::string_view::npos; next = text.find('\\')) {
    text.remove_prefix(next + 1);
    if (!unescape(text)) return false;
  }
  return true;
}

// Those that are long, no integers, or not well formed.
bool JsonTokens::any_number(const char* begin, Number& number, bool spelled) {
  const bool negative = *begin == '-';
  const char* next = begin + (negative ? 1 : 0);
  const char* const first = next;
  while (is_digit(*next)) ++next;
  if (next == first || (*first == '0' && next - first > 1)) return false;
  bool integer = true;
  if (*next == '.') {
    integer = false;
    if (!is_digit(*++next)) return false;
    while (is_digit(*next)) ++next;
  }
  if (*next == 'e' || *next == 'E') {
    integer = false;
    ++next;
    if (*next == '+' || *next == '-') ++next;
    if (!is_digit(*next)) return false;
    while (is_digit(*next)) ++next;
  }
  if (!ends(*next)) return false;
  number.text = {begin, static_cast<std::size_t>(next - begin)};
  if (integer) {
    std::int64_t below_zero = 0;
    std::uint64_t digits = 0;
    const auto error = negative ? std::from_chars(begin, next, below_zero).ec : std::from_chars(begin, next, digits).ec;
    number.value = negative ? static_cast<double>(below_zero) : static_cast<double>(digits);
    return error == std::errc();
  }
  const auto value = double_of(number.text);
  if (!value || !spelled) return value.has_value();
  constexpr std::size_t kLongest = 32;
  char* const to = kept_.take(kLongest);
  const auto [end, error] = std::to_chars(to, to + kLongest, *value);
  number.text = {to, static_cast<std::size_t>(end - to)};
  number.value = *value;
  return true;
}

}  // namespace redoubt::sigma::internal
