// What expressions mean, operator by operator, of the evaluator that the engine is compared with.
#include "policy/tests/support/naive_evaluator.h"

#include <gtest/gtest.h>

namespace redoubt::policy::testing {
namespace {

// User::"ann" is in Team::"a", which is in Team::"all"; Team::"a" alone has no attributes, and Team::"all" is not
// there.
const Entities& world() {
  static const Entities entities = [] {
    auto parsed = parse_entities(R"([
      {"uid": {"type": "User", "id": "ann"}, "attrs": {"age": 30, "home": {"city": "Bern"}, "é b": true},
       "parents": [{"type": "Team", "id": "a"}], "tags": {"t": "v"}},
      {"uid": {"type": "Team", "id": "a"}, "attrs": {}, "parents": [{"type": "Team", "id": "all"}]}])");
    EXPECT_TRUE(parsed);
    return std::move(parsed).value_or(Entities());
  }();
  return entities;
}

// The value in Cedar's syntax, or the error.
std::string value_of(std::string_view text) {
  const auto expression = parse_expression(text);
  if (!expression) return "not read";
  const Request request{{"User", "ann"}, {"Action", "read"}, {"Doc", "d"}, *Record::create({{"n", Value(true)}})};
  const auto value = evaluate_naively(*expression, NaiveStore(world()), request);
  if (value) return to_cedar(*value);
  switch (value.error()) {
    case EvalError::kEntityMissing:
      return "no entity";
    case EvalError::kAttributeMissing:
      return "no attribute";
    case EvalError::kTagMissing:
      return "no tag";
    case EvalError::kType:
      return "wrong type";
    case EvalError::kOverflow:
      return "overflow";
    case EvalError::kExtension:
      return "extension";
    default:
      return "another error";
  }
}

struct Case {
  const char* expression;
  const char* value;
};

void expect_values(const std::vector<Case>& cases) {
  for (const auto& [expression, value] : cases) EXPECT_EQ(value_of(expression), value) << expression;
}

TEST(NaiveLike, StarMatchesAnyTextAndNothingElseDoes) {
  expect_values({{R"("" like "")", "true"},
                 {R"("" like "*")", "true"},
                 {R"("a" like "")", "false"},
                 {R"("abc" like "a*c")", "true"},
                 {R"("ac" like "a*c")", "true"},
                 {R"("abcd" like "a*c")", "false"},
                 {R"("abcabc" like "*abc")", "true"},
                 {R"("ababab" like "*aba*ab")", "true"},
                 {R"("aba" like "*aba*a")", "false"},
                 {R"("a?c" like "a?c")", "true"},
                 {R"("abc" like "a?c")", "false"},
                 {R"("abc" like "***")", "true"},
                 {R"("a\nb" like "a*b")", "true"},
                 {R"("ABC" like "abc")", "false"}});
}

TEST(NaiveLike, EscapedStarMatchesAStarAlone) {
  expect_values({{R"("a*c" like "a\*c")", "true"},
                 {R"("abc" like "a\*c")", "false"},
                 {R"("**" like "\*\*")", "true"},
                 {R"("*abc" like "\**")", "true"},
                 {R"("\\a" like "\\*")", "true"},
                 {R"("\\*" like "\\\*")", "true"}});
}

TEST(NaiveLike, ComparesCodePointsAndDoesNotNormalise) {
  expect_values({{R"("é" like "*")", "true"},
                 {R"("aéb" like "a*b")", "true"},
                 {R"("😀é" like "😀*")", "true"},
                 {R"("é" like "\u{e9}")", "true"},
                 {R"("é" like "e\u{301}")", "false"},
                 {R"("é" like "è")", "false"},
                 {R"("\u{1F600}" like "*\u{1F601}*")", "false"},
                 {R"("a\0b" like "*\0*")", "true"}});
}

TEST(NaiveEvaluator, StringEscapesAreTheCharactersThatTheyName) {
  expect_values({{R"("\x41\u{42}\u{0000_43}" == "ABC")", "true"},
                 {R"("\t\n\r\0\\\"\'" == "\u{9}\u{a}\u{d}\u{0}\u{5c}\u{22}\u{27}")", "true"},
                 {R"("é" == "e\u{301}")", "false"},
                 {R"("\u{1F600}" == "😀")", "true"}});
}

TEST(NaiveEvaluator, BooleansStopAtTheFirstThatDecides) {
  expect_values({{"false && 1", "false"},
                 {"true || 1", "true"},
                 {"true && 1", "wrong type"},
                 {"false || 1", "wrong type"},
                 {"1 && false", "wrong type"},
                 {"1 || true", "wrong type"},
                 {"!1", "wrong type"},
                 {"if true then 1 else 1 + true", "1"},
                 {"if false then 1 + true else 2", "2"},
                 {"if 1 then 1 else 1", "wrong type"}});
}

TEST(NaiveEvaluator, ArithmeticIsCheckedAt64Bits) {
  expect_values({{"1 + 2 * 3 - 4", "3"},
                 {"9223372036854775807 + 1", "overflow"},
                 {"-9223372036854775808 - 1", "overflow"},
                 {"9223372036854775807 * 2", "overflow"},
                 {"-9223372036854775808 * -1", "overflow"},
                 {"-(-9223372036854775808)", "overflow"},
                 {"-(-9223372036854775807)", "9223372036854775807"},
                 {R"(1 + "1")", "wrong type"},
                 {R"(-"1")", "wrong type"}});
}

TEST(NaiveEvaluator, OnlyLongsDatetimesAndDurationsHaveAnOrder) {
  expect_values({{"-1 < 0", "true"},
                 {"1 <= 1", "true"},
                 {"1 > 1", "false"},
                 {"1 >= 2", "false"},
                 {R"(datetime("1970-01-01") < datetime("1970-01-02"))", "true"},
                 {R"(duration("1d") >= duration("24h"))", "true"},
                 {R"(datetime("1970-01-01") < duration("1d"))", "wrong type"},
                 {R"(decimal("1.0") < decimal("2.0"))", "wrong type"},
                 {R"("a" < "b")", "wrong type"},
                 {"1 < true", "wrong type"}});
}

TEST(NaiveEvaluator, EqualityIsOfAnyTwoValues) {
  expect_values({{R"(1 == "1")", "false"},
                 {"[1, 2] == [2, 1, 1]", "true"},
                 {"{a: 1, b: 2} == {b: 2, a: 1}", "true"},
                 {R"(User::"x" != Team::"x")", "true"},
                 {R"(decimal("1.0") == decimal("1.0000"))", "true"},
                 {R"(ip("127.0.0.1") == ip("127.0.0.1/32"))", "true"}});
}

TEST(NaiveEvaluator, SetsContainByEquality) {
  expect_values({{"[1, true].contains(true)", "true"},
                 {"[[1, 2]].contains([2, 1])", "true"},
                 {"[].contains(1)", "false"},
                 {"[1, 2].containsAll([])", "true"},
                 {"[1, 2].containsAll([2, 3])", "false"},
                 {"[1, 2].containsAny([2, 3])", "true"},
                 {"[1].containsAny([])", "false"},
                 {"[].isEmpty()", "true"},
                 {"1.isEmpty()", "wrong type"},
                 {"[1].containsAll(1)", "wrong type"},
                 {"(1).contains(1)", "wrong type"}});
}

TEST(NaiveEvaluator, InIsReflexiveAndTransitive) {
  expect_values({{R"(principal in User::"ann")", "true"},
                 {R"(principal in Team::"all")", "true"},
                 {R"(Team::"all" in principal)", "false"},
                 {R"(Team::"nowhere" in Team::"nowhere")", "true"},
                 {R"(principal in [Team::"b", Team::"a"])", "true"},
                 {"principal in []", "false"},
                 {R"(principal in [Team::"a", 1])", "wrong type"},
                 {"principal in 1", "wrong type"},
                 {R"(1 in Team::"a")", "wrong type"}});
}

TEST(NaiveEvaluator, IsComparesTheTypeExactly) {
  expect_values({{"principal is User", "true"},
                 {"principal is N::User", "false"},
                 {R"(principal is User in Team::"all")", "true"},
                 {"principal is Team in 1", "false"},  // never gets to `in`
                 {"principal is User in 1", "wrong type"},
                 {"1 is User", "wrong type"}});
}

TEST(NaiveEvaluator, AttributesAreOfEntitiesAndRecords) {
  expect_values({{"principal.age", "30"},
                 {R"(principal["é b"])", "true"},
                 {"principal.home.city", R"("Bern")"},
                 {"context.n", "true"},
                 {"{a: {b: 1}}.a.b", "1"},
                 {"principal.name", "no attribute"},
                 {"context.m", "no attribute"},
                 {R"(Team::"all".name)", "no entity"},
                 {R"("a".name)", "wrong type"}});
}

TEST(NaiveEvaluator, HasIsFalseOfWhatIsNotThere) {
  expect_values({{"principal has age", "true"},
                 {"principal has home.city", "true"},
                 {"principal has home.street", "false"},
                 {"principal has nothing.at.all", "false"},
                 {"principal has age.years", "wrong type"},
                 {R"(Team::"all" has name)", "false"},
                 {R"(context has "n")", "true"},
                 {"1 has n", "wrong type"}});
}

TEST(NaiveEvaluator, TagsAreOfEntitiesAlone) {
  expect_values({{R"(principal.hasTag("t"))", "true"},
                 {R"(principal.getTag("t"))", R"("v")"},
                 {R"(principal.hasTag("age"))", "false"},
                 {R"(principal.getTag("age"))", "no tag"},
                 {R"(Team::"all".hasTag("t"))", "false"},
                 {R"(Team::"all".getTag("t"))", "no entity"},
                 {R"(principal.hasTag(1))", "wrong type"},
                 {R"({t: 1}.hasTag("t"))", "wrong type"}});
}

TEST(NaiveEvaluator, ExtensionFunctionsFailAsTheyDoAlone) {
  expect_values({{R"(ip("10.0.0.1").isInRange(ip("10.0.0.0/8")))", "true"},
                 {R"(ip("x"))", "extension"},
                 {R"(ip(1))", "wrong type"},
                 {R"(decimal("1.0").lessThan(1))", "wrong type"},
                 {R"(datetime("9999-12-31").offset(duration("9223372036854775807ms")))", "extension"},
                 {R"(datetime("1970-01-02").durationSince(datetime("1970-01-01")).toHours())", "24"}});
}

}  // namespace
}  // namespace redoubt::policy::testing
