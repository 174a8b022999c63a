#include "encoding/json_items.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "encoding/tests/json_items_reference.h"

namespace redoubt::encoding {
namespace {

using Random = std::mt19937_64;

std::size_t any_of(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random() % bound);
}

constexpr JsonLimits kSmall{.max_bytes = 2000, .max_depth = 8};

// One reader for all texts of a test, so that each is read after others.
class JsonItemsTest : public ::testing::Test {
 protected:
  void expect_as_tree(const std::string& text) {
    const std::string expected = in_words(reader_, text);
    EXPECT_EQ(in_words(items_, text), expected) << text;
    EXPECT_EQ(in_words(items_, text), expected) << "once more: " << text;
  }
  JsonReader reader_{kSmall};
  JsonItems items_{kSmall};
};

TEST_F(JsonItemsTest, ListsValuesInTheirOrderWithTheirPaths) {
  constexpr std::array<std::string_view, 3> kPaths = {"b", "b.c", "b.d"};
  JsonItems items({}, kPaths);
  ASSERT_TRUE(items.read(R"({"a":1,"b":[{"c":"x","e":true},{"d":-2}]})"));
  ASSERT_EQ(items.size(), 8U);
  const std::vector<std::uint32_t> ends = {8, 2, 8, 6, 5, 6, 8, 8};
  for (std::uint32_t at = 0; at < items.size(); ++at) EXPECT_EQ(items[at].end, ends[at]) << at;
  EXPECT_EQ(items[0].path, 0U);
  EXPECT_EQ(items.name(items[1].path), "a");
  EXPECT_EQ(items.parent(items[1].path), 0U);
  EXPECT_EQ(items[2].path, 1U);
  EXPECT_EQ(items[3].path, 1U) << "of the array";
  EXPECT_EQ(items[4].path, 2U);
  EXPECT_EQ(items[7].path, 3U);
  EXPECT_EQ(items.name(items[5].path), "e");
  EXPECT_EQ(items.parent(items[5].path), 1U);
  std::string_view text;
  EXPECT_TRUE(items[4].get(text));
  EXPECT_EQ(text, "x");
  std::int64_t number = 0;
  EXPECT_TRUE(items[7].get(number));
  EXPECT_EQ(number, -2);
  EXPECT_FALSE(items[7].get(text));
}

TEST_F(JsonItemsTest, GivesNumbersOfTheirTypesAlone) {
  ASSERT_TRUE(items_.read("[-1,9223372036854775807,9223372036854775808,1.0,\"1\"]"));
  std::int64_t integer = 7;
  std::uint64_t whole = 7;
  EXPECT_FALSE(items_[1].get(whole));
  EXPECT_TRUE(items_[2].get(whole) && items_[2].get(integer));
  EXPECT_FALSE(items_[3].get(integer));
  EXPECT_TRUE(items_[3].get(whole));
  EXPECT_EQ(whole, 9223372036854775808U);
  EXPECT_FALSE(items_[4].get(whole) || items_[4].get(integer) || items_[5].get(whole));
}

TEST_F(JsonItemsTest, KeepsTheNumbersOfPathsWhileTheFormIsTheSame) {
  ASSERT_TRUE(items_.read(R"({"a":{"b":1}})"));
  const std::uint64_t form = items_.form();
  const std::uint32_t path = items_[2].path;
  ASSERT_TRUE(items_.read(R"({"c":1,"a":{"x":1,"b":"\u0041"}})"));
  EXPECT_EQ(items_.form(), form);
  EXPECT_EQ(items_[4].path, path) << "in the long way, too";
  EXPECT_NE(JsonItems().form(), form);
}

TEST_F(JsonItemsTest, ForgetsPathsWhenThereAreManyAndKeepsThoseAskedFor) {
  constexpr std::array<std::string_view, 2> kPaths = {"a", "a.b"};
  JsonItems items({}, kPaths);
  std::uint64_t form = items.form();
  std::size_t forgotten = 0;
  std::size_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_TRUE(items.read("{\"" + name + "\":1,\"a\":{\"" + name + "\":2,\"b\":3}}"));
    EXPECT_EQ(items.name(items[1].path), name);
    EXPECT_EQ(items[2].path, 1U);
    EXPECT_EQ(items[4].path, 2U);
    most = std::max(most, items.paths());
    if (items.form() != form) ++forgotten;
    form = items.form();
  }
  EXPECT_GE(forgotten, 5U);
  EXPECT_LE(most, JsonItems::kPathsKept + 2);
  for (int i = 0; i < 4; ++i) {
    form = items.form();
    ASSERT_TRUE(items.read("{\"" + std::string(JsonItems::kNamesKept, static_cast<char>('a' + i)) + "\":1}"));
  }
  EXPECT_NE(items.form(), form) << "long names count, too";
}

