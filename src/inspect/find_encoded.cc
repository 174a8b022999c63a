// Words that are base64, hexadecimal or escapes: decoded, and read again.
#include <algorithm>
#include <array>
#include <bit>

#include "inspect/internal/chars.h"
#include "inspect/internal/finder_level.h"
#include "inspect/internal/utf8.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kShortestWord = 24;
constexpr std::size_t kSampleChars = 24;

// Bits 0, 8, 16 … where eight bits are set from there on.
std::uint64_t full_bytes(std::uint64_t bits) {
  bits &= bits >> 4;
  bits &= bits >> 2;
  bits &= bits >> 1;
  return bits & 0x0101010101010101;
}

constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> out{};
  for (std::uint8_t i = 0; i < 26; ++i) {
    out['A' + i] = i;
    out['a' + i] = static_cast<std::uint8_t>(i + 26);
  }
  for (std::uint8_t i = 0; i < 10; ++i) out['0' + i] = static_cast<std::uint8_t>(i + 52);
  out['+'] = out['-'] = 62;
  out['/'] = out['_'] = 63;
  return out;
}();

std::uint32_t base64_value(char c) {
  return kBase64Values[static_cast<unsigned char>(c)];
}

void append_base64(std::string_view text, std::string& out) {
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = (bits << 6) | base64_value(c);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xff);
    }
  }
}

void append_hex(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(hex_value(text[i]) * 16 + hex_value(text[i + 1]));
  }
}

// Controls that no text has, but for zero, which UTF-16 has.
bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\0' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

// Whether kSampleChars characters encode what may be the start of a text: UTF-8, or UTF-16 of ASCII, without controls.
// Of words that encode nothing nearly all fail at one of the first bytes.
bool encodes_text(std::string_view sample, bool hex) {
  char bytes[kSampleChars];
  std::size_t size = 0;
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < kSampleChars; i += 4) {
    const std::size_t had = size;
    if (hex) {
      bytes[size++] = static_cast<char>(hex_value(sample[i]) * 16 + hex_value(sample[i + 1]));
      bytes[size++] = static_cast<char>(hex_value(sample[i + 2]) * 16 + hex_value(sample[i + 3]));
    } else {
      const std::uint32_t bits = (base64_value(sample[i]) << 18) | (base64_value(sample[i + 1]) << 12) |
                                 (base64_value(sample[i + 2]) << 6) | base64_value(sample[i + 3]);
      bytes[size++] = static_cast<char>(bits >> 16);
      bytes[size++] = static_cast<char>((bits >> 8) & 0xff);
      bytes[size++] = static_cast<char>(bits & 0xff);
    }
    for (std::size_t k = had; k < size; ++k) {
      if (is_control(bytes[k])) return false;
      if (bytes[k] == '\0') ++zeros;
    }
  }
  if (zeros > 0) return zeros * 3 >= size;
  const std::string_view all(bytes, size);
  std::size_t at = 0;
  while (at < size) {
    const Utf8Point next = static_cast<unsigned char>(bytes[at]) < 0x80
                               ? Utf8Point{.point = 0, .size = 1, .valid = true}
                               : utf8_point(all.substr(at));
    if (!next.valid) break;
    at += next.size;
  }
  return at + 3 >= size;  // the last code point may be cut
}

// The named references of HTML that stand for ASCII.
struct Named {
  std::string_view name;
  char c;
};
constexpr Named kNamed[] = {{"amp", '&'},    {"lt", '<'},     {"gt", '>'},     {"quot", '"'},   {"apos", '\''},
                            {"commat", '@'}, {"period", '.'}, {"colon", ':'},  {"sol", '/'},    {"nbsp", ' '},
                            {"lowbar", '_'}, {"num", '#'},    {"equals", '='}, {"hyphen", '-'}, {"dash", '-'}};

