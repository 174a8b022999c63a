#include "encoding/json_texts.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "encoding/json_writer.h"

namespace redoubt::encoding {
namespace {

bool is_number_part(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      out += static_cast<char>(0xe0 | (point >> 12));
    } else {
      out += static_cast<char>(0xf0 | (point >> 18));
      out += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    }
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
  }
  out += static_cast<char>(0x80 | (point & 0x3f));
}

// The four hexadecimal digits at `at`; nothing where there are none.
std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t out = 0;
  const char* const first = text.data() + at;
  if (std::from_chars(first, first + 4, out, 16).ptr != first + 4) return std::nullopt;
  return out;
}

char plain(char escaped) {
  switch (escaped) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return escaped;  // `"`, `\`, `/`
  }
}

// Where the first quotation mark or backslash stands from `at` on; the size when there is none.
std::size_t find_special(std::string_view json, std::size_t at) {
#ifdef __SSE2__
  for (; at + sizeof(__m128i) <= json.size(); at += sizeof(__m128i)) {
    __m128i bytes;
    std::memcpy(&bytes, json.data() + at, sizeof bytes);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found));
  }
#endif
  while (at < json.size() && json[at] != '"' && json[at] != '\\') ++at;
  return std::min(at, json.size());
}

struct StringEnd {
  std::size_t end = 0;  // past the quotation mark
  bool escaped = false;
};

// Of the string that begins at `quote`.
StringEnd end_of_string(std::string_view json, std::size_t quote) {
  bool escaped = false;
  for (std::size_t at = find_special(json, quote + 1); at < json.size(); at = find_special(json, at + 2)) {
    if (json[at] == '"') return {at + 1, escaped};
    escaped = true;
  }
  return {json.size(), escaped};
}

// What stands between the quotation marks, where something in it is escaped. A view into `buffer`.
std::string_view unescape(std::string_view raw, std::string& buffer) {
  std::size_t escape = raw.find('\\');
  buffer.clear();
  std::size_t at = 0;
  while (escape != std::string_view::npos && escape + 1 < raw.size()) {
    buffer += raw.substr(at, escape - at);
    at = escape + 2;
    if (raw[escape + 1] != 'u') {
      buffer += plain(raw[escape + 1]);
    } else if (const auto unit = hex4(raw, at)) {
      at += 4;
      std::uint32_t point = *unit;
      // Surrogates come in pairs: the reader refuses others.
      if (point >= 0xd800 && point < 0xdc00 && raw.substr(at, 2) == "\\u") {
        if (const auto low = hex4(raw, at + 2)) {
          point = 0x10000 + ((point - 0xd800) << 10) + ((*low - 0xdc00) & 0x3ff);
          at += 6;
        }
      }
      append_utf8(buffer, point);
    }
    escape = raw.find('\\', at);
  }
  buffer += raw.substr(at);
  return buffer;
}

std::size_t end_of_value(std::string_view json, std::size_t begin) {
  std::size_t depth = 0;
  std::size_t at = begin;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = end_of_string(json, at).end;
      if (depth == 0) return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) return at;
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return at;
}

class Walk {
 public:
  Walk(std::string_view json, const std::function<void(const JsonText&)>& take) : json_(json), take_(take) {
    open_.reserve(16);
    path_.resize(kFirstPathBytes);
  }

  void all() {
    std::size_t at = 0;
    while (at < json_.size()) at = step(at);
  }

 private:
  struct Container {
    bool object = false;
    std::size_t path = 0;  // the length of its own path
    std::size_t index = 0;
  };

