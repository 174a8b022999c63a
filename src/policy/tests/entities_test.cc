#include "policy/entities.h"

#include <gtest/gtest.h>

#include <limits>

#include "policy/internal/json_place.h"
#include "policy/schema.h"

namespace redoubt::policy {
namespace {

// Places and messages of what was found wrong, one a line; empty when nothing was.
template <class T>
std::string problems_of(const Checked<T>& result) {
  std::string out;
  if (result) return out;
  EXPECT_FALSE(result.error().empty());
  for (const Problem& problem : result.error()) out += problem.path + ": " + problem.message + "\n";
  return out;
}

// An entity with these members; `attrs`, `parents` and `uid` as they must be unless given.
std::string entity_json(std::string_view attributes = "{}", std::string_view parents = "[]",
                        std::string_view uid = R"({"type": "User", "id": "a"})", std::string_view more = "") {
  return R"([{"uid": )" + std::string(uid) + R"(, "attrs": )" + std::string(attributes) + R"(, "parents": )" +
         std::string(parents) + std::string(more) + "}]";
}

Value long_value(std::int64_t n) {
  return Value(n);
}

Value attribute(std::string_view json, std::string_view name = "x") {
  const auto entities = parse_entities(entity_json(json));
  EXPECT_EQ(problems_of(entities), "");
  const Value* value = entities ? entities->front().attributes.find(name) : nullptr;
  EXPECT_NE(value, nullptr);
  return value != nullptr ? *value : Value(false);
}

std::string attribute_problems(std::string_view value_json) {
  return problems_of(parse_entities(entity_json(R"({"x": )" + std::string(value_json) + "}")));
}

TEST(Entities, AreReadWithAttributesParentsAndTags) {
  const auto entities = parse_entities(R"([
    {"uid": {"type": "N::User", "id": "a\n"}, "attrs": {"n": 1}, "parents": [{"type": "G", "id": "g"}],
     "tags": {"t": "v"}},
    {"uid": {"__entity": {"type": "G", "id": ""}}, "attrs": {}, "parents": [{"__entity": {"type": "G", "id": "g"}}]}])");
  ASSERT_EQ(problems_of(entities), "");
  ASSERT_EQ(entities->size(), 2U);
  const Entity& user = entities->front();
  EXPECT_EQ(user.uid, (EntityUid{"N::User", "a\n"}));
  EXPECT_EQ(*user.attributes.find("n"), long_value(1));
  EXPECT_EQ(user.parents, (std::vector<EntityUid>{{"G", "g"}}));
  EXPECT_EQ(*user.tags.find("t"), Value(std::string("v")));
  EXPECT_EQ(entities->back().uid, (EntityUid{"G", ""}));
  EXPECT_EQ(entities->back().parents, (std::vector<EntityUid>{{"G", "g"}}));
}

TEST(Entities, MayBeNone) {
  const auto entities = parse_entities("[]");
  ASSERT_TRUE(entities);
  EXPECT_TRUE(entities->empty());
}

TEST(Entities, AreAnArrayOfObjects) {
  EXPECT_EQ(problems_of(parse_entities("{}")), ": expected an array of entities\n");
  EXPECT_EQ(problems_of(parse_entities("[1]")), "/0: expected an entity, which is an object\n");
  EXPECT_NE(problems_of(parse_entities("")), "");
  EXPECT_NE(problems_of(parse_entities("[")), "");
  EXPECT_NE(problems_of(parse_entities("[] []")), "");
}

TEST(Entities, NeedUidAttributesAndParents) {
  EXPECT_EQ(problems_of(parse_entities(R"([{"uid": {"type": "A", "id": "a"}}, {"attrs": {}, "parents": []}])")),
            "/0: the entity has no `attrs`\n/0: the entity has no `parents`\n/1: the entity has no `uid`\n");
}

TEST(Entities, NeedMembersOfTheRightShape) {
  EXPECT_EQ(problems_of(parse_entities(entity_json("[]", "{}", R"({"type": "A", "id": "a"})", R"(, "tags": 1)"))),
            "/0/attrs: expected an object\n/0/parents: expected an array of entities\n/0/tags: expected an object\n");
  EXPECT_EQ(problems_of(parse_entities(entity_json("{}", R"([{"type": "A", "id": "a"}, "A::\"a\""])"))),
            "/0/parents/1: expected an entity, as {\"type\": …, \"id\": …}\n");
  EXPECT_NE(problems_of(parse_entities(entity_json("null"))), "");
  EXPECT_NE(problems_of(parse_entities(entity_json("{}", "null"))), "");
}

TEST(Entities, NeedValidTypeNames) {
  for (const char* type : {"", "A B", "A::", "::A", "A :: B", "1A", "A-B", "if", "A::in", "__cedar", "A::__cedar::B",
                           "A::\\\"x\\\"", "Ä"}) {
    const std::string uid = R"({"type": ")" + std::string(type) + R"(", "id": "a"})";
    EXPECT_NE(problems_of(parse_entities(entity_json("{}", "[]", uid))).find("/0/uid/type: "), std::string::npos)
        << type;
  }
}

TEST(Entities, AllProblemsAreGivenUpToABound) {
  EXPECT_EQ(problems_of(parse_entities(entity_json(R"({"a": null, "b": [1.5, {"c~/": null}], "d": 1})"))),
            "/0/attrs/a: `null` is no value\n/0/attrs/b/0: numbers must be integers\n"
            "/0/attrs/b/1/c~0~1: `null` is no value\n");
  std::string nulls = "null";
  for (int i = 0; i < 10'000; ++i) nulls += ",null";
  const auto many = parse_entities(entity_json(R"({"x": [)" + nulls + "]}"));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().size(), 100U);
}

TEST(Entities, OfActionsHaveActionsAsParents) {
  const char* action = R"({"type": "N::Action", "id": "read"})";
  EXPECT_EQ(problems_of(parse_entities(entity_json("{}", R"([{"type": "Action", "id": "all"}])", action))), "");
  EXPECT_EQ(problems_of(parse_entities(entity_json("{}", R"([{"type": "User", "id": "a"}])", action))),
            "/0/parents/0: the action `N::Action::\"read\"` has a parent that is no action, `User::\"a\"`\n");
}

TEST(Entities, AreNotMoreThanTheLimit) {
  const std::string one = R"({"uid": {"type": "A", "id": "a"}, "attrs": {}, "parents": []})";
  const Limits limits{.max_entities = 2};
  EXPECT_EQ(problems_of(parse_entities("[" + one + "," + one + "]", nullptr, limits)), "");
  const auto three = parse_entities("[" + one + "," + one + "," + one + "]", nullptr, limits);
  EXPECT_EQ(problems_of(three), ": there are more than 2 entities\n");
  EXPECT_TRUE(three.error().front().limit);
}

TEST(Entities, AreNotNestedDeeperThanTheLimit) {
  const auto nested = [](std::size_t depth) {
    return entity_json(R"({"x": )" + std::string(depth, '[') + std::string(depth, ']') + "}");
  };
  const Limits limits{.max_depth = 32};
  EXPECT_EQ(problems_of(parse_entities(nested(29), nullptr, limits)), "");
  const auto deeper = parse_entities(nested(30), nullptr, limits);
  ASSERT_FALSE(deeper);
  EXPECT_TRUE(deeper.error().front().limit);
  EXPECT_NE(problems_of(parse_entities(nested(100'000))), "");
}

TEST(Entities, AreNotLargerThanTheLimit) {
  const auto entities = parse_entities("[" + std::string(100, ' ') + "]", nullptr, {.max_bytes = 100});
  ASSERT_FALSE(entities);
  EXPECT_TRUE(entities.error().front().limit);
}

TEST(Entities, OtherMistakesAreNoLimit) {
  EXPECT_FALSE(parse_entities("[").error().front().limit);
  EXPECT_FALSE(parse_entities("[1]").error().front().limit);
}

TEST(ValueJson, IsReadAsWhatItIs) {
  EXPECT_EQ(attribute(R"({"x": true})"), Value(true));
  EXPECT_EQ(attribute(R"({"x": "é\u0000"})"), Value(std::string("é\0", 3)));
  EXPECT_EQ(attribute(R"({"x": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})"), Value(std::string("\"\\/\b\f\n\r\té😀")));
  EXPECT_EQ(attribute(R"({"x": [2, 1, 2]})"), Value(Set({long_value(1), long_value(2)})));
  EXPECT_EQ(attribute(R"({"x": {"y": {}}})").record().find("y")->record(), Record());
  EXPECT_EQ(attribute(R"({"x": {"__entity": {"type": "A", "id": "b"}}})"), Value(EntityUid{"A", "b"}));
}

TEST(ValueJson, IntegersAre64Bit) {
  EXPECT_EQ(attribute(R"({"x": 9223372036854775807})"), long_value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(attribute(R"({"x": -9223372036854775808})"), long_value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(attribute(R"({"x": 9007199254740993})"), long_value(9007199254740993));  // no double
}

TEST(ValueJson, RefusesOtherNumbers) {
  for (const char* number : {"9223372036854775808", "18446744073709551615", "-9223372036854775809",
                             "100000000000000000000", "1.0", "1e3", "0.5", "-0.0", "1E400"}) {
    EXPECT_NE(attribute_problems(number), "") << number;
  }
}

TEST(ValueJson, RefusesNulls) {
  EXPECT_EQ(attribute_problems("null"), "/0/attrs/x: `null` is no value\n");
  EXPECT_EQ(attribute_problems("[[null]]"), "/0/attrs/x/0/0: `null` is no value\n");
}

TEST(ValueJson, RefusesDuplicateKeys) {
  EXPECT_NE(attribute_problems(R"({"a": 1, "a": 1})"), "");
  EXPECT_NE(attribute_problems(R"({"a": 1, "\u0061": 2})"), "");
  EXPECT_NE(problems_of(parse_entities(entity_json(R"({"x": 1, "x": 1})"))), "");
  EXPECT_NE(problems_of(parse_entities(entity_json("{}", "[]", R"({"type": "A", "id": "a"})", R"(, "uid": 1)"))), "");
}

TEST(ValueJson, RefusesWhatIsNotUtf8) {
  EXPECT_NE(attribute_problems("\"\xff\""), "");
  EXPECT_NE(attribute_problems(R"("\ud800")"), "");
  EXPECT_NE(attribute_problems(R"("\ude00\ud83d")"), "");
}

TEST(ValueJson, ReadsExtensionValuesByTheirEscape) {
  const auto extension = [](const char* json) {
    const Value value = attribute(R"({"x": {"__extn": )" + std::string(json) + "}}");
    return to_cedar(value);
  };
  EXPECT_EQ(extension(R"({"fn": "decimal", "arg": "1.5"})"), R"(decimal("1.5000"))");
  EXPECT_EQ(extension(R"({"fn": "ip", "arg": "10.0.0.0/8"})"), R"(ip("10.0.0.0/8"))");
  EXPECT_EQ(extension(R"({"fn": "duration", "args": ["1s"]})"), R"(duration("1000ms"))");
  EXPECT_EQ(extension(R"({"fn": "datetime", "arg": "1970-01-01"})"), R"(datetime("1970-01-01T00:00:00.000Z"))");
  EXPECT_EQ(extension(R"({"fn": "offset", "args": [{"__extn": {"fn": "datetime", "arg": "1970-01-01"}},
                                                   {"__extn": {"fn": "duration", "arg": "-1ms"}}]})"),
            R"(datetime("1969-12-31T23:59:59.999Z"))");
  EXPECT_EQ(extension(R"({"fn": "isIpv4", "arg": {"__extn": {"fn": "ip", "arg": "::1"}}})"), "false");
}

TEST(ValueJson, RefusesBadExtensionValues) {
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "decimal", "arg": "x"}})"),
            "/0/attrs/x/__extn: `x` is not a valid decimal: digits, a point and digits are needed\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "decimal", "arg": 1}})"),
            "/0/attrs/x/__extn: `decimal` does not take long\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "ipaddr", "arg": "::1"}})"),
            "/0/attrs/x/__extn/fn: there is no extension function `ipaddr`\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "ip", "args": []}})"),
            "/0/attrs/x/__extn: `ip` takes 1 argument, not 0\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "ip", "args": ["::1", "::1"]}})"),
            "/0/attrs/x/__extn: `ip` takes 1 argument, not 2\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "offset", "arg": "1s"}})"),
            "/0/attrs/x/__extn: `offset` takes 2 arguments, not 1\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "ip", "arg": {"a": null}}})"),
            "/0/attrs/x/__extn/arg/a: `null` is no value\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "unknown", "arg": "x"}})"),
            "/0/attrs/x/__extn/fn: there is no extension function `unknown`\n");
  EXPECT_EQ(attribute_problems(R"({"__extn": {"fn": "offset", "args": [
                                  {"__extn": {"fn": "datetime", "arg": "1970-01-02"}},
                                  {"__extn": {"fn": "duration", "arg": "9223372036854775807ms"}}]}})"),
            "/0/attrs/x/__extn: `offset` overflows\n");
}