TEST_F(JsonItemsTest, RefusesAMemberThatStandsTwice) {
  expect_as_tree(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]})");
  for (const char* const twice :
       {R"({"a":1,"a":1})", R"({"a":1,"b":{"c":1},"a":2})", R"({"x":{"a":1,"b":2,"c":3,"b":4}})", R"([{"":1,"":2}])",
        R"({"a":1,"\u0061":2})", R"({"a":{"b":1},"c":{"b":1,"d":[],"b":1}})"}) {
    for (int round = 0; round < 2; ++round) {
      const auto read = items_.read(twice);
      ASSERT_FALSE(read) << twice;
      EXPECT_EQ(read.error().message(), "json has an object with a duplicate key") << twice;
    }
  }
}

TEST_F(JsonItemsTest, RefusesWhatIsTooLongOrTooDeep) {
  EXPECT_EQ(items_.read("[\"" + std::string(kSmall.max_bytes, 'a') + "\"]").error().code(), Errc::kTooLarge);
  expect_as_tree("[\"" + std::string(kSmall.max_bytes - 4, 'a') + "\"]");
  for (std::size_t depth = 1; depth <= kSmall.max_depth + 2; ++depth) {
    for (const std::string& inner : {std::string(), std::string("1"), std::string("{}")}) {
      expect_as_tree(std::string(depth, '[') + inner + std::string(depth, ']'));
    }
  }
}

TEST_F(JsonItemsTest, RefusesWhatIsNoJson) {
  const std::string whole = R"({"x":{"y":[1,{"z":"w"},null]},"b":true})";
  expect_as_tree(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(items_.read(whole.substr(0, size)));
    expect_as_tree(whole.substr(0, size));
  }
  for (const char* const text : {"",
                                 " ",
                                 "{}}",
                                 "{} {}",
                                 "{,}",
                                 "[,]",
                                 "{\"x\"}",
                                 "{\"x\":}",
                                 "{\"x\":1,}",
                                 "[1,]",
                                 "[1 2]",
                                 "[1}",
                                 "{]",
                                 "{x:1}",
                                 "[01]",
                                 "[+1]",
                                 "[1.]",
                                 "[.5]",
                                 "[1e]",
                                 "[-]",
                                 "[-01]",
                                 "[1e999]",
                                 "[18446744073709551616]",
                                 "[-9223372036854775809]",
                                 "[tru]",
                                 "[truex]",
                                 "[nul]",
                                 "[true1]",
                                 "[1\"y\"]",
                                 "[\"a\"\"b\"]",
                                 "[\"a\"1]",
                                 "{\"a\"1:2}",
                                 "{\"a\":1:2}",
                                 "[\"\\x\"]",
                                 "[\"\\ud800\"]",
                                 "[\"\x01\"]",
                                 "[\"\xff\"]",
                                 "[\"a]",
                                 "[1]\x01",
                                 "[1]x",
                                 "[[",
                                 "[{",
                                 "{\"a\":",
                                 "{\"a\":[",
                                 "\xef\xbb\xbf[]",
                                 "[1\x0b]",
                                 "[1,\x0c 2]"}) {
    EXPECT_FALSE(items_.read(text)) << text;
    expect_as_tree(text);
  }
}

TEST_F(JsonItemsTest, ReadsEveryKindOfScalar) {
  std::string digits;
  for (int size = 1; size <= 21; ++size) {
    digits += static_cast<char>('0' + size % 10);
    for (const std::string& number : {digits, "-" + digits, "0" + digits, digits + ".5", digits + "e1", digits + "E-2",
                                      digits + "/", digits + ":", digits + "\"", digits + "t", digits + " "}) {
      expect_as_tree("[" + number + "]");
      expect_as_tree("{\"a\":" + number + "}");
    }
  }
  for (const char* const scalar : {"0", "-0", "true", "false", "null", "\"\"", "\"ä\"", "\"a\\n\"", "1", "-0.0"}) {
    expect_as_tree(scalar);
    expect_as_tree("[" + std::string(scalar) + "]");
    expect_as_tree("[ " + std::string(scalar) + "\t,\r\n" + scalar + " ]");
  }
}

