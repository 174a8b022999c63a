// Literals are found where a search at every place finds them.
#include "inspect/internal/literal_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

using Hits = std::vector<std::pair<std::size_t, std::uint32_t>>;

Hits slowly(const std::vector<Literal>& literals, std::string_view text, std::size_t from, std::size_t to) {
  Hits out;
  for (std::size_t at = from; at < to; ++at) {
    for (std::uint32_t number = 0; number < literals.size(); ++number) {
      const Literal& literal = literals[number];
      const std::string_view found = text.substr(at, literal.text.size());
      const auto as_compared = [&](char c) { return literal.ignore_case ? to_lower(c) : c; };
      if (!std::ranges::equal(found, literal.text, {}, as_compared, as_compared)) continue;
      if (literal.starts_word && at > 0 && is_alnum(text[at - 1])) continue;
      out.emplace_back(at, number);
    }
  }
  return out;
}

Hits with(const LiteralSet& set, std::string_view text, std::size_t from, std::size_t to) {
  const auto scratch = set.make_scratch();
  std::vector<LiteralHit> hits;
  EXPECT_TRUE(scratch && set.find(text, from, to, **scratch, hits));
  Hits out;
  for (const LiteralHit& hit : hits) out.emplace_back(hit.begin, hit.literal);
  std::ranges::sort(out);
  return out;
}

TEST(LiteralSet, FindsWhatASearchAtEveryPlaceFinds) {
  const unsigned seed = 20261122;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  // Few letters, so that literals overlap and begin alike; signs, blanks, zeros and bytes that are not ASCII too.
  constexpr std::string_view kBytes("abAB1_. \0\xc3\xa9", 11);
  const auto some = [&](std::size_t least, std::size_t most) {
    std::string out;
    const std::size_t size = least + random() % (most - least + 1);
    for (std::size_t i = 0; i < size; ++i) out += kBytes[random() % kBytes.size()];
    return out;
  };
  std::size_t found = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<Literal> literals;
    for (int i = 0; i < 40; ++i) {
      literals.push_back({some(1, random() % 4 == 0 ? 12 : 5), random() % 2 == 0, random() % 2 == 0});
    }
    const auto set = LiteralSet::compile(literals);
    ASSERT_TRUE(set) << set.error().message();
    for (int i = 0; i < 20; ++i) {
      std::string text = some(0, 300);
      for (int k = 0; k < 5; ++k) text.insert(random() % (text.size() + 1), literals[random() % literals.size()].text);
      const std::size_t from = random() % (text.size() + 1);
      const std::size_t to = from + random() % (text.size() - from + 1);
      const Hits expected = slowly(literals, text, from, to);
      ASSERT_EQ(with(**set, text, from, to), expected) << "round " << round;
      ASSERT_EQ(with(**set, text, 0, text.size()), slowly(literals, text, 0, text.size())) << "round " << round;
      found += expected.size();
    }
  }
  EXPECT_GT(found, 1000U);
}

TEST(LiteralSet, RefusesAnEmptyLiteral) {
  EXPECT_FALSE(LiteralSet::compile({{"", false, false}}));
}

TEST(LiteralSet, FindsNothingWithoutLiterals) {
  const auto set = LiteralSet::compile({});
  ASSERT_TRUE(set);
  EXPECT_TRUE(with(**set, "any text", 0, 8).empty());
}

}  // namespace
}  // namespace redoubt::inspect::internal
