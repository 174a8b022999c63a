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

bool is_wordlike(std::string_view letters) {
  std::size_t odd = 0;
  for (std::size_t i = 1; i < letters.size(); ++i) {
    const auto before = static_cast<std::size_t>(to_lower(letters[i - 1]) - 'a');
    if (kFollowers[before].find(to_lower(letters[i])) == std::string_view::npos) ++odd;
  }
  return odd * 4 < letters.size();
}

}  // namespace redoubt::inspect::internal
