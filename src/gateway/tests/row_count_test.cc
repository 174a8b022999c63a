#include "gateway/row_count.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "encoding/json_reader.h"

namespace redoubt::gateway {
namespace {

using Rows = std::optional<std::uint64_t>;
constexpr std::nullopt_t kNone = std::nullopt;

TEST(RowCount, AnArrayHasAsManyAsElements) {
  EXPECT_EQ(count_rows("[]"), Rows(0));
  EXPECT_EQ(count_rows(R"([{"id":1},{"id":2},{"id":3}])"), Rows(3));
  EXPECT_EQ(count_rows(R"( [ 1 , "two" , null , true , -0.5e+7 , [] , {} ] )"), Rows(7));
  EXPECT_EQ(count_rows("[\n  {\n    \"id\": 1\n  },\n  {\n    \"id\": 2\n  }\n]\n"), Rows(2)) << "lines are no rows";
  EXPECT_EQ(count_rows("\xEF\xBB\xBF[1]"), Rows(1));
}

TEST(RowCount, AnObjectHasThoseOfItsLargestArray) {
  EXPECT_EQ(count_rows(R"({"total":2,"whatever":[{"id":1},{"id":2}]})"), Rows(2));
  EXPECT_EQ(count_rows(R"({"columns":["a","b","c"],"rows":[[1,2,3],[4,5,6]]})"), Rows(2));
  EXPECT_EQ(count_rows(R"({"a":[{},{}],"b":[{},{},{}],"c":[[]]})"), Rows(3));
  EXPECT_EQ(count_rows(R"({"mixed":[1,{"id":1},"x",{"id":2}]})"), Rows(2)) << "of what is no row, none";
}

TEST(RowCount, AnObjectWithoutSuchAnArrayHasNone) {
  for (const std::string_view text : {"{}", R"({"id":1})", R"({"rows":[]})", R"({"tags":["a","b","c"]})",
                                      R"({"page":{"rows":[{"id":1},{"id":2}]}})", R"({"rows":{"a":{},"b":{}}})"}) {
    EXPECT_EQ(count_rows(text), kNone) << text;
  }
}

TEST(RowCount, LinesOfJsonAreARowEach) {
  EXPECT_EQ(count_rows("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n"), Rows(3));
  EXPECT_EQ(count_rows("{\"id\":1}\r\n\r\n[\"b\",2]\r\n[]"), Rows(3));
  EXPECT_EQ(count_rows("{\n \"id\": 1\n}\n{\n \"id\": 2\n}"), Rows(2)) << "over several lines, too";
  EXPECT_EQ(count_rows("1001\n1002\n\"x\"\n"), Rows(3));
  EXPECT_EQ(count_rows("[{\"id\":1},{\"id\":2}]\n[{\"id\":3}]\n{\"more\":[{},{},{}]}\n[4,{}]"), Rows(5))
      << "a list of objects is as many as it has, anything else one";
}

TEST(RowCount, ATableHasThoseBelowItsHeader) {
  EXPECT_EQ(count_rows("id,name\n7,Ada\n9,Bo\n"), Rows(2));
  EXPECT_EQ(count_rows("id;name\r\n7;a,b\r\n9;\r\n;\r\n\r\n"), Rows(3));
  EXPECT_EQ(count_rows("id\tnote\n1\tsaid \"no\n2\t, ; x\n3\ty"), Rows(3)) << "between tabs nothing is quoted";
  EXPECT_EQ(count_rows("id,\"full name\"\n7,\"Ada \"\"L\"\"\nKing, Countess\"\n9,\"Bo\"\n"), Rows(2));
  EXPECT_EQ(count_rows(",id,name\n0,7,Ada\n1,9,Bo\n"), Rows(2)) << "rows that are numbered";
  EXPECT_EQ(count_rows("\xEF\xBB\xBFГод,Имя\n1,x\n2,y"), Rows(2));
}

TEST(RowCount, ProseHasNone) {
  for (const std::string_view text :
       {"", " \n ", "Two patients were found.", "42", "\"[1,2,3]\"", "true", "ok\n", "nothing\nwas\nfound\n",
        "Found it, at last.\nIt was there, after all.\nAll is well, then.\n", "a, b\nc, d\ne, f\n",
        "Dear Ada,\nthank you,\nyours,\n", "one,\ntwo,\nthree,\n", "1,2\n3,4\n5,6\n",
        "2026-11-23,17\n2026-11-24,18\n1,2\n", "# Title\n\n- a\n- b\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"}) {
    EXPECT_EQ(count_rows(text), kNone) << text;
  }
}

TEST(RowCount, ATableOfUnequalLinesIsNone) {
  for (const std::string_view text :
       {"a,b\n1,2\n", "a,b", "a,b\n\n\n", "a,b\n1,2\n3\n", "a,b\n1,2\n3,4,5\n", "a,b\n1,2\n\n3,4\n",
        "a,,c\n1,2,3\n4,5,6\n", "a, b\n1,2\n3,4\n", "a,b \n1,2\n3,4\n", "a,7\n1,2\n3,4\n", "a,b\n1,\"2\n3,4\n",
        "a,b\n1,\"2\"x\n3,4\n", "a\n1\n2\n"}) {
    EXPECT_EQ(count_rows(text), kNone) << text;
  }
  const std::string longest(kColumnNameSizeMax, 'x');
  EXPECT_EQ(count_rows("a," + longest + "\n1,2\n3,4"), Rows(2));
  EXPECT_EQ(count_rows("a," + longest + "x\n1,2\n3,4"), kNone);
}

TEST(RowCount, JsonThatIsBrokenHasNone) {
  for (const std::string_view text : {"[",
                                      "]",
                                      "[1,2",
                                      "[1,2}",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1]x",
                                      "[1] [2]",
                                      "[1],[2]",
                                      "[01]",
                                      "[+1]",
                                      "[1.]",
                                      "[.5]",
                                      "[1e]",
                                      "[-]",
                                      "[tru]",
                                      "[nul",
                                      "[\"a]",
                                      "[\"a\\x\"]",
                                      "[\"\\u12g4\"]",
                                      "[\"\\u12",
                                      "[\"\\",
                                      "[\"a\nb\"]",
                                      "[\"12345678\x01\"]",
                                      "{",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "{1:2}",
                                      "{\"a\":[{}]",
                                      "[{\"id\":1},{\"id\":2}]\n… and 12 more",
                                      "[{},{}",
                                      "{}\n{}\n{",
                                      "[1,2,3]\nSee above.",
                                      "Here:\n[{},{}]",
                                      "[a,b\n1,2\n3,4\n",
                                      "{a,b\n1,2\n3,4\n"}) {
    EXPECT_EQ(count_rows(text), kNone) << text;
  }
}

TEST(RowCount, WhatIsNestedTooDeepIsNone) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(count_rows(nested(kRowDepthMax)), Rows(1));
  EXPECT_EQ(count_rows(nested(kRowDepthMax + 1)), kNone);
  EXPECT_EQ(count_rows(std::string(1'000'000, '[')), kNone);
}

