#include "encoding/json_texts.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "encoding/json_reader.h"

namespace redoubt::encoding {
namespace {

using Kind = JsonText::Kind;

struct Seen {
  Kind kind;
  std::string path;
  std::string text;
  std::string token;
  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << static_cast<int>(seen.kind) << " " << seen.path << " `" << seen.text << "` " << seen.token;
}

std::vector<Seen> texts(std::string_view json) {
  JsonReader reader;
  EXPECT_TRUE(reader.parse(json).has_value()) << json;
  std::vector<Seen> out;
  each_json_text(json, [&](const JsonText& text) {
    out.push_back({text.kind, std::string(text.path), std::string(text.text),
                   std::string(json.substr(text.begin, text.end - text.begin))});
  });
  return out;
}

TEST(JsonTexts, AreStringsNamesAndLongNumbersWithTheirPaths) {
  EXPECT_EQ(texts(R"({"a": [ {"b":"x"}, 7, 123456, "y" ], "c":-12.5e10})"),
            (std::vector<Seen>{{Kind::kName, "/a", "a", R"("a")"},
                               {Kind::kName, "/a/0/b", "b", R"("b")"},
                               {Kind::kString, "/a/0/b", "x", R"("x")"},
                               {Kind::kNumber, "/a/2", "123456", "123456"},
                               {Kind::kString, "/a/3", "y", R"("y")"},
                               {Kind::kName, "/c", "c", R"("c")"},
                               {Kind::kNumber, "/c", "-12.5e10", "-12.5e10"}}));
}

TEST(JsonTexts, OfADocumentThatIsOneStringOrEmpty) {
  EXPECT_EQ(texts(R"( "x" )"), (std::vector<Seen>{{Kind::kString, "", "x", R"("x")"}}));
  EXPECT_TRUE(texts("{}").empty());
  EXPECT_TRUE(texts("[[],{}]").empty());
}

TEST(JsonTexts, AreUnescaped) {
  EXPECT_EQ(texts(R"(["\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00z"])")[0].text,
            "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
  EXPECT_EQ(texts(R"(["a\\"])")[0].text, "a\\");
  EXPECT_EQ(texts(R"(["\u0000"])")[0].text, std::string(1, '\0'));
}

// Each place within the sixteen bytes that are looked at together, and behind the last that are.
TEST(JsonTexts, EndWhereTheyEndWhereverThatIs) {
  const std::pair<std::string_view, std::string_view> escapes[] = {
      {"", ""}, {R"(\")", R"(")"}, {R"(\\)", R"(\)"}, {R"(\\\")", R"(\")"}, {R"(\u0041)", "A"}};
  for (std::size_t before = 0; before < 40; ++before) {
    for (const auto& [escape, plain] : escapes) {
      for (const std::size_t after : {0, 1, 15, 16, 17, 33}) {
        const auto in_its_place = [&](std::string_view piece) {
          return std::string(before, 'x') + std::string(piece) + std::string(after, 'y');
        };
        const std::string token = '"' + in_its_place(escape) + '"';
        ASSERT_EQ(texts("[" + token + R"(,"z"])"), (std::vector<Seen>{{Kind::kString, "/0", in_its_place(plain), token},
                                                                      {Kind::kString, "/1", "z", R"("z")"}}));
      }
    }
  }
}

TEST(JsonTexts, PathsAreAsLongAsTheyMustBe) {
  std::string json = "7";
  std::string path;
  for (int depth = 0; depth < 30; ++depth) {
    const std::string name(static_cast<std::size_t>(depth * 7), "~/n"[depth % 3]);
    json = depth % 2 == 0 ? "[123456," + json + "]" : "{\"" + name + "\":" + json + "}";
  }
  const auto found = texts(json);
  ASSERT_EQ(found.size(), 30U);
  for (int depth = 29; depth >= 0; --depth) {
    const Seen& seen = found[static_cast<std::size_t>(29 - depth)];
    if (depth % 2 == 0) {
      EXPECT_EQ(seen.path, path + "/0");
      path += "/1";
      continue;
    }
    path += "/";
    for (int i = 0; i < depth * 7; ++i) path += depth % 3 == 0 ? "~0" : depth % 3 == 1 ? "~1" : "n";
    EXPECT_EQ(seen.path, path);
  }
}

TEST(JsonTexts, ANameCannotPassForAPath) {
  EXPECT_EQ(texts(R"({"a/0":{"~":"x"}})").back().path, "/a~10/~0");
}

TEST(JsonTexts, PathsComeBackAfterContainers) {
  EXPECT_EQ(texts(R"({"a":{"b":["x",["y"]]},"c":"z"})").back().path, "/c");
  EXPECT_EQ(texts(R"([["x"],"y"])").back().path, "/1");
}

TEST(JsonTexts, ReplacedOnesAreStringsAndAllElseStays) {
  const std::string json = R"( { "a" : "one", "n":1234567 , "b":"\u0041" } )";
  std::vector<JsonReplacement> changes;
  each_json_text(json, [&](const JsonText& text) {
    if (text.kind != Kind::kName && text.text != "A")
      changes.push_back({text.begin, text.end, "\"" + std::string(text.text)});
  });
  EXPECT_EQ(replace_json_texts(json, changes), R"( { "a" : "\"one", "n":"\"1234567" , "b":"\u0041" } )");
  EXPECT_EQ(replace_json_texts(json, {}), json);
}

TEST(JsonTexts, AMembersValueIsFoundWhereItStands) {
  const std::string json = R"({"a":[{"b" : {"x":["}",1]} , "c":null}],"d":-1.5})";
  const auto at = [&](std::string_view path) {
    const auto place = find_json_value(json, path);
    return place ? json.substr(place->begin, place->end - place->begin) : "nothing";
  };
  EXPECT_EQ(at("/a/0/b"), R"({"x":["}",1]})");
  EXPECT_EQ(at("/a/0/c"), "null");
  EXPECT_EQ(at("/a/0/b/x"), R"(["}",1])");
  EXPECT_EQ(at("/d"), "-1.5");
  EXPECT_EQ(at("/e"), "nothing");
}

TEST(JsonTexts, AValueCanBecomeNull) {
  const std::string json = R"({"a":[1,{"b":2}],"c":3})";
  const auto place = find_json_value(json, "/a");
  ASSERT_TRUE(place.has_value());
  const JsonReplacement gone[] = {{place->begin, place->end, std::nullopt}};
  EXPECT_EQ(replace_json_texts(json, gone), R"({"a":null,"c":3})");
}

}  // namespace
}  // namespace redoubt::encoding
