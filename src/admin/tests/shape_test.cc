#include "admin/shape.h"

#include <gtest/gtest.h>

#include "admin/forms.h"

namespace redoubt::admin {
namespace {

constexpr std::string_view kColours[] = {"red", "green"};
constexpr Shape kColour = one_of(kColours);
constexpr Shape kAge = integer_of(1, 150);
constexpr Field kFields[] = {{"id", &kIdShape, "", kRequired},
                             {"age", &kAge, ""},
                             {"colour", &kColour, "", kNullable},
                             {"groups", &kIdsShape, ""},
                             {"on", &kBoolean, ""}};
constexpr Shape kThing = object_of("Thing", kFields, kClosed);

// `pointer: detail` of each fault.
std::vector<std::string> faults(const Shape& shape, std::string_view json) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  EXPECT_TRUE(root) << json;
  std::vector<std::string> out;
  for (const Fault& fault : check(shape, *root)) out.push_back(fault.pointer + ": " + fault.detail);
  return out;
}

TEST(Shape, TakesWhatFits) {
  EXPECT_TRUE(faults(kThing, R"({"id":"a","age":150,"colour":null,"groups":["x","y"],"on":true})").empty());
  EXPECT_TRUE(faults(kThing, R"({"id":"a"})").empty());
}

TEST(Shape, SaysWhereAndWhyAValueDoesNotFit) {
  const std::vector<std::string> expected{"/id: must have 1 to 64 characters", "/age: must be an integer from 1 to 150",
                                          "/colour: must be one of `red`, `green`", "/groups/1: is there twice",
                                          "/on: must be true or false"};
  EXPECT_EQ(faults(kThing, R"({"id":"","age":0,"colour":"blue","groups":["x","x"],"on":1})"), expected);
}

TEST(Shape, RefusesOtherTypes) {
  EXPECT_EQ(faults(kThing, "[]"), std::vector<std::string>{": must be an object"});
  EXPECT_EQ(faults(kThing, R"({"id":5})"), std::vector<std::string>{"/id: must be a string"});
  EXPECT_EQ(faults(kThing, R"({"id":null})"), std::vector<std::string>{"/id: must be a string"});
  EXPECT_EQ(faults(kThing, R"({"id":"a","groups":"x"})"), std::vector<std::string>{"/groups: must be an array"});
  for (const char* age : {"-1", "1.0", "\"1\"", "1e1", "151", "18446744073709551615", "null"}) {
    EXPECT_EQ(faults(kThing, R"({"id":"a","age":)" + std::string(age) + "}").size(), 1U) << age;
  }
}

TEST(Shape, RefusesMembersThatItDoesNotKnow) {
  EXPECT_EQ(faults(kThing, R"({"id":"a","ID":1,"a/b~":2})"),
            (std::vector<std::string>{"/ID: is not a member that is known", "/a~1b~0: is not a member that is known"}));
}

TEST(Shape, MissesWhatIsRequired) {
  EXPECT_EQ(faults(kThing, "{}"), std::vector<std::string>{"/id: is missing"});
}

TEST(Shape, BoundsTheNumberOfFaults) {
  std::string json = R"({"id":"a","groups":[)";
  for (int i = 0; i < 40; ++i) json += i == 0 ? "1" : ",1";
  EXPECT_EQ(faults(kThing, json + "]}").size(), kMaxFaults);
}

TEST(Shape, BoundsTheNumberOfItems) {
  std::string json = R"({"id":"a","groups":[)";
  for (int i = 0; i < 65; ++i) json += (i == 0 ? "\"g" : ",\"g") + std::to_string(i) + '"';
  EXPECT_EQ(faults(kThing, json + "]}"), std::vector<std::string>{"/groups: must have at most 64 items"});
}

TEST(Shape, CountsCharactersAndNotBytes) {
  const TextForm form{.kind = TextForm::Kind::kLine, .max = 3};
  EXPECT_TRUE(fits(form, "äöü"));
  EXPECT_FALSE(fits(form, "äöüä"));
}

TEST(Shape, NamesAreOfTheirClassesAlone) {
  const TextForm& id = kIdShape.form;
  for (const char* good : {"a", "A.b-c_9", "_x", "0"}) EXPECT_TRUE(fits(id, good)) << good;
  for (const char* bad : {"", ".", "..", "-a", "a b", "a/b", "ä", "a\n", "a%"}) EXPECT_FALSE(fits(id, bad)) << bad;
  EXPECT_TRUE(fits(kModelNameShape.form, "org/model-7b:latest@v1+x"));
  EXPECT_FALSE(fits(kModelNameShape.form, "/model"));
  EXPECT_EQ(pattern_of(id), "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$");
}

TEST(Shape, LinesHaveNoControlCharacters) {
  const TextForm line{.kind = TextForm::Kind::kLine, .max = 100};
  const TextForm lines{.kind = TextForm::Kind::kLines, .max = 100};
  EXPECT_TRUE(fits(line, "a line, \"quoted\" \\ ü"));
  for (const std::string& bad :
       {std::string("a\nb"), std::string("a\tb"), std::string("\x7f"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(fits(line, bad));
  }
  EXPECT_TRUE(fits(lines, "a\r\n\tb"));
  EXPECT_FALSE(fits(lines, "a\x1b[31m"));
}

TEST(Shape, ReadsTextsOfPathsAndQueriesStrictly) {
  EXPECT_EQ(check_text(kAge, "150"), "");
  for (const char* bad : {"", "0", "007", "+1", "-1", "1 ", "1.0", "0x1", "99999999999999999999999"}) {
    EXPECT_NE(check_text(kAge, bad), "") << bad;
  }
  EXPECT_EQ(check_text(kBoolean, "true"), "");
  EXPECT_NE(check_text(kBoolean, "True"), "");
  EXPECT_NE(check_text(kIdShape, "\xff"), "");
}

TEST(Shape, ShowsTheSameAsASchema) {
  std::string out;
  encoding::JsonWriter json(out);
  append_definition(json, kThing);
  EXPECT_EQ(out,
            R"({"type":"object","properties":{"id":{"type":"string","minLength":1,"maxLength":64,)"
            R"("pattern":"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"},"age":{"type":"integer","minimum":1,"maximum":150},)"
            R"("colour":{"anyOf":[{"type":"string","enum":["red","green"]},{"type":"null"}]},)"
            R"("groups":{"type":"array","items":{"type":"string","minLength":1,"maxLength":64,)"
            R"("pattern":"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"},"maxItems":64,"uniqueItems":true},)"
            R"("on":{"type":"boolean"}},"required":["id"],"additionalProperties":false})");
}

TEST(Shape, IsReferredToByItsName) {
  std::string out;
  encoding::JsonWriter json(out);
  append_schema(json, kThing);
  EXPECT_EQ(out, R"({"$ref":"#/components/schemas/Thing"})");
}

}  // namespace
}  // namespace redoubt::admin
