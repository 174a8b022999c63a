// The pass for signs that little text has: `@`, `:`, and those that escapes begin with.
#include <algorithm>

#include "inspect/internal/chars.h"
#include "inspect/internal/checks.h"
#include "inspect/internal/finder_level.h"

namespace redoubt::inspect::internal {
namespace {

constexpr std::size_t kLongestLocal = 64;    // RFC 5321 §4.5.3.1.1
constexpr std::size_t kLongestDomain = 255;  // §4.5.3.1.2
constexpr std::size_t kLongestScheme = 24;
constexpr std::size_t kLongestBareDomain = 128;  // and of one without a scheme, as texts have them

bool hex_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return false;
  return std::ranges::all_of(text.substr(at, count), [](char c) { return is(c, kHexDigit); });
}

bool escape_at(std::string_view text, std::size_t at) {
  if (text[at] == '%') return hex_at(text, at + 1, 2);
  if (text[at] == '\\') {
    return at + 1 < text.size() &&
           ((text[at + 1] == 'u' && hex_at(text, at + 2, 4)) || (text[at + 1] == 'x' && hex_at(text, at + 2, 2)));
  }
  return text[at] == '&' && at + 1 < text.size() && (text[at + 1] == '#' || is_letter(text[at + 1]));
}

bool colon_char(char c) {
  return c == ':' || is(c, kHexDigit);
}

// Of a host's name: what is no label's character ends it.
std::size_t domain_end(std::string_view text, std::size_t begin, std::size_t longest = kLongestDomain) {
  std::size_t end = begin;
  while (end < text.size() && end - begin < longest && (is_alnum(text[end]) || text[end] == '-' || text[end] == '.')) {
    ++end;
  }
  while (end > begin && !is_alnum(text[end - 1])) --end;
  return end;
}

}  // namespace

void Finder::find_signs(Level& level, const TextWindow& window, std::size_t from, std::size_t to,
                        std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  const bool decode = rules_.decode && level.depth < kMaxDecodings;
  const auto signs = [](const CharMask* mask) { return mask->sign; };
  level.masks.each(from, to, signs, [&](std::size_t at) {
    if (text[at] == '@') {
      if (rules_.email == kNoRule) return;
      if (at == 0 || !is(text[at - 1], kLocal) || at + 1 == text.size() || !is_alnum(text[at + 1])) return;
      wait(level, window, {.place = window.base + at, .what = Waiting::What::kEmail, .width = kLongestDomain + 2});
    } else if (text[at] == ':') {
      if (rules_.ipv6 != kNoRule || rules_.mac != kNoRule) find_colons(level, window, at, out);
    } else if (decode && escape_at(text, at)) {
      // One place for each word: its first escape.
      const std::size_t least = at > kReachLeft ? at - kReachLeft : 0;
      for (std::size_t before = at; before > least && !is(text[before - 1], kBreak); --before) {
        if (escape_at(text, before - 1)) return;
      }
      wait(level, window, {.place = window.base + at, .what = Waiting::What::kEscapes, .width = kEncodedWidth});
    }
  });
}

// IPv6 and MAC addresses, at their first colon.
void Finder::find_colons(Level& level, const TextWindow& window, std::size_t at, std::vector<Candidate>& out) {
  constexpr std::size_t kLongest = 48;
  const std::string_view text = window.text;
  if (at + 1 >= text.size() || !colon_char(text[at + 1])) return;
  std::size_t begin = at;
  while (begin > 0 && at - begin <= 4 && is(text[begin - 1], kHexDigit)) --begin;
  if (begin > 0 && (is_alnum(text[begin - 1]) || text[begin - 1] == ':' || text[begin - 1] == '.')) return;
  std::size_t end = at;
  while (end < text.size() && end - begin <= kLongest && (colon_char(text[end]) || text[end] == '.')) ++end;
  if (end - begin > kLongest || (end < text.size() && is_alnum(text[end]))) return;
  while (end > begin && (text[end - 1] == '.' || (text[end - 1] == ':' && text[end - 2] != ':'))) --end;
  const std::string_view found = text.substr(begin, end - begin);
  if (found.size() == 17 && at - begin == 2 && rules_.mac != kNoRule) {
    bool pairs = true;
    for (std::size_t i = 0; i < 17; ++i) pairs = pairs && (i % 3 == 2 ? found[i] == ':' : is(found[i], kHexDigit));
    if (pairs && is_mac(found)) add(level, window, begin, end, static_cast<std::uint16_t>(rules_.mac), out);
    return;
  }
  if (rules_.ipv6 == kNoRule || found.size() < 3 || !is_ipv6(found)) return;
  // `a::b` is a name in some languages.
  if (std::ranges::count(found, ':') < 4 && !std::ranges::any_of(found, is_digit)) return;
  add(level, window, begin, end, static_cast<std::uint16_t>(rules_.ipv6), out);
}

