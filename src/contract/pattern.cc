#include "contract/internal/pattern.h"

#include <cstdint>
#include <optional>

namespace redoubt::contract::internal {
namespace {

constexpr std::int64_t kMaxMemoryBytes = 512 * 1024;  // of one pattern, its automaton included

// ECMA-262 §22.2.2.9 and §12.2–12.3: white space and ends of lines. In RE2 `\s` is six characters of ASCII.
constexpr std::string_view kSpaces =
    R"(\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view kLineEnds = R"(\n\r\x{2028}\x{2029})";

Error unsupported(std::string_view what) {
  return Error(Errc::kUnsupported,
               "the pattern has " + std::string(what) + ", which matching in linear time cannot do");
}
Error malformed(std::string_view what) {
  return Error(Errc::kMalformed, "the pattern " + std::string(what));
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class Translator {
 public:
  explicit Translator(std::string_view ecma) : rest_(ecma) {}

  Result<std::string> translate() {
    while (!rest_.empty()) {
      auto done = in_class_ ? class_atom() : atom();
      if (!done) return done.error();
    }
    if (in_class_) return malformed("has a class without an end");
    return std::move(out_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  Result<> atom() {
    const char c = take();
    if (c == '\\') return escape();
    if (c == '[') {
      in_class_ = true;
      const bool negated = take("^");
      if (rest_.starts_with("]")) return unsupported("an empty class");  // RE2 would take `]` for a member
      out_ += negated ? "[^" : "[";
      return {};
    }
    if (c == '.') {
      out_.append("[^").append(kLineEnds).append("]");
      return {};
    }
    out_ += c;
    return c == '(' ? group() : Result<>();
  }

  Result<> group() {
    if (!take("?")) return {};
    if (take(":")) {
      out_ += "?:";
    } else if (rest_.starts_with("=") || rest_.starts_with("!") || rest_.starts_with("<=") || rest_.starts_with("<!")) {
      return unsupported("lookaround");
    } else if (take("<")) {
      out_ += "?P<";
    } else {
      return malformed("has an unknown group");
    }
    return {};
  }

  Result<> class_atom() {
    const char c = take();
    if (c == '\\') return escape();
    if (c == ']') in_class_ = false;
    if (c == '[') out_ += '\\';  // RE2 would read `[[:alpha:]]` as one class
    out_ += c;
    return {};
  }

  Result<> escape() {
    if (rest_.empty()) return malformed("ends in a backslash");
    const char c = take();
    switch (c) {
      case 's':
        if (in_class_) {
          out_ += kSpaces;
        } else {
          out_.append("[").append(kSpaces).append("]");
        }
        return {};
      case 'S':
        // RE2 has no difference of classes.
        if (in_class_) return unsupported("`\\S` in a class");
        out_.append("[^").append(kSpaces).append("]");
        return {};
      case 'b':
        if (in_class_) {
          out_ += "\\x08";
          return {};
        }
        [[fallthrough]];
      case 'B':
        if (in_class_) return malformed("has `\\B` in a class");
        [[fallthrough]];
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 't':
      case 'n':
      case 'v':
      case 'f':
      case 'r':
        out_.append("\\").push_back(c);
        return {};
      case 'p':
      case 'P':
        return property(c);
      case 'u':
        return unicode();
      case 'x':
        return code_point(hex(2));
      case 'c':
        if (rest_.empty() || !is_alphanumeric(rest_.front()) || rest_.front() <= '9')
          return malformed("has a bad escape");
        return code_point(static_cast<unsigned char>(take()) % 32U);
      case '0':
        if (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') return malformed("has a bad escape");
        return code_point(0);
      case 'k':
        return unsupported("a back-reference");
      default:
        if (c >= '1' && c <= '9') return unsupported("a back-reference");
        if (is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80) return malformed("has a bad escape");
        if (c == '_') {  // a word's character, which RE2 lets nobody escape
          out_ += c;
        } else {
          out_.append("\\").push_back(c);
        }
        return {};
    }
  }

  // `\p{Lu}`, `\p{Script=Greek}`: RE2 knows the short names of categories, and scripts by their names alone.
  Result<> property(char p) {
    const std::size_t end = rest_.find('}');
    if (!take("{") || end == std::string_view::npos) return malformed("has `\\p` without a name in braces");
    std::string_view name = rest_.substr(0, end - 1);
    rest_.remove_prefix(end);
    bool script = false;
    for (const std::string_view prefix : {"Script=", "sc="}) {
      if (!script && name.starts_with(prefix)) {
        name.remove_prefix(prefix.size());
        script = true;
      }
    }
    if (!script && name.size() > 2) return unsupported("a property other than a category's short name or a script");
    out_.append("\\").append(1, p).append("{").append(name).append("}");
    return {};
  }

  Result<> unicode() {
    if (take("{")) {
      const std::size_t end = rest_.find('}');
      if (end == 0 || end == std::string_view::npos || end > 6) return malformed("has a bad escape");
      const auto point = hex(end);
      rest_.remove_prefix(1);
      return code_point(point);
    }
    auto point = hex(4);
    if (point && *point >= 0xd800 && *point < 0xdc00 && take("\\u")) {
      const auto low = hex(4);
      if (!low || *low < 0xdc00 || *low > 0xdfff) return malformed("has half of a surrogate pair");
      point = 0x10000 + ((*point - 0xd800) << 10) + (*low - 0xdc00);
    }
    if (point && *point >= 0xd800 && *point < 0xe000) return malformed("has half of a surrogate pair");
    return code_point(point);
  }

  std::optional<std::uint32_t> hex(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = rest_[i];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return std::nullopt;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(digits);
    return value;
  }

  Result<> code_point(std::optional<std::uint32_t> point) {
    if (!point || *point > 0x10ffff) return malformed("has a bad escape");
    static constexpr char kDigits[] = "0123456789abcdef";
    out_ += "\\x{";
    for (int shift = 20; shift >= 0; shift -= 4) out_ += kDigits[*point >> shift & 0xf];
    out_ += '}';
    return {};
  }

  std::string_view rest_;
  std::string out_;
  bool in_class_ = false;
};

}  // namespace

Result<std::string> ecma_to_re2(std::string_view ecma) {
  return Translator(ecma).translate();
}

Result<Pattern> Pattern::compile(std::string_view ecma) {
  const auto translated = ecma_to_re2(ecma);
  if (!translated) return translated.error();
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxMemoryBytes);
  auto compiled = std::make_unique<const re2::RE2>(*translated, options);
  if (compiled->ok()) return Pattern(std::move(compiled));
  switch (compiled->error_code()) {
    case re2::RE2::ErrorPatternTooLarge:
      return Error(Errc::kTooLarge, "the pattern needs more memory than the limit");
    case re2::RE2::ErrorRepeatSize:
      return Error(Errc::kUnsupported, "the pattern repeats something more than 1,000 times, or what nothing precedes");
    default:
      return malformed("is not a regular expression of ECMA-262 that RE2 reads");
  }
}

}  // namespace redoubt::contract::internal
