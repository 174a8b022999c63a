// Compares a stream with the whole text, and makes a text that fails shorter.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/scanner.h"

namespace redoubt::inspect::tests {

class StreamCheck {
 public:
  explicit StreamCheck(const std::shared_ptr<const Rules>& rules);

  // The matches of the whole text.
  std::vector<Match> whole(std::string_view text);
  // Feeds the text in pieces of these sizes, over and over. What is wrong with it, in words; nothing when the matches
  // are those of the whole, none begins in what was decided before it was reported, and all is decided at the end.
  std::string fault(std::string_view text, const std::vector<std::size_t>& sizes);
  // The same, with a text that was made as short as it can be while something stays wrong.
  std::string report(std::string text, const std::vector<std::size_t>& sizes);

  std::uint64_t pieces_fed() const { return pieces_fed_; }

 private:
  std::unique_ptr<Scanner> scanner_;
  std::unique_ptr<StreamScanner> stream_;
  std::uint64_t pieces_fed_ = 0;
};

// With what is no plain ASCII as `\x..`.
std::string shown(std::string_view text);

}  // namespace redoubt::inspect::tests
