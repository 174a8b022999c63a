#include "sigma/internal/text_pattern.h"

#include <algorithm>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "sigma/internal/fold.h"

namespace redoubt::sigma::internal {
namespace {

using Kind = PatternPart::Kind;

// Sigma 2.1.0, Modifiers: hyphen, slash, en dash, em dash, horizontal bar.
constexpr std::string_view kDashes[] = {"-", "/", "\u2013", "\u2014", "\u2015"};
constexpr std::size_t kMaxDashes = 5;

std::size_t dash_at(std::string_view text) {
  for (const std::string_view dash : kDashes) {
    if (text.starts_with(dash)) return dash.size();
  }
  return 0;
}

bool only_literals(const std::vector<TextPattern>& patterns, std::string_view modifier, std::string& why) {
  for (const TextPattern& pattern : patterns) {
    if (!pattern.is_literal() || pattern.has_placeholder()) {
      why = "`" + std::string(modifier) + "` cannot encode a value with wildcards or placeholders";
      return false;
    }
  }
  return true;
}

TextPattern of_literal(std::string_view text) {
  TextPattern out;
  out.append_literal(text);
  return out;
}

void append_unit(std::string& out, std::uint32_t unit, bool big) {
  const char high = static_cast<char>(unit >> 8);
  const char low = static_cast<char>(unit & 0xff);
  out.push_back(big ? high : low);
  out.push_back(big ? low : high);
}

std::string utf16(std::string_view text, Utf16 form) {
  const bool big = form == Utf16::kBig;
  std::string out;
  if (form == Utf16::kWithMark) append_unit(out, 0xfeff, big);
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    const auto point = static_cast<std::uint32_t>(next.point);
    if (point >= 0x10000) {
      append_unit(out, 0xd800 + ((point - 0x10000) >> 10), big);
      append_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff), big);
    } else {
      append_unit(out, point, big);
    }
    text.remove_prefix(next.size);
  }
  return out;
}

}  // namespace

void TextPattern::append(PatternPart part) {
  if (part.kind == Kind::kLiteral) {
    if (part.text.empty()) return;
    if (!parts.empty() && parts.back().kind == Kind::kLiteral) {
      parts.back().text += part.text;
      return;
    }
  }
  if (part.kind == Kind::kMany && !parts.empty() && parts.back().kind == Kind::kMany) return;
  parts.push_back(std::move(part));
}

void TextPattern::append_pattern(const TextPattern& other) {
  for (const PatternPart& part : other.parts) append(part);
}

void TextPattern::prepend_many() {
  if (parts.empty() || parts.front().kind != Kind::kMany) parts.insert(parts.begin(), PatternPart{Kind::kMany, {}});
}

bool TextPattern::is_literal() const {
  return parts.empty() || (parts.size() == 1 && parts[0].kind == Kind::kLiteral);
}

std::string TextPattern::literal() const {
  return parts.empty() ? std::string() : parts[0].text;
}

bool TextPattern::has_placeholder() const {
  return std::any_of(parts.begin(), parts.end(), [](const PatternPart& p) { return p.kind == Kind::kPlaceholder; });
}

TextPattern parse_pattern(std::string_view text, bool placeholders) {
  TextPattern out;
  std::string literal;
  const auto flush = [&] {
    out.append_literal(literal);
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '\\' || text[i + 1] == '*' || text[i + 1] == '?' || (placeholders && text[i + 1] == '%'))) {
      literal += text[++i];
    } else if (c == '*' || c == '?') {
      flush();
      out.append({c == '*' ? Kind::kMany : Kind::kOne, {}});
    } else if (c == '%' && placeholders) {
      const std::size_t end = text.find('%', i + 1);
      const std::string_view name = end == std::string_view::npos ? "" : text.substr(i + 1, end - i - 1);
      const bool is_name = !name.empty() && name.find_first_of(" \t\\*?") == std::string_view::npos;
      if (!is_name) {
        literal += c;
        continue;
      }
      flush();
      out.append({Kind::kPlaceholder, std::string(name)});
      i = end;
    } else {
      literal += c;
    }
  }
  flush();
  return out;
}