void append_utf8(std::uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

// Decodes one escape at the start of `text`; how long it was. 0: there is none.
std::size_t append_escape(std::string_view text, std::string& out) {
  const auto hex_run = [&](std::size_t begin, std::size_t most) {
    std::size_t size = 0;
    while (size < most && begin + size < text.size() && is(text[begin + size], kHexDigit)) ++size;
    return size;
  };
  const auto number = [&](std::size_t begin, std::size_t size, std::uint32_t base) {
    std::uint32_t value = 0;
    for (const char c : text.substr(begin, size)) value = value * base + static_cast<std::uint32_t>(hex_value(c));
    return value;
  };
  if (text.front() == '%' && hex_run(1, 2) == 2) {
    out += static_cast<char>(number(1, 2, 16));
    return 3;
  }
  if (text.front() == '\\' && text.size() > 1) {
    if (text[1] == 'x' && hex_run(2, 2) == 2) {
      out += static_cast<char>(number(2, 2, 16));
      return 4;
    }
    if (text[1] == 'u' && hex_run(2, 4) == 4) {
      append_utf8(number(2, 4, 16), out);
      return 6;
    }
    return 0;
  }
  if (text.front() != '&') return 0;
  if (text.size() > 2 && text[1] == '#') {
    const bool hex = text[2] == 'x' || text[2] == 'X';
    const std::size_t begin = hex ? 3 : 2;
    std::size_t size = 0;
    while (size < 7 && begin + size < text.size() &&
           (hex ? is(text[begin + size], kHexDigit) : is_digit(text[begin + size])))
      ++size;
    const std::uint32_t point = number(begin, size, hex ? 16 : 10);
    if (size == 0 || point > 0x10ffff) return 0;
    append_utf8(point, out);
    const std::size_t end = begin + size;
    return end < text.size() && text[end] == ';' ? end + 1 : end;
  }
  for (const Named& named : kNamed) {
    if (!text.substr(1).starts_with(named.name) || text.substr(1 + named.name.size()).substr(0, 1) != ";") continue;
    out += named.c;
    return named.name.size() + 2;
  }
  return 0;
}

}  // namespace

// Long words of base64's characters, each at its beginning. A word of kShortestWord bytes has two aligned groups of
// eight bytes in it, one behind the other, that are full of them; in most of the masks of prose there are none.
void Finder::find_words(Level& level, const TextWindow& window, std::size_t from, std::size_t to) {
  constexpr auto kGroup = static_cast<int>(kMaskBytes) - 8;
  const std::string_view text = window.text;
  std::size_t block = from / kMaskBytes;
  if (from >= to) return;
  std::uint64_t bits = level.masks.at(block).base64;
  std::uint64_t full = full_bytes(bits);
  std::uint64_t before = block > 0 && is(text[block * kMaskBytes - 1], kBase64) ? 1 : 0;
  for (; block * kMaskBytes < to; ++block) {
    const std::uint64_t next = level.masks.at(block + 1).base64;
    const std::uint64_t next_full = full_bytes(next);
    const std::uint64_t pairs = (full & ((full >> 8) | (next_full << kGroup))) | (next_full & (next_full >> 8) & 1);
    std::uint64_t starts =
        pairs == 0 ? 0 : CharMasks::within(bits & ~((bits << 1) | before), block * kMaskBytes, from, to);
    for (; starts != 0; starts &= starts - 1) {
      const int first = std::countr_zero(starts);
      const int here = std::countr_one(bits >> first);
      const int size = first + here < static_cast<int>(kMaskBytes) ? here : here + std::countr_one(next);
      if (size < static_cast<int>(kShortestWord)) continue;
      wait(level, window,
           {.place = window.base + block * kMaskBytes + static_cast<std::size_t>(first),
            .what = Waiting::What::kBase64,
            .width = kEncodedWidth});
    }
    before = bits >> (kMaskBytes - 1);
    bits = next;
    full = next_full;
  }
}

