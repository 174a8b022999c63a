#include "encoding/json_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::encoding {
namespace {

using namespace std::string_view_literals;

void expect_refused(std::string_view text, Errc code, std::string_view message) {
  JsonReader reader;
  const auto parsed = reader.parse(text);
  ASSERT_FALSE(parsed.has_value()) << text;
  EXPECT_EQ(parsed.error().code(), code) << text;
  EXPECT_EQ(parsed.error().message(), message) << text;
}

TEST(JsonReader, ReadsADocument) {
  JsonReader reader;
  const auto root = reader.parse(R"( {"model": "m-1", "n": 3, "messages": [{"role": "user"}], "x": null} )");
  ASSERT_TRUE(root.has_value());
  simdjson::dom::object object;
  ASSERT_EQ(root->get(object), simdjson::SUCCESS);
  EXPECT_EQ(string_member(object, "model"), "m-1");
  EXPECT_EQ(string_member(object, "n"), "") << "not a string";
  EXPECT_EQ(string_member(object, "absent"), "");
  EXPECT_EQ(string_member(object, "/model"), "") << "a name, not a pointer";
}

TEST(JsonReader, ReadsScalarsAtTheRoot) {
  JsonReader reader;
  for (const std::string_view text : {"1", "-0", "1.5e3", "true", "false", "null", "\"\"", " [ ] ", "{}"}) {
    EXPECT_TRUE(reader.parse(text).has_value()) << text;
  }
}

TEST(JsonReader, StringsNeedNotOutliveTheCall) {
  JsonReader reader;
  auto text = std::make_unique<std::string>(R"({"a":"some text that is not short"})");
  const auto root = reader.parse(*text);
  text.reset();
  simdjson::dom::object object;
  ASSERT_EQ(root->get(object), simdjson::SUCCESS);
  EXPECT_EQ(string_member(object, "a"), "some text that is not short");
}

TEST(JsonReader, GoesOnAfterAnError) {
  JsonReader reader;
  EXPECT_FALSE(reader.parse("[").has_value());
  EXPECT_FALSE(reader.parse(R"({"a":1,"a":1})").has_value());
  EXPECT_TRUE(reader.parse("[1]").has_value());
}

TEST(JsonReader, RefusesBadSyntax) {
  constexpr std::string_view kTexts[] = {"[",          "]",
                                         "[1",         "[1,]",
                                         "[,1]",       "[1 2]",
                                         "{\"a\"}",    "{\"a\":}",
                                         "{\"a\" 1}",  "{a:1}",
                                         "{\"a\":1,}", "{1:2}",
                                         "1 2",        "[1] x",
                                         "{} {}",      "/**/[]",
                                         "'a'",        "NaN",
                                         "Infinity",   "tru",
                                         "True",       "nul",
                                         "01",         "+1",
                                         "-",          "1.",
                                         ".5",         "1e",
                                         "0x1",        "1_0",
                                         "--1",        "\"a",
                                         "\"\\x\"",    "\"\\u12g4\"",
                                         "\"\\u12\"",  "\"\n\"",
                                         "\"\t\"",     "\xef\xbb\xbf{}",
                                         "[1]\0"sv,    "\0"sv};
  for (const std::string_view text : kTexts) {
    JsonReader reader;
    const auto parsed = reader.parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << text;
  }
}

TEST(JsonReader, RefusesNothingAtAll) {
  expect_refused("", Errc::kMalformed, "json is empty");
  expect_refused(" \n ", Errc::kMalformed, "json is empty");
}

TEST(JsonReader, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe4\xb8\"", "\"\xf4\x90\x80\x80\""}) {
    expect_refused(text, Errc::kMalformed, "json is not valid UTF-8");
  }
}

TEST(JsonReader, RefusesUnpairedSurrogates) {
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\ud800x")", R"("\udc00\ud800")", R"("\ud83d\u0041")",
        R"("\udbff\ue000")", R"({"\udc00":1})"}) {
    expect_refused(text, Errc::kMalformed, "json has a malformed string");
  }
  JsonReader reader;
  std::string_view pair;
  ASSERT_EQ(reader.parse(R"("\ud83c\udff0")")->get(pair), simdjson::SUCCESS);
  EXPECT_EQ(pair, "🏰");
}

TEST(JsonReader, NulIsACharacterLikeOthers) {
  JsonReader reader;
  std::string_view text;
  ASSERT_EQ(reader.parse(R"("a\u0000b")")->get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "a\0b"sv);
}

TEST(JsonReader, IntegersFitOrAreRefused) {
  JsonReader reader;
  std::int64_t low = 0;
  std::uint64_t high = 0;
  ASSERT_EQ(reader.parse("-9223372036854775808")->get(low), simdjson::SUCCESS);
  EXPECT_EQ(low, std::numeric_limits<std::int64_t>::min());
  ASSERT_EQ(reader.parse("18446744073709551615")->get(high), simdjson::SUCCESS);
  EXPECT_EQ(high, std::numeric_limits<std::uint64_t>::max());
  for (const std::string_view text : {"-9223372036854775809", "18446744073709551616", "[1e400]", "-1e400",
                                      "{\"a\":100000000000000000000000000000000000000000000000000}"}) {
    expect_refused(text, Errc::kMalformed, "json has a malformed number, or one that does not fit in 64 bits");
  }
}

