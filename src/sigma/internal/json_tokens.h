// A JSON text as a sequence of tokens, and what strings and numbers among them are worth (RFC 8259).
//
// The first stage of simdjson finds where tokens begin and checks bytes: that the text is UTF-8, that strings end, and
// that no control character stands in one. Which token may follow which is the caller's to check; escapes and numbers
// are checked where they are read.
//
//   if (!tokens.read(json)) …
//   for (JsonTokens::Token token = tokens.first(); token != tokens.end(); ++token) … tokens.at(token) …
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sigma/internal/words.h"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace redoubt::sigma::internal {

// Texts that are kept until it is cleared, where they do not move.
class TextBlocks {
 public:
  void clear();
  // Room for so many bytes, and eight more.
  char* take(std::size_t size);

 private:
  static constexpr std::size_t kBlock = std::size_t{16} << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;  // of that block
};

class JsonTokens {
 public:
  // Where a token begins. Tokens stand beside each other: the next one is at `token + 1`.
  using Token = const std::uint32_t*;
  struct Number {
    std::string_view text;  // an integer in decimal, another as short as it can be
    double value = 0;
  };

  JsonTokens();
  ~JsonTokens();

  // Copies the text; what is read of it is valid until the next call. False: something is wrong with its bytes.
  bool read(std::string_view json);

  Token first() const { return first_; }
  Token end() const { return end_; }
  // The token's first character; of end() and the one after it, zero.
  char at(Token token) const { return text_[*token]; }
  // The text from the token on; 32 bytes behind its end may be read.
  const char* text_from(Token token) const { return text_ + *token; }

  // Of a string, without its quotation marks and escapes, with eight bytes behind it that may be read. False: an escape
  // is none.
  bool string(Token token, std::string_view& text) {
    text = between_quotes(token);
    return !escapes_ || unescape_all(text);
  }
  // The same, if it need only be checked.
  bool check_string(Token token) const { return !escapes_ || check_escapes(between_quotes(token)); }

  // Of a token that begins with a digit or `-`. False: it is no number, or no double holds it, or it is an integer
  // beyond 64 bits.
  bool number(Token token, Number& number) {
    if (is_few_digits(token)) {
      const std::size_t size = token[1] - token[0];
      number.text = {text_ + *token, size};
      number.value = static_cast<double>(few_digits(text_ + *token, size));
      return true;
    }
    bool negative = false;
    std::uint64_t digits = 0;
    const char* const begin = text_ + *token;
    const char* const end = short_integer(begin, negative, digits);
    if (end == nullptr) return any_number(begin, number, true);
    number.text = digits == 0 ? std::string_view("0") : std::string_view(begin, static_cast<std::size_t>(end - begin));
    number.value = negative && digits != 0 ? -static_cast<double>(digits) : static_cast<double>(digits);
    return true;
  }
  bool check_number(Token token) {
    bool negative = false;
    std::uint64_t digits = 0;
    Number number;
    return short_integer(text_ + *token, negative, digits) != nullptr || any_number(text_ + *token, number, false);
  }
  // Whether the token is an integer of at most eight digits, which the next token follows at once.
  bool is_few_digits(Token token) const {
    const std::size_t size = token[1] - token[0];
    if (size - 1 > 7) return false;  // or none: it is the end
    const char* const begin = text_ + *token;
    // Zeros above.
    const std::uint64_t word = (load_word(begin) << (64 - 8 * size)) | ((kEachByte * '0') >> 4 >> (8 * size - 4));
    // Digits are 0x30 to 0x39: six more do not change their upper halves.
    const std::uint64_t halves = (word & (kEachByte * 0xf0)) | ((word + kEachByte * 6) & (kEachByte * 0xf0)) >> 4;
    return halves == kEachByte * 0x33 && (*begin != '0' || size == 1);
  }
  // Whether the token is this word.
  bool is_word(Token token, std::string_view word) const {
    return std::string_view(text_ + *token, word.size()) == word && ends(text_[*token + word.size()]);
  }

 private:
  // What may stand right behind a number or a word.
  static constexpr std::array<bool, 256> kEnds = [] {
    std::array<bool, 256> out{};
    for (const unsigned char c : {' ', '\t', '\n', '\r', ',', ':', '[', ']', '{', '}'}) out[c] = true;
    return out;
  }();
  static bool ends(char c) { return kEnds[static_cast<unsigned char>(c)]; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  // What follows a string up to the next token is white space: the quotation mark before that is the string's own.
  std::string_view between_quotes(Token token) const {
    std::size_t end = token[1] - 1;
    while (text_[end] != '"') --end;
    return {text_ + *token + 1, end - *token - 1};
  }
  // What they are worth: pairs of digits, then fours, then all of them.
  static std::uint64_t few_digits(const char* begin, std::size_t size) {
    std::uint64_t word = (load_word(begin) & 0x0f0f0f0f0f0f0f0fULL) << (64 - 8 * size);
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffULL;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffULL;
    return (word * 10'000 + (word >> 32)) & 0xffffffffULL;
  }
  // Of an integer of at most 18 digits, its end; null: it is something else.
  static const char* short_integer(const char* next, bool& negative, std::uint64_t& digits) {
    negative = *next == '-';
    if (negative) ++next;
    const char* const first = next;
    for (; is_digit(*next); ++next) digits = digits * 10 + static_cast<std::uint64_t>(*next - '0');
    const auto count = next - first;
    return count > 0 && count <= 18 && (*first != '0' || count == 1) && ends(*next) ? next : nullptr;
  }
  // `spelled`: its text is wanted, too.
  bool any_number(const char* begin, Number& number, bool spelled);
  bool unescape_all(std::string_view& text);
  static bool check_escapes(std::string_view text);

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  std::size_t capacity_ = 0;
  std::vector<char> buffer_;
  const char* text_ = nullptr;
  Token first_ = nullptr;
  Token end_ = nullptr;
  bool escapes_ = false;  // there are some
  TextBlocks kept_;
};

}  // namespace redoubt::sigma::internal