Result<> Finder::decode_base64(Level& level, const TextWindow& window, std::size_t begin, std::size_t end,
                               std::vector<Candidate>& out) {
  std::string_view word = window.text.substr(begin, end - begin);
  std::size_t size = 0;
  while (size < word.size() && is(word[size], kBase64)) ++size;
  if (size < kShortestWord) return {};
  if (size == kEncodedWidth) {
    wait(level, window,
         {.place = window.base + begin + kEncodedWidth - kEncodedOverlap,
          .what = Waiting::What::kBase64,
          .width = kEncodedWidth});
  }
  word = word.substr(0, size);
  const bool hex = std::ranges::all_of(word.substr(0, kSampleChars), [](char c) { return is(c, kHexDigit); });
  // A word may have something before the part that is encoded, such as `/`.
  for (std::size_t skip = 0; skip < (hex ? 2U : 4U) && skip + kSampleChars <= word.size(); ++skip) {
    if (!encodes_text(word.substr(skip, kSampleChars), hex)) continue;
    level.decoded.clear();
    std::string_view rest = word.substr(skip);
    if (hex) {
      rest = rest.substr(
          0, std::min(rest.size(),
                      static_cast<std::size_t>(std::ranges::find_if_not(rest, [](char c) { return is(c, kHexDigit); }) -
                                               rest.begin())));
    }
    hex ? append_hex(rest, level.decoded) : append_base64(rest, level.decoded);
    const std::size_t count = level.decoded.size();
    level.places.resize(2 * count + 2);
    for (std::size_t i = 0; i <= count; ++i) {
      level.places[2 * i] = static_cast<std::uint32_t>(skip + (hex ? 2 * i : i * 4 / 3));
      level.places[2 * i + 1] = static_cast<std::uint32_t>(skip + (hex ? 2 * i : (i * 4 + 2) / 3));
    }
    return find_decoded(level, window.base + begin, level.decoded, level.places,
                        hex ? Encoding::kHex : Encoding::kBase64, out);
  }
  return {};
}

Result<> Finder::decode_escapes(Level& level, const TextWindow& window, std::size_t at, std::size_t end,
                                std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  std::size_t begin = at;
  while (begin > 0 && at - begin < kReachLeft && !is(text[begin - 1], kBreak)) --begin;
  if (end - at == kEncodedWidth) {
    const std::size_t next = end - kEncodedOverlap;
    wait(level, window, {.place = window.base + next, .what = Waiting::What::kEscapes, .width = kEncodedWidth});
  }
  level.decoded.clear();
  level.places.clear();
  bool any = false;
  for (std::size_t i = begin; i < end;) {
    const std::size_t had = level.decoded.size();
    std::size_t size = append_escape(text.substr(i, end - i), level.decoded);
    any = any || size > 0;
    if (size == 0) {
      level.decoded += text[i];
      size = 1;
    }
    // Every byte that an escape gives has the place of all of it.
    for (std::size_t k = had; k < level.decoded.size(); ++k) {
      const auto place = static_cast<std::uint32_t>(i - begin);
      level.places.push_back(place);
      level.places.push_back(k == had ? place : static_cast<std::uint32_t>(place + size));
    }
    i += size;
  }
  if (!any) return {};
  level.places.push_back(static_cast<std::uint32_t>(end - begin));
  level.places.push_back(static_cast<std::uint32_t>(end - begin));
  return find_decoded(level, window.base + begin, level.decoded, level.places, Encoding::kEscapes, out);
}

// `places`: for each byte of `decoded`, and its end, where in the encoded text what begins there begins, and where what
// ends there ends.
Result<> Finder::find_decoded(Level& level, std::uint64_t base, std::string_view decoded,
                              const std::vector<std::uint32_t>& places, Encoding encoding,
                              std::vector<Candidate>& out) {
  Level& next = *levels_[static_cast<std::size_t>(level.depth) + 1];
  next.reset();
  std::copy(std::begin(level.path), std::end(level.path), std::begin(next.path));
  next.path[level.depth] = encoding;
  next.inner.reset();
  next.runs.clear();
  next.inner.append(decoded, true, next.runs);
  const TextWindow inner{.text = next.inner.view(), .base = 0, .last = true};
  const std::size_t had = out.size();
  if (auto done = find_at(next, inner, 0, inner.end(), out); !done) return done;
  if (auto done = settle_at(next, inner, out); !done) return done;
  std::size_t kept = had;
  for (std::size_t i = had; i < out.size(); ++i) {
    Candidate& candidate = out[i];
    const std::size_t first = next.inner.begin_of(candidate.begin).bytes;
    const std::size_t last = next.inner.end_of(candidate.end).bytes;
    const std::uint64_t begin = base + places[2 * first];
    const std::uint64_t end = base + places[2 * last + 1];
    // What is not encoded was found without decoding.
    if (encoding == Encoding::kEscapes && end - begin == last - first) continue;
    candidate.begin = begin;
    candidate.end = end;
    out[kept++] = candidate;
  }
  out.resize(kept);
  return {};
}

}  // namespace redoubt::inspect::internal
