#include "admin/internal/request_parts.h"

#include <algorithm>
#include <charconv>

#include "admin/forms.h"
#include "admin/router.h"
#include "base/check.h"

namespace redoubt::admin::internal {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 200;
constexpr Shape kLimitShape = integer_of(1, kPageMax);

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kWhite = " \t";
  const std::size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

// Takes up to the separator; `text` keeps what follows.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view out = trim(text.substr(0, end));
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return out;
}

Problem malformed(std::string detail) {
  return {.type = &problems::kMalformed, .detail = std::move(detail)};
}

// The version in `"17"`.
std::optional<std::uint64_t> version_in(std::string_view tag) {
  if (tag.size() < 3 || tag.size() > 22 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  const std::string_view digits = tag.substr(1, tag.size() - 2);
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return version;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

const Shape* query_shape(const Operation& operation, std::string_view name) {
  if (operation.paged && name == "limit") return &kLimitShape;
  if (operation.paged && name == "cursor") return &kCursorShape;
  if (operation.wish != nullptr && name == "why") return &kWhyShape;
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.in == Parameter::In::kQuery && parameter.name == name) return parameter.shape;
  }
  return nullptr;
}

std::optional<Problem> take(const Operation& operation, std::string_view name, std::string value, Arguments& out) {
  if (name == "limit" && operation.paged) {
    std::from_chars(value.data(), value.data() + value.size(), out.page.limit);
  } else if (name == "cursor" && operation.paged) {
    auto after = read_cursor(operation, value);
    if (!after) return problem_of(after.error());
    out.page.after = *std::move(after);
  } else if (name == "why" && operation.wish != nullptr) {
    out.why = std::move(value);
  } else {
    for (const Parameter& parameter : operation.parameters) {
      if (parameter.name == name) out.query.emplace_back(parameter.name, std::move(value));
    }
  }
  return std::nullopt;
}

// A name in the path, by its parameter. INVARIANT: the template has it.
const std::string& in_path(const Arguments& arguments, std::string_view name) {
  const auto found = std::find_if(arguments.path.begin(), arguments.path.end(),
                                  [&](const auto& given) { return given.first == name; });
  REDOUBT_CHECK(found != arguments.path.end());
  return found->second;
}

}  // namespace

bool accepts(std::string_view accept, std::string_view media_type) {
  if (trim(accept).empty()) return true;
  const std::string_view type = media_type.substr(0, media_type.find('/'));
  int best = -1;  // how specific the range is that decides
  bool out = false;
  while (!accept.empty()) {
    std::string_view element = take_until(accept, ',');
    const std::string_view range = take_until(element, ';');
    int specific = -1;
    if (range == "*/*") specific = 0;
    if (range.ends_with("/*") && same_letters(range.substr(0, range.size() - 2), type)) specific = 1;
    if (same_letters(range, media_type)) specific = 2;
    if (specific <= best) continue;
    bool refused = false;
    while (!element.empty()) {
      const std::string_view parameter = take_until(element, ';');
      if (!same_letters(parameter.substr(0, 2), "q=")) continue;
      // `q=0`, `q=0.0`…: not acceptable (RFC 9110 §12.4.2).
      refused = parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
    }
    best = specific;
    out = !refused;
  }
  return out;
}

bool is_media_type(std::string_view content_type, std::string_view media_type) {
  if (!same_letters(take_until(content_type, ';'), media_type)) return false;
  const std::string_view parameter = trim(content_type);
  return parameter.empty() || same_letters(parameter, "charset=utf-8") || same_letters(parameter, "charset=\"utf-8\"");
}

std::string_view request_media_type(const Operation& operation) {
  return operation.method == net::Method::kPatch ? kMergePatch : kJson;
}

std::optional<Problem> read_conditions(const net::RequestHead& head, const Operation& operation, Conditions& out) {
  int count = 0;
  const std::string_view match = head.header("If-Match", &count);
  out.has_if_match = count > 0;
  if (count > 1) return malformed("`If-Match` is there twice");
  if (out.has_if_match && match != "*") {
    out.if_match = version_in(match);
    if (!out.if_match) return malformed("`If-Match` must be one entity tag as answers give it, or `*`");
  }
  if (operation.versioned && !out.has_if_match) {
    return Problem{.type = &problems::kVersionRequired, .detail = "send the ETag of what you saw as `If-Match`"};
  }
  const std::string_view key = head.header("Idempotency-Key", &count);
  if (count > 1) return malformed("`Idempotency-Key` is there twice");
  if (count == 1 && (key.empty() || key.size() > kMaxIdempotencyKey || !is_visible(key))) {
    return malformed("`Idempotency-Key` must have 1 to 200 visible ASCII characters");
  }
  out.idempotency_key = key;
  return std::nullopt;
}

bool none_match(std::string_view field, std::uint64_t version) {
  while (!field.empty()) {
    std::string_view tag = take_until(field, ',');
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || version_in(tag) == version) return true;
  }
  return false;
}

std::optional<Problem> read_arguments(const Operation& operation, std::string_view query, Arguments& out) {
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.in != Parameter::In::kPath) continue;
    const std::string fault = check_text(*parameter.shape, in_path(out, parameter.name));
    if (!fault.empty()) {
      return Problem{.type = &problems::kNotFound, .detail = "`" + std::string(parameter.name) + "` " + fault};
    }
  }
  out.page.limit = kPageDefault;
  std::vector<std::string> seen;
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return malformed("the query's percent-encoding is broken");
    const Shape* shape = query_shape(operation, *name);
    if (shape == nullptr) return malformed("the query has a parameter that is not known here");
    if (std::find(seen.begin(), seen.end(), *name) != seen.end()) return malformed("`" + *name + "` is there twice");
    const std::string fault = check_text(*shape, *value);
    if (!fault.empty()) return malformed("`" + *name + "` " + fault);
    seen.push_back(*name);
    if (auto problem = take(operation, *name, *std::move(value), out)) return problem;
  }
  return std::nullopt;
}

std::string entity_tag(std::uint64_t version) {
  return '"' + std::to_string(version) + '"';
}

}  // namespace redoubt::admin::internal
