// What makes matching quick, each against the obvious way: literals, networks, folding, values of groups.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "sigma/internal/entry_list.h"
#include "sigma/internal/fold.h"
#include "sigma/internal/folded_text.h"
#include "sigma/internal/literal_index.h"
#include "sigma/internal/network_index.h"
#include "src/sigma/tests/support.h"

namespace redoubt::sigma::internal {
namespace {

using How = LiteralIndex::How;

std::string letters(Random& random, std::size_t size, std::size_t alphabet) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>('a' + below(random, alphabet));
  return out;
}

std::set<std::uint32_t> found_in(const LiteralIndex& index, FoldedText& folded, std::string_view text) {
  std::set<std::uint32_t> out;
  index.find(folded.fold(text), [&](std::uint32_t id) { out.insert(id); });
  return out;
}

TEST(LiteralIndex, FindsWhatASearchForEachFinds) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  FoldedText folded;
  for (int round = 0; round < 300; ++round) {
    // Few letters and few lengths make them meet; the shortest sets the stride.
    const std::size_t shortest = 1 + below(random, 12);
    const std::size_t alphabet = 1 + below(random, 4);
    LiteralIndex index;
    std::vector<std::pair<How, std::string>> literals;
    for (std::uint32_t id = 0; id < 1 + below(random, 30); ++id) {
      literals.push_back({static_cast<How>(below(random, 4)), letters(random, shortest + below(random, 12), alphabet)});
      index.add(literals.back().first, literals.back().second, id);
    }
    index.build();
    for (int i = 0; i < 60; ++i) {
      std::string text = letters(random, below(random, 60), alphabet);
      if (below(random, 2) == 0)
        text.insert(below(random, text.size() + 1), literals[below(random, literals.size())].second);
      if (below(random, 4) == 0) text = literals[below(random, literals.size())].second;
      std::set<std::uint32_t> expected;
      for (std::uint32_t id = 0; id < literals.size(); ++id) {
        const auto& [how, literal] = literals[id];
        const bool has = how == How::kEquals   ? text == literal
                         : how == How::kPrefix ? text.starts_with(literal)
                         : how == How::kSuffix ? text.ends_with(literal)
                                               : text.find(literal) != std::string::npos;
        if (has) expected.insert(id);
      }
      ASSERT_EQ(found_in(index, folded, text), expected) << text;
    }
  }
}

TEST(LiteralIndex, TellsApartWhatEndsAlike) {
  LiteralIndex index;
  index.add(How::kEquals, "", 0);
  index.add(How::kEquals, "12345678", 1);
  index.add(How::kEquals, std::string("1234567\0", 8), 2);
  index.add(How::kPrefix, "/v1/chat/completions", 3);
  index.add(How::kPrefix, "/v1/chat/", 4);
  index.add(How::kSuffix, "-service-12", 5);
  index.add(How::kSuffix, "2", 6);
  index.build();
  FoldedText folded;
  EXPECT_EQ(found_in(index, folded, ""), (std::set<std::uint32_t>{0}));
  EXPECT_EQ(found_in(index, folded, "1234567"), (std::set<std::uint32_t>{}));
  EXPECT_EQ(found_in(index, folded, "12345678"), (std::set<std::uint32_t>{1}));
  EXPECT_EQ(found_in(index, folded, std::string("1234567\0", 8)), (std::set<std::uint32_t>{2}));
  EXPECT_EQ(found_in(index, folded, "/v1/chat/x"), (std::set<std::uint32_t>{4}));
  EXPECT_EQ(found_in(index, folded, "/v1/chat/completions"), (std::set<std::uint32_t>{3, 4}));
  EXPECT_EQ(found_in(index, folded, "a-service-12"), (std::set<std::uint32_t>{5, 6}));
}