// The same by a parser that keeps everything.
Rows rows_of_document(const simdjson::dom::element& root) {
  simdjson::dom::array array;
  simdjson::dom::object object;
  if (root.get(array) == simdjson::SUCCESS) return array.size();
  if (root.get(object) != simdjson::SUCCESS) return kNone;
  std::uint64_t most = 0;
  for (const auto member : object) {
    if (member.value.get(array) != simdjson::SUCCESS) continue;
    std::uint64_t containers = 0;
    for (const simdjson::dom::element each : array) containers += each.is_array() || each.is_object() ? 1 : 0;
    most = std::max(most, containers);
  }
  return most > 0 ? Rows(most) : kNone;
}

class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}

  std::string value(int depth) {
    switch (random_() % (depth > 0 ? 8 : 4)) {
      case 0:
        return std::to_string(static_cast<int>(random_()));
      case 1:
        return text();
      case 2:
        return "-0.25e-3";
      case 3:
        return random_() % 2 == 0 ? "null" : "true";
      case 4:
      case 5:
        return "[" + list(depth, false) + "]";
      default:
        return "{" + list(depth, true) + "}";
    }
  }

 private:
  std::string text() {
    static constexpr std::array<std::string_view, 8> kPieces = {"a",       "\\\"", "\\\\", "],{",
                                                                "\\u0041", "é",    ", ",   "12345678"};
    std::string out = "\"";
    for (std::uint32_t i = random_() % 6; i > 0; --i) out += kPieces[random_() % kPieces.size()];
    return out + "\"";
  }
  std::string list(int depth, bool named) {
    std::string out;
    const std::uint32_t size = random_() % 6;
    for (std::uint32_t i = 0; i < size; ++i) {
      if (i > 0) out += random_() % 3 == 0 ? " ,\n" : ",";
      if (named) out += "\"m" + std::to_string(i) + "\": ";
      out += value(depth - 1);
    }
    return out;
  }

  std::mt19937 random_;
};

TEST(RowCount, IsThatOfAWholeParser) {
  const char* const given = std::getenv("REDOUBT_SEED");
  const auto seed = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : 20261123U;
  SCOPED_TRACE("REDOUBT_SEED=" + std::to_string(seed));
  RandomJson random(seed);
  encoding::JsonReader reader;
  int with_rows = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random.value(5);
    const auto root = reader.parse(text);
    ASSERT_TRUE(root) << text;
    const Rows wanted = rows_of_document(*root);
    ASSERT_EQ(count_rows(text), wanted) << text;
    with_rows += wanted ? 1 : 0;
    // Cut anywhere it is another document, or none.
    const std::string cut = text.substr(0, static_cast<std::size_t>(i) % text.size());
    if (reader.parse(cut) || !(cut.starts_with('[') || cut.starts_with('{'))) continue;
    ASSERT_EQ(count_rows(cut), kNone) << cut;
  }
  EXPECT_GT(with_rows, 1000);
}

}  // namespace
}  // namespace redoubt::gateway