TEST(ValueJson, RefusesTheExpressionEscape) {
  EXPECT_EQ(attribute_problems(R"({"__expr": "1 + 1"})"),
            "/0/attrs/x: the `__expr` escape is no longer supported: use `__entity` or `__extn`\n");
  EXPECT_NE(problems_of(parse_uid_json(R"({"__expr": "A::\"b\""})")).find("`__expr`"), std::string::npos);
}

// As the reference has it: what is not exactly an escape is a record.
TEST(ValueJson, TakesWhatIsNoWholeEscapeForARecord) {
  for (const char* json :
       {R"({"__entity": {"type": "A"}})", R"({"__entity": {"type": 1, "id": "b"}})", R"({"__entity": "A"})",
        R"({"__entity": {"type": "A", "id": "b"}, "y": 1})", R"({"__extn": {"fn": "ip"}})",
        R"({"__extn": {"fn": 1, "arg": "::1"}})", R"({"__extn": {"fn": "ip", "arg": "::1"}, "y": 1})",
        R"({"__expr": 1})", R"({"type": "A", "id": "b"})", R"({"fn": "ip", "arg": "::1"})"}) {
    EXPECT_EQ(attribute(R"({"x": )" + std::string(json) + "}").kind(), ValueKind::kRecord) << json;
  }
}

TEST(ValueJson, OfAWholeEntityIsNeverAnEscape) {
  const auto entities = parse_entities(entity_json(R"({"__entity": {"type": "A", "id": "b"}})"));
  ASSERT_EQ(problems_of(entities), "");
  EXPECT_EQ(entities->front().attributes.find("__entity")->kind(), ValueKind::kRecord);
}

TEST(Uid, IsReadInBothForms) {
  EXPECT_EQ(*parse_uid_json(R"({"type": "A::B", "id": "x"})"), (EntityUid{"A::B", "x"}));
  EXPECT_EQ(*parse_uid_json(R"({"__entity": {"id": "", "type": "A"}})"), (EntityUid{"A", ""}));
}

TEST(Uid, RefusesOtherForms) {
  for (const char* json :
       {"", "1", "\"A::\\\"x\\\"\"", "[]", "{}", R"({"type": "A"})", R"({"id": "A"})", R"({"type": "A", "id": 1})",
        R"({"type": null, "id": "x"})", R"({"__entity": {"id": "x"}})", R"({"type": "A B", "id": "x"})",
        R"({"__entity": {"type": "A:B", "id": "x"}})", R"(["A", "x"])", R"({"__entity": ["A", "x"]})"}) {
    EXPECT_NE(problems_of(parse_uid_json(json)), "") << json;
  }
}

TEST(Context, IsARecord) {
  const auto context = parse_context(R"({"ip": {"__extn": {"fn": "ip", "arg": "::1"}}, "n": 1})");
  ASSERT_EQ(problems_of(context), "");
  EXPECT_EQ(to_cedar(Value(*context)), R"({"ip": ip("::1"), "n": 1})");
  EXPECT_EQ(problems_of(parse_context("[]")), ": expected a record, found set\n");
  EXPECT_EQ(problems_of(parse_context(R"({"__extn": {"fn": "ip", "arg": "::1"}})")),
            ": expected a record, found ipaddr\n");
  EXPECT_EQ(problems_of(parse_context("null")), ": `null` is no value\n");
}

constexpr std::string_view kRequest = R"({"principal": {"type": "User", "id": "a"},
    "action": "N::Action::\"read\"", "resource": {"__entity": {"type": "Doc", "id": "d"}}, "context": {"n": 1}})";

