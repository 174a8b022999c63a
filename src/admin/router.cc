#include "admin/router.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::admin {
namespace {

bool is_placeholder(std::string_view segment) {
  return segment.starts_with('{');
}

// `/a/b` is `a`, `b`. Precondition: begins with `/`.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 1;;) {
    const std::size_t end = path.find('/', begin);
    out.push_back(path.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return out;
    begin = end + 1;
  }
}

bool can_be_one(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](std::string_view x, std::string_view y) {
           return is_placeholder(x) || is_placeholder(y) || x == y;
         });
}

// Whether what fits `a` fits `b`, too: segment by segment, `a` says the same or more.
bool is_within(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](std::string_view x, std::string_view y) {
           return x == y || is_placeholder(y);
         });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Router::Router(const std::vector<const Operation*>& operations) {
  for (const Operation* operation : operations) {
    std::vector<std::string_view> segments = split(operation->path);
    auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.segments == segments; });
    if (route == routes_.end()) {
      // Of two that fit one path, one says more, and comes first (OpenAPI 3.1 §4.8.8.1: concrete before templated).
      for (const Route& other : routes_) {
        REDOUBT_CHECK(!can_be_one(other.segments, segments) || is_within(other.segments, segments) ||
                      is_within(segments, other.segments));
      }
      route =
          std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return is_within(segments, r.segments); });
      route = routes_.insert(route, {std::move(segments), {}});
    }
    for (const Operation* other : route->operations) REDOUBT_CHECK(other->method != operation->method);
    route->operations.push_back(operation);
  }
}

Result<Router::Match> Router::find(net::Method method, std::string_view path) const {
  Match out;
  if (!path.starts_with(kPrefix)) return out;
  path.remove_prefix(kPrefix.size());
  if (!path.starts_with('/')) return out;
  // Split first, then decoded: an encoded slash is part of a name and never parts two segments (RFC 3986 §2.2).
  std::vector<std::string> segments;
  for (const std::string_view raw : split(path)) {
    auto segment = percent_decode(raw, false);
    if (!segment) return segment.error();
    segments.push_back(*std::move(segment));
  }
  const auto fits = [&](const Route& route) {
    return route.segments.size() == segments.size() &&
           std::equal(segments.begin(), segments.end(), route.segments.begin(),
                      [](const std::string& segment, std::string_view pattern) {
                        return is_placeholder(pattern) ? !segment.empty() : segment == pattern;
                      });
  };
  const auto route = std::find_if(routes_.begin(), routes_.end(), fits);
  if (route == routes_.end()) return out;

  if (method == net::Method::kHead) method = net::Method::kGet;
  for (const Operation* operation : route->operations) {
    if (!out.allow.empty()) out.allow += ", ";
    out.allow += net::to_string(operation->method);
    if (operation->method == net::Method::kGet) out.allow += ", HEAD";
    if (operation->method == method) out.operation = operation;
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view pattern = route->segments[i];
    if (is_placeholder(pattern)) out.parameters.emplace_back(pattern.substr(1, pattern.size() - 2), segments[i]);
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const bool whole = i + 2 < text.size();
      const int high = whole ? hex_digit(text[i + 1]) : -1;
      const int low = whole ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error(Errc::kMalformed, "a `%` must be followed by two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace redoubt::admin