TEST(JsonReader, RefusesDuplicateKeysAtAnyLevel) {
  for (const std::string_view text :
       {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"([{"a":1,"a":2}])", R"({"x":{"y":[0,{"a":1,"b":{},"a":2}]}})",
        R"({"":1,"":2})", R"({"a":{"b":1},"c":{"b":1,"b":1}})",
        R"({"beginnin1endings":1,"beginnin2endings":2,"beginnin1endings":3})"}) {
    expect_refused(text, Errc::kMalformed, "json has an object with a duplicate key");
  }
}

TEST(JsonReader, ComparesKeysUnescaped) {
  for (const std::string_view text : {R"({"a":1,"\u0061":2})", R"({"\u00e9":1,"é":2})", R"({"\/":1,"/":2})",
                                      R"({"\ud83c\udff0":1,"🏰":2})", R"({"\n":1,"\u000A":2})"}) {
    expect_refused(text, Errc::kMalformed, "json has an object with a duplicate key");
  }
}

TEST(JsonReader, KeysThatDifferAreNotDuplicates) {
  JsonReader reader;
  for (const std::string_view text :
       {R"({"a":1,"A":2})", R"({"a":1,"a ":2})", R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])",
        R"({"a\u0000b":1,"a":2,"a\u0000c":3})", R"({"é":1,"e\u0301":2})",
        R"({"the same ends, a middle of theirs, the same ends":1,"the same ends, no middle like it, the same ends":2})",
        R"({"beginnin1endings":1,"beginnin2endings":2,"beginninendings":3})"}) {
    EXPECT_TRUE(reader.parse(text).has_value()) << text;
  }
}

std::string object_of(std::size_t members, std::size_t repeated) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) text += "\"key" + std::to_string(i) + "\":{},";
  return text + "\"key" + std::to_string(repeated) + "\":0}";
}

TEST(JsonReader, FindsADuplicateAmongAnyNumberOfMembers) {
  JsonReader reader;
  for (const std::size_t members : {1u, 2u, 16u, 17u, 100u, 126u, 127u, 128u, 129u, 10'000u}) {
    for (const std::size_t repeated : {std::size_t{0}, members / 2, members - 1}) {
      EXPECT_FALSE(reader.parse(object_of(members, repeated)).has_value()) << members << " " << repeated;
    }
    EXPECT_TRUE(reader.parse(object_of(members, members)).has_value()) << members;
  }
}

TEST(JsonReader, HugeObjectsTakeNoQuadraticTime) {
  // 250,000 members: comparing all pairs would take minutes, and the test would exceed its time.
  JsonReader reader;
  EXPECT_TRUE(reader.parse(object_of(250'000, 250'000)).has_value());
  EXPECT_FALSE(reader.parse(object_of(250'000, 0)).has_value());
}

TEST(JsonReader, RefusesTextAboveItsSize) {
  JsonReader reader({.max_bytes = 10});
  EXPECT_TRUE(reader.parse("[12345678]").has_value());
  EXPECT_EQ(reader.parse("[123456789]").error().code(), Errc::kTooLarge);
  EXPECT_EQ(reader.parse("[]         ").error().code(), Errc::kTooLarge) << "space counts";
}

TEST(JsonReader, ReadsTextOfExactlyTheDefaultLimit) {
  JsonReader reader;
  const std::size_t limit = JsonLimits{}.max_bytes;
  EXPECT_TRUE(reader.parse("\"" + std::string(limit - 2, 'x') + "\"").has_value());
  EXPECT_EQ(reader.parse("\"" + std::string(limit - 1, 'x') + "\"").error().code(), Errc::kTooLarge);
}

std::string nested(std::string_view open, std::string_view inner, std::string_view close, std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += inner;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(JsonReader, RefusesNestingBelowItsDepth) {
  for (const std::size_t depth : {1u, 2u, 64u}) {
    JsonReader reader({.max_depth = depth});
    for (const std::string_view inner : {"", "1"}) {
      EXPECT_TRUE(reader.parse(nested("[", inner, "]", depth)).has_value()) << depth;
      const auto over = reader.parse(nested("[", inner, "]", depth + 1));
      ASSERT_FALSE(over.has_value()) << depth;
      EXPECT_EQ(over.error().code(), Errc::kTooLarge);
    }
    EXPECT_TRUE(reader.parse(nested(R"({"a":)", "1", "}", depth)).has_value()) << depth;
    EXPECT_FALSE(reader.parse(nested(R"({"a":)", "1", "}", depth + 1)).has_value()) << depth;
    EXPECT_FALSE(reader.parse(nested(R"({"a":)", "{}", "}", depth)).has_value()) << depth;
    EXPECT_FALSE(reader.parse(nested(R"([{"a":)", "1", "}]", depth)).has_value()) << depth;
  }
}

TEST(JsonReader, DeepNestingDoesNotExhaustTheStack) {
  JsonReader reader;
  EXPECT_EQ(reader.parse(nested("[", "", "]", 1'000'000)).error().code(), Errc::kTooLarge);
  EXPECT_FALSE(reader.parse(nested(R"({"a":)", "1", "}", 500'000)).has_value());
  EXPECT_FALSE(reader.parse(std::string(1'000'000, '[')).has_value());
}

TEST(JsonReader, MessagesHoldNoContent) {
  JsonReader reader;
  for (const std::string_view text :
       {R"({"s3cret":1,"s3cret":2})", R"({"s3cret": s3cret})", R"(["s3cret)", R"({"s3cret")"}) {
    const auto parsed = reader.parse(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().message().find("s3cret"), std::string::npos);
  }
}

}  // namespace
}  // namespace redoubt::encoding