TEST(Request, NamesItsEntitiesInJsonOrInCedar) {
  const auto request = parse_request(kRequest);
  ASSERT_EQ(problems_of(request), "");
  EXPECT_EQ(request->principal, (EntityUid{"User", "a"}));
  EXPECT_EQ(request->action, (EntityUid{"N::Action", "read"}));
  EXPECT_EQ(request->resource, (EntityUid{"Doc", "d"}));
  EXPECT_EQ(to_cedar(Value(request->context)), R"({"n": 1})");
}

TEST(Request, IsWrittenAsItIsReadBackEqual) {
  const auto request = parse_request(kRequest);
  ASSERT_EQ(problems_of(request), "");
  const auto again = parse_request(to_json(*request));
  ASSERT_EQ(problems_of(again), "");
  EXPECT_EQ(*again, *request);
}

TEST(Entities, AreReadAlikeWhateverWasReadBefore) {
  // Small texts are read by a reader that the thread keeps.
  const std::string small = entity_json(R"({"x": "text"})");
  const std::string large = entity_json(R"({"x": ")" + std::string(100'000, 'a') + R"("})");
  const auto alone = parse_entities(small);
  ASSERT_EQ(problems_of(alone), "");
  for (const std::string& before : {large, small, std::string(R"([{"uid")"), std::string(R"([{"a": 1, "a": 1}])")}) {
    (void)parse_entities(before);
    const auto again = parse_entities(small);
    ASSERT_EQ(problems_of(again), "") << before.substr(0, 100);
    EXPECT_EQ(*again, *alone) << before.substr(0, 100);
  }
  EXPECT_EQ(alone->front().attributes.find("x")->string(), "text") << "its own, not the reader's";
  EXPECT_TRUE(parse_entities(small, nullptr, {.max_bytes = small.size() - 1}).error().front().limit);
  EXPECT_TRUE(parse_entities(small, nullptr, {.max_depth = 2}).error().front().limit);
}

