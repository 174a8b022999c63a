// Text that reads as policies is laid out: the policies are the same, every comment is there, in order, and laying out
// once more changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "policy/format.h"
#include "policy/internal/commented_words.h"
#include "policy/policy_set.h"

using namespace redoubt::policy;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> words_and_comments(std::string_view text) {
  std::vector<std::string> out;
  for (const internal::CommentedWord& word : internal::commented_words(text)) {
    if (!word.trailing.empty()) out.emplace_back(word.trailing);
    for (const std::string_view comment : word.comments) out.emplace_back(comment);
    out.emplace_back(word.text);
  }
  return out;
}

}  // namespace

// The first byte is the width of a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const FormatOptions options{.line_width = data[0], .indent = data[0] % 5U};
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto policies = parse_policies(text);
  const auto formatted = format_policies(text, options);
  check(formatted.has_value() == policies.has_value());
  if (!formatted) return 0;
  const auto again = parse_policies(*formatted);
  check(again && again->policies() == policies->policies());
  check(words_and_comments(*formatted) == words_and_comments(text));
  const auto twice = format_policies(*formatted, options);
  check(twice && *twice == *formatted);
  return 0;
}