  std::size_t step(std::size_t at) {
    const char c = json_[at];
    switch (c) {
      case '{':
      case '[':
        open_.push_back({.object = c == '{', .path = path_size_});
        name_next_ = c == '{';
        if (c == '[') point_at(0);
        return at + 1;
      case '}':
      case ']':
        if (open_.empty()) return at + 1;
        path_size_ = open_.back().path;
        open_.pop_back();
        name_next_ = false;
        return at + 1;
      case ',':
        if (open_.empty()) return at + 1;
        name_next_ = open_.back().object;
        if (!name_next_) point_at(++open_.back().index);
        return at + 1;
      case '"': {
        const StringEnd found = end_of_string(json_, at);
        string(at, found);
        return found.end;
      }
      default:
        break;
    }
    if (c != '-' && (c < '0' || c > '9')) return at + 1;
    std::size_t end = at;
    while (end < json_.size() && is_number_part(json_[end])) ++end;
    if (end - at >= JsonText::kLeastNumber) tell(JsonText::Kind::kNumber, json_.substr(at, end - at), at, end);
    return end;
  }

  void string(std::size_t begin, const StringEnd& found) {
    const std::size_t end = found.end;
    const std::size_t size = end - begin < 2 ? 0 : end - begin - 2;
    std::string_view text = json_.substr(begin + 1, size);
    if (found.escaped) text = unescape(text, text_);
    const bool is_name = name_next_ && !open_.empty();
    if (is_name) {
      point_at(text);
      name_next_ = false;
    }
    tell(is_name ? JsonText::Kind::kName : JsonText::Kind::kString, text, begin, end);
  }

  void tell(JsonText::Kind kind, std::string_view text, std::size_t begin, std::size_t end) {
    take_({.kind = kind, .path = {path_.data(), path_size_}, .text = text, .begin = begin, .end = end});
  }

  void point_at(std::size_t index) {
    constexpr std::size_t kMaxDigits = 20;
    char* const out = begin_part(kMaxDigits);
    end_part(std::to_chars(out, out + kMaxDigits, index).ptr);
  }
  void point_at(std::string_view name) {
    char* out = begin_part(2 * name.size());
    for (const char c : name) {
      if (c == '~' || c == '/') {
        *out++ = '~';
        *out++ = c == '~' ? '0' : '1';
      } else {
        *out++ = c;
      }
    }
    end_part(out);
  }
  // A part of the pointer behind that of the innermost container: where up to `size` bytes of it have room.
  char* begin_part(std::size_t size) {
    path_size_ = open_.back().path;
    if (path_.size() < path_size_ + 1 + size) path_.resize(2 * (path_size_ + 1 + size));
    path_[path_size_] = '/';
    return path_.data() + path_size_ + 1;
  }
  void end_part(const char* end) { path_size_ = static_cast<std::size_t>(end - path_.data()); }

  static constexpr std::size_t kFirstPathBytes = 128;

  std::string_view json_;
  const std::function<void(const JsonText&)>& take_;
  std::vector<Container> open_;
  bool name_next_ = false;
  std::string path_;  // its first path_size_ bytes
  std::size_t path_size_ = 0;
  std::string text_;
};

}  // namespace

void each_json_text(std::string_view json, const std::function<void(const JsonText&)>& take) {
  Walk(json, take).all();
}

std::optional<JsonPlace> find_json_value(std::string_view json, std::string_view path) {
  std::optional<std::size_t> name_end;
  each_json_text(json, [&](const JsonText& text) {
    if (text.kind == JsonText::Kind::kName && text.path == path) name_end = text.end;
  });
  if (!name_end) return std::nullopt;
  const std::size_t begin = json.find_first_not_of(" \t\r\n:", *name_end);
  if (begin == std::string_view::npos) return std::nullopt;
  return JsonPlace{begin, end_of_value(json, begin)};
}

std::string replace_json_texts(std::string_view json, std::span<const JsonReplacement> replacements) {
  std::string out;
  out.reserve(json.size());
  std::size_t at = 0;
  for (const JsonReplacement& replacement : replacements) {
    out += json.substr(at, replacement.begin - at);
    if (replacement.text) {
      append_json_string(out, *replacement.text);
    } else {
      out += "null";
    }
    at = replacement.end;
  }
  out += json.substr(at);
  return out;
}

}  // namespace redoubt::encoding
