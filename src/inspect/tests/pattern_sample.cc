#include "inspect/tests/pattern_sample.h"

#include <algorithm>
#include <bitset>
#include <vector>

namespace redoubt::inspect::tests {
namespace {

class Sampler {
 public:
  Sampler(std::string_view pattern, std::mt19937_64& random) : rest_(pattern), random_(random) {}

  std::string choice() {
    std::vector<std::string> branches{sequence()};
    while (rest_.starts_with('|')) {
      rest_.remove_prefix(1);
      branches.push_back(sequence());
    }
    return branches[random_() % branches.size()];
  }

 private:
  // An item is sampled anew for each repetition, by reading it again.
  std::string sequence() {
    std::string out;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      const std::string_view at = rest_;
      std::string one = item();
      const std::size_t times = repetitions();
      const std::string_view next = rest_;
      for (std::size_t i = 0; i < times; ++i) {
        if (i > 0) {
          rest_ = at;
          one = item();
        }
        out += one;
      }
      rest_ = next;
    }
    return out;
  }

  std::string item() {
    const char c = take();
    if (c == '(') return group();
    if (c == '[') return std::string(1, of(char_class()));
    if (c == '.') return std::string(1, of(printable()));
    if (c == '$' || c == '^') return "";
    if (c != '\\') return std::string(1, c);
    const char escaped = take();
    if (escaped == 'b') return "";
    const auto set = class_of(escaped);
    return std::string(1, set.any() ? of(set) : escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped);
  }

  std::string group() {
    if (rest_.starts_with('?')) {
      while (rest_.front() != ':' && rest_.front() != ')') take();
      if (take() == ')') return "";  // flags alone
    }
    std::string out = choice();
    take();
    return out;
  }

  std::size_t repetitions() {
    std::size_t least = 1;
    std::size_t most = 1;
    if (rest_.starts_with('?')) {
      least = 0;
    } else if (rest_.starts_with('*') || rest_.starts_with('+')) {
      least = rest_.front() == '+' ? 1 : 0;
      most = 8;
    } else if (rest_.starts_with('{')) {
      const std::string_view counts = rest_.substr(1, rest_.find('}') - 1);
      least = most = std::stoul(std::string(counts));
      if (const auto comma = counts.find(','); comma != std::string_view::npos) {
        most = comma + 1 < counts.size() ? std::stoul(std::string(counts.substr(comma + 1))) : least + 8;
      }
      rest_.remove_prefix(counts.size() + 1);
    } else {
      return 1;
    }
    take();
    if (rest_.starts_with('?')) take();  // as few as can be: any number will do
    return least + random_() % (most - least + 1);
  }

  using Bytes = std::bitset<128>;

  static Bytes printable() {
    Bytes out;
    for (char c = ' '; c < 127; ++c) out.set(static_cast<std::size_t>(c));
    return out;
  }
  static Bytes class_of(char escaped) {
    Bytes out;
    const auto add = [&](char first, char last) {
      for (char c = first; c <= last; ++c) out.set(static_cast<std::size_t>(c));
    };
    if (escaped == 'd' || escaped == 'w') add('0', '9');
    if (escaped == 'w') {
      add('a', 'z');
      add('A', 'Z');
      add('_', '_');
    }
    if (escaped == 's') add(' ', ' ');
    return out;
  }
  Bytes char_class() {
    const bool negated = rest_.starts_with('^');
    if (negated) take();
    Bytes out;
    while (rest_.front() != ']') {
      char first = take();
      if (first == '\\') {
        first = take();
        if (const auto set = class_of(first); set.any()) {
          out |= set;
          continue;
        }
        if (first == 'n') first = '\n';
      }
      char last = first;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        take();
        last = take();
      }
      for (int c = std::max<int>(first, 0); c <= last; ++c) out.set(static_cast<std::size_t>(c));  // ASCII will do
    }
    take();
    return negated ? ~out & printable() : out & (printable() | class_of('n'));
  }
  char of(const Bytes& set) {
    std::size_t nth = random_() % std::max<std::size_t>(set.count(), 1);
    for (std::size_t c = 0; c < set.size(); ++c) {
      if (set[c] && nth-- == 0) return static_cast<char>(c);
    }
    return '?';
  }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
  std::mt19937_64& random_;
};

}  // namespace

std::string sample_of(std::string_view pattern, std::mt19937_64& random) {
  constexpr std::string_view kCaseMatters = "(?-i)";
  if (pattern.starts_with(kCaseMatters)) pattern.remove_prefix(kCaseMatters.size());
  return Sampler(pattern, random).choice();
}

}  // namespace redoubt::inspect::tests