bool expand_placeholders(std::vector<TextPattern>& patterns, const PlaceholderValues& values, std::size_t max_patterns,
                         std::string& why) {
  std::vector<TextPattern> out;
  for (const TextPattern& pattern : patterns) {
    if (!pattern.has_placeholder()) {
      why = "`expand` without a placeholder `%name%` in the value";
      return false;
    }
    std::vector<TextPattern> variants(1);
    for (const PatternPart& part : pattern.parts) {
      if (part.kind != Kind::kPlaceholder) {
        for (TextPattern& variant : variants) variant.append(part);
        continue;
      }
      const auto found = values.find(part.text);
      if (found == values.end() || found->second.empty()) {
        why = "nothing is known to stand for the placeholder `%" + part.text + "%`";
        return false;
      }
      std::vector<TextPattern> longer;
      for (const TextPattern& variant : variants) {
        for (const std::string& value : found->second) {
          longer.push_back(variant);
          longer.back().append_pattern(parse_pattern(value, false));
          if (out.size() + longer.size() > max_patterns) {
            why = "the placeholders give more than " + std::to_string(max_patterns) + " values";
            return false;
          }
        }
      }
      variants = std::move(longer);
    }
    out.insert(out.end(), variants.begin(), variants.end());
  }
  patterns = std::move(out);
  return true;
}

bool expand_windash(std::vector<TextPattern>& patterns, std::size_t max_patterns, std::string& why) {
  std::vector<TextPattern> out;
  for (const TextPattern& pattern : patterns) {
    std::vector<TextPattern> variants(1);
    std::size_t dashes = 0;
    for (const PatternPart& part : pattern.parts) {
      if (part.kind != Kind::kLiteral) {
        for (TextPattern& variant : variants) variant.append(part);
        continue;
      }
      std::string_view rest = part.text;
      while (!rest.empty()) {
        if (const std::size_t size = dash_at(rest); size > 0) {
          if (++dashes > kMaxDashes) {
            why = "`windash` with more than " + std::to_string(kMaxDashes) + " dashes in one value";
            return false;
          }
          std::vector<TextPattern> longer;
          for (const TextPattern& variant : variants) {
            for (const std::string_view dash : kDashes) {
              longer.push_back(variant);
              longer.back().append_literal(dash);
            }
          }
          variants = std::move(longer);
          rest.remove_prefix(size);
        } else {
          std::size_t end = 0;
          while (end < rest.size() && dash_at(rest.substr(end)) == 0) ++end;
          for (TextPattern& variant : variants) variant.append_literal(rest.substr(0, end));
          rest.remove_prefix(end);
        }
      }
    }
    out.insert(out.end(), variants.begin(), variants.end());
    if (out.size() > max_patterns) {
      why = "`windash` gives more than " + std::to_string(max_patterns) + " values";
      return false;
    }
  }
  patterns = std::move(out);
  return true;
}

bool encode_utf16(std::vector<TextPattern>& patterns, Utf16 form, std::string& why) {
  if (!only_literals(patterns, form == Utf16::kBig ? "utf16be" : form == Utf16::kLittle ? "utf16le" : "utf16", why))
    return false;
  for (TextPattern& pattern : patterns) {
    const std::string text = pattern.literal();
    if (!encoding::is_utf8(text)) {
      why = "a value is encoded as UTF-16 twice";
      return false;
    }
    pattern = of_literal(utf16(text, form));
  }
  return true;
}

bool encode_base64(std::vector<TextPattern>& patterns, std::string& why) {
  if (!only_literals(patterns, "base64", why)) return false;
  for (TextPattern& pattern : patterns) pattern = of_literal(encoding::base64(as_bytes(pattern.literal())));
  return true;
}