TEST(Request, NeedsAllOfItsParts) {
  EXPECT_EQ(problems_of(parse_request("{}")),
            ": the request has no `principal`\n: the request has no `action`\n: the request has no `resource`\n"
            ": the request has no `context`\n");
  EXPECT_EQ(problems_of(parse_request("[]")), ": expected a request, which is an object\n");
  EXPECT_NE(problems_of(parse_request("")), "");
}

TEST(Request, NeedsPartsOfTheRightShape) {
  const auto with = [](std::string_view principal, std::string_view context) {
    return problems_of(parse_request(R"({"principal": )" + std::string(principal) +
                                     R"(, "action": "Action::\"a\"", "resource": "R::\"r\"", "context": )" +
                                     std::string(context) + "}"));
  };
  EXPECT_EQ(with(R"("A::\"a\"")", "{}"), "");
  EXPECT_EQ(with(R"("alice")", "{}"), "/principal: `alice` is not an entity\n");
  EXPECT_EQ(with(R"("A::\"a\" ")", "{}"), "");  // as policies spell it
  EXPECT_EQ(with(R"({"type": "1", "id": "a"})", "{}"), "/principal/type: `1` is not a valid entity type name\n");
  EXPECT_NE(with("null", "{}"), "");
  EXPECT_EQ(with(R"("A::\"a\"")", R"({"x": null})"), "/context/x: `null` is no value\n");
  EXPECT_EQ(with(R"("A::\"a\"")", "[]"), "/context: expected a record, found set\n");
}

TEST(ToJson, WritesWhatIsReadBackEqual) {
  const char* json = R"([{"uid": {"type": "A", "id": "\"\n"}, "attrs": {
      "b": false, "n": -9223372036854775808, "s": "\u0000é", "e": {"__entity": {"type": "N::A", "id": "x"}},
      "set": [1, [], {"a": [true]}], "d": {"__extn": {"fn": "decimal", "arg": "-0.5"}},
      "i": {"__extn": {"fn": "ip", "arg": "10.0.0.1/8"}}, "t": {"__extn": {"fn": "datetime", "arg": "2024-02-29"}},
      "beyond": {"__extn": {"fn": "offset", "args": [{"__extn": {"fn": "datetime", "arg": "9999-12-31"}},
                                                     {"__extn": {"fn": "duration", "arg": "1d"}}]}},
      "u": {"__extn": {"fn": "duration", "arg": "-1d"}}},
    "parents": [{"type": "A", "id": "p"}], "tags": {"__entity": {"__entity": {"type": "A", "id": "t"}}}}])";
  const auto entities = parse_entities(json);
  ASSERT_EQ(problems_of(entities), "");
  const std::string written = to_json(*entities);
  const auto again = parse_entities(written);
  ASSERT_EQ(problems_of(again), "") << written;
  EXPECT_EQ(*again, *entities) << written;
  EXPECT_EQ(to_json(*again), written);
}

TEST(ToJson, WritesValuesWithExplicitEscapes) {
  EXPECT_EQ(to_json(Value(EntityUid{"A", "x"})), R"({"__entity":{"type":"A","id":"x"}})");
  EXPECT_EQ(to_json(Value(*parse_extension(ExtensionType::kIp, "::1"))), R"({"__extn":{"fn":"ip","arg":"::1"}})");
  EXPECT_EQ(to_json(Value(Set({long_value(2), long_value(1)}))), "[1,2]");
}

TEST(JsonPlace, IsAJsonPointer) {
  using internal::JsonPlace;
  const JsonPlace root;
  EXPECT_EQ(root.pointer(), "");
  const JsonPlace a(root, "a/b~c");
  const JsonPlace b(a, 12);
  EXPECT_EQ(JsonPlace(b, "").pointer(), "/a~1b~0c/12/");
}

}  // namespace
}  // namespace redoubt::policy
