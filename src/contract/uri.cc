#include "contract/internal/uri.h"

#include "contract/internal/formats.h"

namespace redoubt::contract::internal {
namespace {

// RFC 3986 appendix B. Each part but the path keeps its mark (`:` behind, `//`, `?`, `#` in front), so that an empty
// one is none.
struct Parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

Parts split(std::string_view uri) {
  Parts parts;
  const auto cut = [&](std::size_t at) {
    const std::string_view front = uri.substr(0, at);
    uri.remove_prefix(front.size());
    return front;
  };
  if (const std::size_t end = uri.find_first_of(":/?#"); end != std::string_view::npos && end > 0 && uri[end] == ':') {
    parts.scheme = cut(end + 1);
  }
  if (uri.starts_with("//")) parts.authority = cut(uri.find_first_of("/?#", 2));
  parts.path = cut(uri.find_first_of("?#"));
  parts.query = cut(uri.find('#'));
  parts.fragment = uri;
  return parts;
}

// RFC 3986 §5.2.4, a segment at a time.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', path.front() == '/' ? 1 : 0), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const std::string_view name = segment.substr(segment.starts_with('/') ? 1 : 0);
    if (name != "." && name != "..") {
      out += segment;
      continue;
    }
    if (name == "..") out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
    if (path.empty() && segment.starts_with('/')) out += '/';
  }
  return out;
}

std::string merged(const Parts& base, std::string_view path) {
  if (!base.authority.empty() && base.path.empty()) return "/" + std::string(path);
  return std::string(base.path.substr(0, base.path.rfind('/') + 1)).append(path);
}

}  // namespace

std::string resolve_uri(std::string_view base_uri, std::string_view reference) {
  const Parts base = split(base_uri);
  const Parts given = split(reference);
  std::string path;
  std::string_view scheme = given.scheme;
  std::string_view authority = given.authority;
  std::string_view query = given.query;
  if (!scheme.empty()) {
    path = remove_dot_segments(given.path);
  } else {
    scheme = base.scheme;
    if (!authority.empty()) {
      path = remove_dot_segments(given.path);
    } else {
      authority = base.authority;
      if (given.path.empty()) {
        path = base.path;
        if (query.empty()) query = base.query;
      } else {
        path = remove_dot_segments(given.path.starts_with('/') ? std::string(given.path) : merged(base, given.path));
      }
    }
  }
  std::string out(scheme);
  return out.append(authority).append(path).append(query).append(given.fragment);
}

std::string_view without_fragment(std::string_view uri) {
  return uri.substr(0, uri.find('#'));
}

std::optional<std::string> fragment_of(std::string_view uri) {
  std::string out;
  std::string_view text = uri.substr(std::min(uri.find('#'), uri.size()));
  if (!text.empty()) text.remove_prefix(1);
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() != '%') {
      out += text.front();
      continue;
    }
    if (text.size() < 3) return std::nullopt;
    const int high = hex_digit(text[1]);
    const int low = hex_digit(text[2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    text.remove_prefix(2);
  }
  return out;
}

}  // namespace redoubt::contract::internal