// For each shift, the characters that depend on the value alone: those that also hold bits of what may stand before it
// or after it are left out.
bool encode_base64_offsets(std::vector<TextPattern>& patterns, std::string& why) {
  if (!only_literals(patterns, "base64offset", why)) return false;
  std::vector<TextPattern> out;
  for (const TextPattern& pattern : patterns) {
    const std::string value = pattern.literal();
    for (std::size_t shift = 0; shift < 3; ++shift) {
      const std::string text = encoding::base64(as_bytes(std::string(shift, ' ') + value));
      const std::size_t begin = (shift * 8 + 5) / 6;
      const std::size_t end = (shift + value.size()) * 8 / 6;
      if (end <= begin) {
        why = "a value is too short for `base64offset`";
        return false;
      }
      out.push_back(of_literal(std::string_view(text).substr(begin, end - begin)));
    }
  }
  patterns = std::move(out);
  return true;
}

Glob::Glob(const TextPattern& pattern, bool cased) : cased_(cased) {
  segments_.emplace_back();
  bool first = true;
  for (const PatternPart& part : pattern.parts) {
    if (part.kind == Kind::kMany) {
      if (first) {
        open_start_ = true;
      } else {
        segments_.emplace_back();
      }
      open_end_ = true;
    } else {
      PatternPart own = part;
      if (own.kind == Kind::kLiteral) {
        const std::string plain = folded(own.text);
        if (plain.size() > needed_.size()) needed_ = plain;
        if (!cased) own.text = plain;
      }
      segments_.back().parts.push_back(std::move(own));
      open_end_ = false;
    }
    first = false;
  }
  if (open_end_ && segments_.size() > 1 && segments_.back().parts.empty()) segments_.pop_back();
}

std::size_t Glob::Segment::match_at(std::string_view text) const {
  std::size_t at = 0;
  for (const PatternPart& part : parts) {
    if (part.kind == Kind::kOne) {
      if (at == text.size()) return std::string_view::npos;
      at += first_code_point(text.substr(at)).size;
    } else {
      if (!text.substr(at).starts_with(part.text)) return std::string_view::npos;
      at += part.text.size();
    }
  }
  return at;
}

std::size_t Glob::Segment::find(std::string_view text, std::size_t& size) const {
  if (parts.size() == 1 && parts[0].kind == Kind::kLiteral) {
    size = parts[0].text.size();
    return text.find(parts[0].text);
  }
  for (std::size_t at = 0;;) {
    size = match_at(text.substr(at));
    if (size != std::string_view::npos) return at;
    if (at == text.size()) return std::string_view::npos;
    at += first_code_point(text.substr(at)).size;
  }
}

bool Glob::match_end(const Segment& segment, std::string_view text) const {
  // From the end, part by part: `?` takes one character back.
  std::size_t end = text.size();
  for (auto part = segment.parts.rbegin(); part != segment.parts.rend(); ++part) {
    if (part->kind == Kind::kOne) {
      if (end == 0) return false;
      std::size_t start = end - 1;
      while (start > 0 && end - start < 4 && (static_cast<unsigned char>(text[start]) & 0xc0U) == 0x80) --start;
      if (first_code_point(text.substr(start, end - start)).size != end - start) start = end - 1;
      end = start;
    } else {
      if (!text.substr(0, end).ends_with(part->text)) return false;
      end -= part->text.size();
    }
  }
  return true;
}

bool Glob::matches(std::string_view text) const {
  std::size_t next = 0;
  std::size_t last = segments_.size();
  if (!open_start_) {
    const std::size_t size = segments_[0].match_at(text);
    if (size == std::string_view::npos) return false;
    if (segments_.size() == 1 && !open_end_) return size == text.size();
    text.remove_prefix(size);
    next = 1;
  }
  if (!open_end_) --last;
  for (; next < last; ++next) {
    std::size_t size = 0;
    const std::size_t at = segments_[next].find(text, size);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + size);
  }
  return open_end_ || match_end(segments_.back(), text);
}

}  // namespace redoubt::sigma::internal
