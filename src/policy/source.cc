#include "policy/source.h"

#include <algorithm>

#include "policy/internal/shown.h"

namespace redoubt::policy {
namespace {

constexpr std::size_t kExcerptColumns = 100;  // of a source line, at most
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

// Tokens have at least one byte, so a place is nowhere only where there is no text, or the problem has none.
bool has_place(const Problem& problem, std::string_view text) {
  return problem.path.empty() && (problem.where.end != 0 || (text.empty() && !problem.expected.empty()));
}

// "name:3:18: message", or without a place "name: /path: message".
std::string headline(const Problem& problem, std::string_view name, std::string_view text) {
  std::string out(name);
  if (has_place(problem, text)) {
    const Position at = position_of(text, problem.where.begin);
    out += ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
  }
  out += ": ";
  if (!problem.path.empty()) out += problem.path + ": ";
  if (!problem.policy_id.empty()) out += "policy " + internal::shown(problem.policy_id) + ": ";
  return out += problem.message;
}

// The line of the place, and under it carets: both cut to a window around the place, one column a code point.
std::string excerpt(const Problem& problem, std::string_view text) {
  const std::size_t begin = std::min<std::size_t>(problem.where.begin, text.size());
  const std::size_t line_begin = begin == 0 ? 0 : text.rfind('\n', begin - 1) + 1;  // npos + 1 is 0
  const std::size_t line_end = std::min(text.find('\n', begin), text.size());
  const std::string_view line = text.substr(line_begin, line_end - line_begin);

  const std::size_t caret = code_points(line.substr(0, begin - line_begin));
  const std::size_t first = caret < kExcerptColumns * 3 / 4 ? 0 : caret - kExcerptColumns / 2;
  std::string shown = first == 0 ? "" : std::string(kEllipsis);
  std::string carets(first == 0 ? 0 : 1, ' ');
  const std::size_t place_end = std::min<std::size_t>(std::max<std::size_t>(problem.where.end, begin + 1), line_end);

  std::size_t column = 0;
  for (std::size_t at = line_begin; at < line_end; ++column) {
    const internal::CodePoint point = internal::first_code_point(text.substr(at, line_end - at));
    if (column == first + kExcerptColumns) {
      shown += kEllipsis;
      break;
    }
    if (column >= first) {
      shown += point.showable ? text.substr(at, point.size) : text[at] == '\t' ? " " : "\xef\xbf\xbd";
      if (at < begin) {
        carets += ' ';
      } else if (at < place_end) {
        carets += '^';
      }
    }
    at += point.size;
  }
  if (carets.find('^') == std::string::npos) carets += '^';  // at the end of the line

  const std::string number = std::to_string(position_of(text, problem.where.begin).line);
  return "  " + number + " | " + shown + "\n  " + std::string(number.size(), ' ') + " | " + carets + '\n';
}

std::string list_of(const std::vector<std::string>& alternatives) {
  std::string out;
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    if (i != 0) out += i + 1 == alternatives.size() ? " or " : ", ";
    out += alternatives[i];
  }
  return out;
}

}  // namespace

Position position_of(std::string_view text, std::uint32_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n')),
          static_cast<std::uint32_t>(1 + code_points(before.substr(line_begin)))};
}

std::string render(const Problem& problem, std::string_view name, std::string_view text) {
  std::string out = headline(problem, name, text) + '\n';
  if (has_place(problem, text)) out += excerpt(problem, text);
  if (!problem.expected.empty()) out += "  expected " + list_of(problem.expected) + '\n';
  return out;
}

Error to_error(const Problems& problems, std::string_view name, std::string_view text) {
  const Problem& first = problems.front();
  std::string message = headline(first, name, text);
  if (problems.size() > 1) message += "; and " + std::to_string(problems.size() - 1) + " more";
  return {first.limit ? Errc::kTooLarge : Errc::kMalformed, std::move(message)};
}

}  // namespace redoubt::policy
