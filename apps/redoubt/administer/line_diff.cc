#include "redoubt/administer/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "record/terminal_text.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kAround = 3;
constexpr std::size_t kMaxCells = 4'000'000;  // of the table of common subsequences

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

struct Step {
  char mark;  // ` `, `-` or `+`
  std::string_view line;
};

// The longest common subsequence of lines stays; the rest goes and comes.
void append_changed(std::vector<Step>& steps, std::span<const std::string_view> before,
                    std::span<const std::string_view> after) {
  const std::size_t rows = before.size() + 1;
  const std::size_t columns = after.size() + 1;
  if (rows > kMaxCells / columns) {
    for (const std::string_view line : before) steps.push_back({'-', line});
    for (const std::string_view line : after) steps.push_back({'+', line});
    return;
  }
  // [i * columns + j]: how long it is for what follows i and j.
  std::vector<std::uint32_t> common(rows * columns, 0);
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      common[i * columns + j] = before[i] == after[j]
                                    ? common[(i + 1) * columns + j + 1] + 1
                                    : std::max(common[(i + 1) * columns + j], common[i * columns + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      steps.push_back({' ', before[i]});
      ++i;
      ++j;
    } else if (j == after.size() ||
               (i < before.size() && common[(i + 1) * columns + j] >= common[i * columns + j + 1])) {
      steps.push_back({'-', before[i++]});
    } else {
      steps.push_back({'+', after[j++]});
    }
  }
}

std::vector<Step> steps_of(const Lines& before, const Lines& after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) steps.push_back({' ', before[i]});
  append_changed(steps, std::span(before).subspan(head, before.size() - head - tail),
                 std::span(after).subspan(head, after.size() - head - tail));
  for (std::size_t i = before.size() - tail; i < before.size(); ++i) steps.push_back({' ', before[i]});
  return steps;
}

std::string range(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const std::vector<Step> steps = steps_of(lines_of(before), lines_of(after));
  std::string out;
  std::size_t old_line = 0;  // of both texts, before steps[i]
  std::size_t new_line = 0;
  std::size_t i = 0;
  while (i < steps.size()) {
    // The next hunk: up to where more than twice kAround lines in a row are the same.
    const auto changed = [](const Step& step) { return step.mark != ' '; };
    const auto first = std::find_if(steps.begin() + static_cast<std::ptrdiff_t>(i), steps.end(), changed);
    if (first == steps.end()) break;
    const auto at = static_cast<std::size_t>(first - steps.begin());
    const std::size_t begin = at - std::min(kAround, at - i);
    std::size_t end = at + 1;
    for (std::size_t same = 0, k = end; k < steps.size() && same <= 2 * kAround; ++k) {
      same = changed(steps[k]) ? 0 : same + 1;
      if (same == 0) end = k + 1;
    }
    end = std::min(end + kAround, steps.size());

    old_line += begin - i;
    new_line += begin - i;
    std::string body;
    std::size_t old_count = 0;
    std::size_t new_count = 0;
    for (std::size_t k = begin; k < end; ++k) {
      old_count += steps[k].mark != '+' ? 1 : 0;
      new_count += steps[k].mark != '-' ? 1 : 0;
      body += steps[k].mark;
      record::append_terminal_text(body, steps[k].line);
      body += '\n';
    }
    out.append("@@ -").append(range(old_line, old_count)).append(" +").append(range(new_line, new_count));
    out.append(" @@\n").append(body);
    old_line += old_count;
    new_line += new_count;
    i = end;
  }
  return out;
}

}  // namespace redoubt::app