TEST_F(JsonItemsTest, TellsNamesOfEveryLengthApart) {
  std::string name;
  for (int size = 0; size < 40; ++size) {
    expect_as_tree("{\"" + name + "\":1,\"" + name + "x\":2}");
    for (std::size_t other = 0; other < name.size(); ++other) {
      std::string changed = name;
      changed[other] = 'Z';
      expect_as_tree("{\"" + changed + "\":1,\"" + name + "x\":2}");
      expect_as_tree("{\"" + name + "\":1,\"" + changed + "\":2}");
    }
    name += static_cast<char>('a' + size % 26);
  }
}

TEST_F(JsonItemsTest, TakesNoQuotationMarkInANameForItsEnd) {
  const std::string name = "[{\"a\\\"b\":1}]";   // the name is a"b
  const std::string torn = "[{\"a\"b\":\" 5}]";  // behind the first name: a word that is none, and a string at it
  for (int round = 0; round < 3; ++round) {
    expect_as_tree(name);
    expect_as_tree(torn);
    EXPECT_FALSE(items_.read(torn));
  }
}

// ---- random texts

std::string space(Random& random) {
  static constexpr std::array<const char*, 6> kSpaces = {"", "", "", " ", "\n", "\t "};
  return kSpaces[any_of(random, kSpaces.size())];
}

std::string any_name(Random& random) {
  static constexpr std::array<const char*, 12> kNames = {"a",
                                                         "b",
                                                         "",
                                                         "uid",
                                                         "type_id",
                                                         "correlation_uid",
                                                         "correlation_uidx",
                                                         "a_name_of_more_than_16",
                                                         "a_name_of_more_then_16",
                                                         "ä",
                                                         "\\u0061",
                                                         "b\\n"};
  return kNames[any_of(random, kNames.size())];
}

std::string any_json(Random& random, std::size_t depth) {
  switch (any_of(random, depth == 0 ? 4 : 8)) {
    case 0: {
      static constexpr std::array<const char*, 12> kScalars = {"true",
                                                               "false",
                                                               "null",
                                                               "1.5",
                                                               "-2e3",
                                                               "0",
                                                               "-0",
                                                               "9223372036854775807",
                                                               "9223372036854775808",
                                                               "-9223372036854775808",
                                                               "123456789012345678",
                                                               "1234567890123456789"};
      return kScalars[any_of(random, kScalars.size())];
    }
    case 1:
    case 2:
      return std::to_string(static_cast<std::int64_t>(random()) >> any_of(random, 64));
    case 3:
      return "\"" + any_name(random) + "\"";
    case 4: {
      std::string out = "[" + space(random);
      for (std::size_t left = any_of(random, 4); left-- > 0;) {
        out += any_json(random, depth - 1) + space(random) + (left > 0 ? "," + space(random) : "");
      }
      return out + "]";
    }
    default: {
      std::string out = "{" + space(random);
      for (std::size_t left = any_of(random, 5); left-- > 0;) {
        out += "\"" + any_name(random) + "\"" + space(random) + ":" + space(random) + any_json(random, depth - 1) +
               space(random) + (left > 0 ? "," + space(random) : "");
      }
      return out + "}";
    }
  }
}

TEST_F(JsonItemsTest, ReadsAndRefusesRandomTextsAsTheTreeDoes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  static constexpr std::string_view kBytes = "\"\\{}[],:0-.eEtn \x01\x80";
  std::size_t read = 0;
  for (int round = 0; round < 20'000 && !HasFailure(); ++round) {
    std::string text = space(random) + any_json(random, 1 + any_of(random, 6)) + space(random);
    expect_as_tree(text);
    read += items_.read(text) ? 1 : 0;
    const std::size_t at = any_of(random, text.size());
    switch (any_of(random, 3)) {
      case 0:
        text[at] = kBytes[any_of(random, kBytes.size())];
        break;
      case 1:
        text.erase(at, 1);
        break;
      default:
        text.insert(at, 1, kBytes[any_of(random, kBytes.size())]);
    }
    expect_as_tree(text);
  }
  EXPECT_GT(read, 10'000U);
}

}  // namespace
}  // namespace redoubt::encoding