TEST(FoldedText, IsTheFoldedTextWithRoomAroundIt) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  FoldedText folded_text;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    std::string expected;
    for (std::size_t i = below(random, 40); i-- > 0;) {
      static const std::vector<std::pair<std::string, std::string>> kPieces = {
          {"A", "a"}, {"Z", "z"}, {"@", "@"}, {"[", "["},      {"q", "q"},
          {"0", "0"}, {"Ä", "ä"}, {"Ω", "ω"}, {"\xff", "\xff"}};
      const auto& piece = kPieces[below(random, round % 2 == 0 ? 6 : kPieces.size())];
      text += piece.first;
      expected += piece.second;
    }
    ASSERT_EQ(folded_text.fold(text), expected);
    ASSERT_EQ(folded(text), expected);
  }
  EXPECT_EQ(folded_text.fold(std::string(100'000, 'X')), std::string(100'000, 'x'));
}

TEST(NetworkIndex, FindsWhatAComparisonOfBitsFinds) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto bit = [](const Address& address, unsigned at) { return (address.bytes[at / 8] >> (7 - at % 8)) & 1; };
  for (int round = 0; round < 100; ++round) {
    const auto some_address = [&] {
      Address out;
      out.v4 = below(random, 2) == 0;
      for (std::size_t i = 0; i < (out.v4 ? 4U : 16U); ++i) out.bytes[i] = below(random, 3) == 0 ? 0x81 : 0x80;
      return out;
    };
    NetworkIndex index;
    std::vector<Network> networks;
    for (std::uint32_t id = 0; id < 40; ++id) {
      Network network{some_address(), 0};
      network.prefix = static_cast<unsigned>(below(random, network.base.v4 ? 33 : 129));
      networks.push_back(network);
      index.add(network, id);
    }
    index.build();
    for (int i = 0; i < 50; ++i) {
      const Address address = some_address();
      std::set<std::uint32_t> found;
      index.find(address, [&](std::uint32_t id) { found.insert(id); });
      std::set<std::uint32_t> expected;
      for (std::uint32_t id = 0; id < networks.size(); ++id) {
        bool inside = networks[id].base.v4 == address.v4;
        for (unsigned at = 0; inside && at < networks[id].prefix; ++at)
          inside = bit(networks[id].base, at) == bit(address, at);
        if (inside) expected.insert(id);
      }
      ASSERT_EQ(found, expected);
    }
  }
}

TEST(Address, IsReadAsItIsWritten) {
  for (const char* const text : {"0.0.0.0", "255.255.255.255", "10.1.2.3", "::1", "2001:db8::1", "::ffff:10.0.0.1"})
    EXPECT_TRUE(parse_address(text)) << text;
  EXPECT_TRUE(parse_address("::ffff:10.0.0.1")->v4);
  for (const char* const text :
       {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.1000", "1..2.3", ".1.2.3",
        " 1.2.3.4", "1.2.3.4 ", "1.2.3.-4", "a.b.c.d", ":", "1:2"})
    EXPECT_FALSE(parse_address(text)) << text;
}

// Values come, come again, go from the front and are left, as a group's do.
TEST(ValueIndex, KnowsWhereEachValueStands) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 30; ++round) {
    EntryList list;
    std::map<std::uint64_t, std::uint64_t> newest;  // id by value
    for (std::uint64_t i = 0; i < 100; ++i) {
      list.insert(list.end(), {0, i, i * 16, 1});
      newest[i * 16] = i;
    }
    auto index = std::make_unique<ValueIndex>(list);
    for (std::uint64_t id = 100; id < 3000; ++id) {
      const std::uint64_t value = below(random, 400) * 16;
      Entry* const known = index->find(list, value);
      ASSERT_EQ(known != nullptr, newest.contains(value));
      if (known != nullptr) {
        ASSERT_EQ(known->id, newest[value]);
        index->remove(list, *known);
        list.leave(known);
      }
      list.insert(list.end(), {0, id, value, 1});
      newest[value] = id;
      if (!index->add(list) || below(random, 500) == 0) index = std::make_unique<ValueIndex>(list);
      if (below(random, 10) == 0) {
        const auto there = static_cast<std::size_t>(list.end() - list.begin());
        const std::size_t count = std::min(below(random, 20), there);
        for (std::size_t i = 0; i < count; ++i) {
          if (list.begin()[i].count > 0) newest.erase(list.begin()[i].value);
        }
        index->drop_front(list, count);
        list.drop_front(count);
      }
      ASSERT_EQ(list.size(), newest.size());
    }
  }
}

}  // namespace
}  // namespace redoubt::sigma::internal