void Finder::match_email(Level& level, const TextWindow& window, std::size_t at, std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  std::size_t begin = at;
  while (begin > 0 && at - begin < kLongestLocal && is(text[begin - 1], kLocal)) --begin;
  // Signs that stand before an address more often than in it.
  while (begin < at && !is_alnum(text[begin]) && text[begin] != '_') ++begin;
  const std::size_t equals = text.substr(begin, at - begin).rfind('=');
  if (equals != std::string_view::npos) begin += equals + 1;
  const std::string_view local = text.substr(begin, at - begin);
  if (local.empty() || local.back() == '.' || local.find("..") != std::string_view::npos) return;
  const std::size_t end = domain_end(text, at + 1);
  const std::string_view domain = text.substr(at + 1, end - at - 1);
  if (!is_domain(domain)) return;
  add(level, window, begin, end, static_cast<std::uint16_t>(rules_.email), out);
}

// RFC 3986. `at` is where `://` stands, `end` where the word ends.
void Finder::match_uri(Level& level, const TextWindow& window, std::size_t at, std::size_t end,
                       std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  if (window.base + at < level.uri_end) return;
  std::size_t begin = at;
  while (begin > 0 && at - begin < kLongestScheme &&
         (is_alnum(text[begin - 1]) || text[begin - 1] == '+' || text[begin - 1] == '-')) {
    --begin;
  }
  while (begin < at && !is_letter(text[begin])) ++begin;
  if (at - begin < 2 || at + 3 >= end) return;
  // What stands around it is none of it: brackets that it did not open, and signs of sentences.
  const std::size_t opened =
      begin > 0 && text[begin - 1] == '(' ? text.substr(at, end - at).find(')') : std::string_view::npos;
  if (opened != std::string_view::npos) end = at + opened;
  while (end > at + 3 && std::string_view(".,;:!?'*_)]}|\\").find(text[end - 1]) != std::string_view::npos) {
    if (text[end - 1] == ')' && text.substr(at, end - at).find('(') != std::string_view::npos) break;
    --end;
  }
  if (end <= at + 3) return;
  level.uri_end = window.base + end;
  const std::string_view found = text.substr(begin, end - begin);
  if (rules_.credentials != kNoRule) {
    if (const std::string_view password = url_password(found); !password.empty()) {
      const auto first = static_cast<std::size_t>(password.data() - text.data());
      add(level, window, first, first + password.size(), static_cast<std::uint16_t>(rules_.credentials), out);
    }
  }
  if (rules_.uri == kNoRule) return;
  std::string scheme(text.substr(begin, at - begin));
  std::ranges::transform(scheme, scheme.begin(), to_lower);
  constexpr std::string_view kSchemes[] = {"http", "https", "ftp", "ftps", "sftp", "ws", "wss"};
  if (std::ranges::find(kSchemes, std::string_view(scheme)) == std::end(kSchemes)) return;
  add(level, window, begin, end, static_cast<std::uint16_t>(rules_.uri), out);
}

// Without a scheme. `begin` is where `www.` stands, or `.com` or the like.
void Finder::match_domain(Level& level, const TextWindow& window, std::size_t begin, std::uint16_t rule,
                          std::vector<Candidate>& out) {
  const std::string_view text = window.text;
  const std::size_t anchor = begin;
  while (begin > 0 && anchor - begin < kLongestLocal &&
         (is_alnum(text[begin - 1]) || text[begin - 1] == '-' || text[begin - 1] == '.')) {
    --begin;
  }
  while (begin < anchor && !is_alnum(text[begin])) ++begin;
  // A part of an address of mail, of a URI, or of a path.
  if (begin > 0 && std::string_view("@/\\_=").find(text[begin - 1]) != std::string_view::npos) return;
  const std::size_t end = domain_end(text, begin, kLongestBareDomain);
  if (end <= anchor || !is_domain(text.substr(begin, end - begin))) return;
  if (end < text.size() && (text[end] == '@' || text[end] == '(' || text[end] == '_')) return;
  if (text.substr(begin, end - begin).rfind('.') < anchor - begin) return;  // `.com` is not where it ends
  std::size_t path = end;
  if (path < text.size() && text[path] == '/') {
    constexpr std::size_t kLongestPath = 64;
    while (path < text.size() && path - end < kLongestPath && !is(text[path], kBreak) && text[path] != ')' &&
           text[path] != ',')
      ++path;
    while (path > end && std::string_view(".,;:!?'*").find(text[path - 1]) != std::string_view::npos) --path;
  }
  add(level, window, begin, path, rule, out);
}

}  // namespace redoubt::inspect::internal
