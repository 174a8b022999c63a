#include "inspect/internal/letter_pairs.h"

#include <array>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

// For each letter those that words often have after it.
constexpr std::array<std::string_view, 26> kFollowers = {"bcdfghiklmnprstuvwxyz",
                                                         "aeilorubsyjt",
                                                         "aeihkloqrtucys",
                                                         "aeioruydglmnsvwj",
                                                         "abcdefghijklmnopqrstuvwxyz",
                                                         "aeilorufty",
                                                         "aeilorughnsymt",
                                                         "aeiourtymnlws",
                                                         "abcdefgklmnopqrstuvxz",
                                                         "aeiou",
                                                         "aeiynslwo",
                                                         "aeioulydfkmpstvbc",
                                                         "aeioupbmyns",
                                                         "aeiougdtcsknyfjvlrqxm",
                                                         "abcdefghijklmnoprstuvwxyz",
                                                         "aeiolruphstym",
                                                         "u",
                                                         "aeiouymnsdtrkclvgbpfwh",
                                                         "aeiouthpcsklmnqwyf",
                                                         "aeiouhrtsylwmc",
                                                         "abcdefgiklmnprstvxz",
                                                         "aeioy",
                                                         "aeiohnrslyd",
                                                         "aeiptcuh",
                                                         "aeosplmntcdbigrw",
                                                         "aeiozyl"};

}  // namespace

bool is_wordlike(std::string_view text) {
  std::size_t letters = 0;
  std::size_t odd = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(text[i])) continue;
    ++letters;
    if (i == 0 || !is_letter(text[i - 1])) continue;
    const auto before = static_cast<std::size_t>(to_lower(text[i - 1]) - 'a');
    if (kFollowers[before].find(to_lower(text[i])) == std::string_view::npos) ++odd;
  }
  return odd * 4 < letters;
}

}  // namespace redoubt::inspect::internal
