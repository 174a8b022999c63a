#include "contract/json_schema.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::contract {
namespace {

using Problems = std::vector<SchemaProblem>;

Result<Problems> validate(std::string_view schema, std::string_view instance, const JsonSchemaOptions& options = {}) {
  const auto compiled = JsonSchema::compile(schema, options);
  if (!compiled) return compiled.error();
  encoding::JsonReader reader;
  const auto json = reader.parse(instance);
  if (!json) return json.error();
  return compiled->validate(*json);
}

bool valid(std::string_view schema, std::string_view instance, const JsonSchemaOptions& options = {}) {
  const auto problems = validate(schema, instance, options);
  EXPECT_TRUE(problems) << problems.error().message();
  return problems && problems->empty();
}

std::string refusal(std::string_view schema, Errc code = Errc::kMalformed) {
  const auto compiled = JsonSchema::compile(schema);
  if (compiled) return "(compiled)";
  EXPECT_EQ(compiled.error().code(), code) << compiled.error().message();
  return compiled.error().message();
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(JsonSchema, NamesThePlaceOfEachProblem) {
  const auto problems =
      validate(R"({"properties":{"a/b":{"items":{"minimum":3}},"c":{"type":"string"}},"required":["d"]})",
               R"({"a/b":[3,1],"c":null})");
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 3U);
  EXPECT_EQ((*problems)[0].instance, "/a~1b/1");
  EXPECT_EQ((*problems)[0].keyword, "#/properties/a~1b/items/minimum");
  EXPECT_EQ((*problems)[0].reason, "is below the minimum");
  EXPECT_EQ((*problems)[1].instance, "/c");
  EXPECT_EQ((*problems)[1].keyword, "#/properties/c/type");
  EXPECT_EQ((*problems)[2].instance, "");
  EXPECT_EQ((*problems)[2].keyword, "#/required");
}

TEST(JsonSchema, NamesTheKeywordWhereItStandsBehindReferences) {
  const auto problems = validate(R"({"$defs":{"n":{"maximum":1}},"items":{"$ref":"#/$defs/n"}})", "[2]");
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_EQ(problems->front().keyword, "#/$defs/n/maximum");
  EXPECT_EQ(problems->front().instance, "/0");
}

TEST(JsonSchema, ReportsAsManyProblemsAsAskedFor) {
  const std::string instance = "[" + repeated("1,", 99) + "1]";
  EXPECT_EQ(validate(R"({"items":{"type":"string"}})", instance)->size(), 16U);
  EXPECT_EQ(validate(R"({"items":{"type":"string"}})", instance, {.max_problems = 1})->size(), 1U);
}

TEST(JsonSchema, ShortensPointersToThePlaceAroundThem) {
  const std::string name(2000, 'x');
  const auto problems =
      validate(R"({"properties":{"a":{"additionalProperties":{"type":"null"}}}})", R"({"a":{")" + name + R"(":1}})");
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_EQ(problems->front().instance, "/a");
}

TEST(JsonSchema, CountsDecimalsExactly) {
  EXPECT_TRUE(valid(R"({"multipleOf":0.01})", "19.99"));
  EXPECT_TRUE(valid(R"({"multipleOf":0.1})", "0.3"));
  EXPECT_FALSE(valid(R"({"multipleOf":0.1})", "0.35"));
  EXPECT_TRUE(valid(R"({"multipleOf":3})", "3e300"));
  EXPECT_FALSE(valid(R"({"multipleOf":7})", "1e300"));
  EXPECT_TRUE(valid(R"({"multipleOf":1e300})", "0"));
  EXPECT_FALSE(valid(R"({"maximum":9007199254740992})", "9007199254740993"));
  EXPECT_FALSE(valid(R"({"exclusiveMinimum":-9223372036854775808})", "-9223372036854775808"));
  EXPECT_TRUE(valid(R"({"minimum":1.7e308})", "1.79e308"));
  EXPECT_TRUE(valid(R"({"exclusiveMinimum":0})", "5e-324"));
}

TEST(JsonSchema, RefusesKeywordsWithValuesOfAnotherForm) {
  for (const char* schema : {R"({"type":"text"})",
                             R"({"type":[]})",
                             R"({"minLength":-1})",
                             R"({"minLength":1.5})",
                             R"({"required":"a"})",
                             R"({"required":[1]})",
                             R"({"properties":[]})",
                             R"({"properties":{"a":1}})",
                             R"({"allOf":[]})",
                             R"({"allOf":{}})",
                             R"({"multipleOf":0})",
                             R"({"maximum":"3"})",
                             R"({"pattern":3})",
                             R"({"pattern":"("})",
                             R"({"uniqueItems":1})",
                             R"({"enum":3})",
                             R"({"$ref":3})",
                             R"({"not":null})",
                             R"({"dependentRequired":{"a":{}}})",
                             R"({"$id":"a#b"})",
                             R"({"items":[true]})",
                             R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})",
                             R"({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})",
                             "3",
                             "[]",
                             "{",
                             ""}) {
    EXPECT_NE(refusal(schema), "(compiled)") << schema;
  }
  EXPECT_EQ(refusal(R"({"properties":{"a":{"minLength":-1}}})"),
            "`#/properties/a/minLength`: must be a whole number, 0 or more");
}

TEST(JsonSchema, RefusesWhatItCannotDoWithAReason) {
  EXPECT_EQ(refusal(R"({"pattern":"^(?=.*a)b"})", Errc::kUnsupported),
            "`#/pattern`: the pattern has lookaround, which matching in linear time cannot do");
  EXPECT_EQ(refusal(R"({"pattern":"(a)\\1"})", Errc::kUnsupported),
            "`#/pattern`: the pattern has a back-reference, which matching in linear time cannot do");
  EXPECT_EQ(refusal(R"({"$ref":"http://example.com/other.json"})", Errc::kUnsupported),
            "`#/$ref`: refers to what is not in this document, and nothing is fetched");
  EXPECT_EQ(refusal(R"({"$schema":"http://json-schema.org/draft-04/schema#"})", Errc::kUnsupported),
            "`#`: `$schema` is neither draft 2020-12 nor draft 7");
  EXPECT_NE(refusal(R"({"$defs":{"a":{"$id":"a","$dynamicAnchor":"n"},"b":{"$id":"b","$dynamicAnchor":"n"}},
                       "$ref":"a","properties":{"x":{"$id":"c","$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}}}})",
                    Errc::kUnsupported),
            "(compiled)");
  for (const char* gone : {R"({"$ref":"#/$defs/none"})", R"({"$ref":"#none"})", R"({"$ref":"#/%zz"})",
                           R"({"$ref":"#/a~2"})", R"({"allOf":[true],"$ref":"#/allOf/00"})"}) {
    EXPECT_NE(refusal(gone, Errc::kUnsupported), "(compiled)") << gone;
  }
}

TEST(JsonSchema, ReadsBooleanSchemas) {
  EXPECT_TRUE(valid("true", "1"));
  EXPECT_FALSE(valid("false", "1"));
  EXPECT_FALSE(valid(R"({"properties":{"a":false}})", R"({"a":1})"));
}

TEST(JsonSchema, KeepsToTheDialectThatIsDeclared) {
  constexpr std::string_view kTuple =
      R"({"$schema":"http://json-schema.org/draft-07/schema#","items":[true],"additionalItems":false})";
  EXPECT_TRUE(valid(kTuple, "[1]"));
  EXPECT_FALSE(valid(kTuple, "[1,2]"));
  EXPECT_FALSE(valid(R"({"items":[true],"additionalItems":false})", "[1,2]", {.dialect = SchemaDialect::kDraft7}));
  EXPECT_TRUE(valid(R"({"prefixItems":[false]})", "[1]", {.dialect = SchemaDialect::kDraft7}));
}

TEST(JsonSchema, AssertsFormatsUnlessToldNotTo) {
  EXPECT_FALSE(valid(R"({"format":"ipv4"})", R"("1.2.3")"));
  EXPECT_TRUE(valid(R"({"format":"ipv4"})", R"("1.2.3")", {.assert_formats = false}));
}

TEST(JsonSchema, EndsWhenASchemaRefersToItselfWithoutEnd) {
  for (const char* schema : {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
                             R"({"anyOf":[{"$ref":"#"},true]})", R"({"if":{"$ref":"#"}})"}) {
    const auto problems = validate(schema, "1");
    ASSERT_FALSE(problems) << schema;
    EXPECT_EQ(problems.error().code(), Errc::kTooLarge);
  }
}

TEST(JsonSchema, EndsWhenAlternativesMultiply) {
  // Each level asks the next one twice, about the same value.
  std::string schema = R"({"$ref":"#/$defs/l40","$defs":{"l0":{"type":"null"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = R"({"$ref":"#/$defs/l)" + std::to_string(i - 1) + R"("})";
    schema += R"(,"l)" + std::to_string(i) + R"(":{"anyOf":[)" + below + "," + below + "]}";
  }
  schema += "}}";
  const auto problems = validate(schema, "1");
  ASSERT_FALSE(problems);
  EXPECT_EQ(problems.error().code(), Errc::kTooLarge);
}

TEST(JsonSchema, EndsWhenUniqueItemsAreMany) {
  std::string list = "[";
  for (int i = 0; i < 20000; ++i) list += std::to_string(i) + ",";
  list += "0]";
  EXPECT_FALSE(valid(R"({"uniqueItems":true})", list));
  const auto problems = validate(R"({"uniqueItems":true})", list, {.max_work = 1000});
  ASSERT_FALSE(problems);
  EXPECT_EQ(problems.error().code(), Errc::kTooLarge);
}

TEST(JsonSchema, NoWorkIsTooLittleForAVerdictOnTheWrongSide) {
  // Whatever the limit, what it says is right, or it says nothing.
  constexpr std::string_view kSchema =
      R"({"not":{"required":["a","b"]},"oneOf":[{"minProperties":1},{"maxProperties":0}],"unevaluatedProperties":{"enum":[1,2,3]}})";
  for (std::uint64_t work = 0; work < 60; ++work) {
    if (const auto good = validate(kSchema, R"({"a":1,"c":3})", {.max_work = work})) {
      EXPECT_TRUE(good->empty()) << work;
    }
    if (const auto bad = validate(kSchema, R"({"a":1,"b":2})", {.max_work = work})) {
      EXPECT_FALSE(bad->empty()) << work;
    }
  }
  EXPECT_TRUE(valid(kSchema, R"({"a":1,"c":3})", {.max_work = 60}));
}

TEST(JsonSchema, RefusesLargeSchemas) {
  refusal(R"({"description":")" + std::string(1 << 20, 'x') + R"("})", Errc::kTooLarge);
  refusal(repeated(R"({"not":)", 70) + "{}" + repeated("}", 70), Errc::kTooLarge);
  refusal(R"({"allOf":[)" + repeated("{},", 20000) + "{}]}", Errc::kTooLarge);
  std::string patterns = R"({"patternProperties":{)";
  for (int i = 0; i < 257; ++i) patterns += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\":true";
  refusal(patterns + "}}", Errc::kTooLarge);
  refusal(R"({"pattern":")" + repeated("(a{500}){2}", 400) + R"("})", Errc::kTooLarge);
}

TEST(JsonSchema, MovesAndValidatesFromManyReaders) {
  auto first = JsonSchema::compile(R"({"const":{"a":[1]}})");
  ASSERT_TRUE(first);
  const JsonSchema moved = *std::move(first);
  for (int i = 0; i < 3; ++i) {
    encoding::JsonReader reader;
    const auto problems = moved.validate(*reader.parse(R"({"a":[1.0]})"));
    ASSERT_TRUE(problems);
    EXPECT_TRUE(problems->empty());
  }
}

}  // namespace
}  // namespace redoubt::contract
