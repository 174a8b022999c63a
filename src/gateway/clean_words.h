// The words of the APIs' own, `role` and `finish_reason`, in which the rules in force find nothing. They are half of
// the texts of a request or an answer, and the same in each, so they are looked at once, when a thread begins to use
// the rules.
//
// What is found in a text depends on the rules and the text alone (inspect/scanner.h), so to look one up is to scan it.
// None of these words comes from a caller: nothing of an exchange is kept.
//
//   InspectedJson::inspect(body, scanner, …, &CleanWords::of(rules, scanner))
//
// Values; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "inspect/scanner.h"

namespace redoubt::gateway {

class CleanWords {
 public:
  CleanWords() = default;  // none
  // Those in which the scanner finds nothing, not even what is only flagged.
  explicit CleanWords(inspect::Scanner& scanner);

  // Those of the calling thread, made by its scanner of these rules when it first asks for them, and kept until it asks
  // for those of others.
  static const CleanWords& of(const std::shared_ptr<const inspect::Rules>& rules, inspect::Scanner& scanner);

  bool contains(std::string_view text) const;

  // Names of members, and values that the APIs define, of requests and of answers.
  static std::span<const std::string_view> of_the_apis();
  static constexpr std::size_t kMaxBytes = 32;  // of the longest

 private:
  static constexpr std::size_t kPlaces = 512;
  static std::size_t place_of(std::string_view text);

  // Where of_the_apis() has the word, counted from 1, by the word's hash or at the next free place behind; 0: free.
  // Most are free, so that a text that is none of them is compared with few.
  std::array<std::uint8_t, kPlaces> at_{};
};

}  // namespace redoubt::gateway
