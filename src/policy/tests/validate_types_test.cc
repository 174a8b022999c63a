// The types of expressions, in strict mode.
#include <gtest/gtest.h>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::testing {
namespace {

TEST(ValidateTypes, ConditionsAreBooleans) {
  EXPECT_EQ(errors_when("principal.active"), "");
  EXPECT_EQ(errors_when("principal.age"), "`principal.age`: expected `Bool`, found `Long`\n");
  EXPECT_EQ(errors_when("!principal.name"), "`principal.name`: expected `Bool`, found `String`\n");
  EXPECT_EQ(errors_when("principal.active && 1"), "`1`: expected `Bool`, found `Long`\n");
  EXPECT_EQ(errors_when("\"x\" || principal.active"), "`\"x\"`: expected `Bool`, found `String`\n");
  EXPECT_EQ(errors_when("if 1 then true else false"), "`1`: expected `Bool`, found `Long`\n");
}

TEST(ValidateTypes, ArithmeticIsOfNumbers) {
  EXPECT_EQ(errors_when("principal.age + 1 * -principal.age - 2 == 3"), "");
  EXPECT_EQ(errors_when("principal.name + \"x\" == \"x\""),
            "`principal.name`: expected `Long`, found `String`; `+` adds numbers only\n"
            "`\"x\"`: expected `Long`, found `String`; `+` adds numbers only\n");
  EXPECT_EQ(errors_when("-principal.name == 1"), "`principal.name`: expected `Long`, found `String`\n");
}

TEST(ValidateTypes, OrderIsOfNumbersDatesAndDurations) {
  EXPECT_EQ(errors_when("principal.age < 3 && principal.age >= 1"), "");
  EXPECT_EQ(errors_when("principal.born <= datetime(\"2024-01-01\") && principal.session > duration(\"1h\")"), "");
  EXPECT_EQ(errors_when("principal.age < principal.born"), "`principal.born`: expected `Long`, found `datetime`\n");
  EXPECT_EQ(errors_when("principal.name > principal.age"), "`principal.name`: expected `Long`, found `String`\n");
  EXPECT_NE(errors_when("principal.born < principal.session"), "");
  EXPECT_NE(errors_when("principal.name < \"x\""), "");
  EXPECT_NE(errors_when("principal.balance < decimal(\"1.0\")"), "");
}

TEST(ValidateTypes, EqualityIsOfOneTypeButForEntitiesAndLiterals) {
  EXPECT_EQ(errors_when("principal.age == 3 && principal.name != \"x\""), "");
  EXPECT_EQ(errors_when("principal.age == \"3\""),
            "`principal.age == \"3\"`: both sides of `==` must have one type, found `Long` and `String`\n");
  EXPECT_EQ(errors_when("principal.age != \"3\""),
            "`principal.age != \"3\"`: both sides of `!=` must have one type, found `Long` and `String`\n");
  EXPECT_EQ(errors_when("principal != resource"), "");
  EXPECT_EQ(errors_when("1 != \"1\""), "");
}

TEST(ValidateTypes, WhatIsFalseByItsTypeIsNotGoneBeyond) {
  EXPECT_EQ(errors_when("principal != resource || principal.nothing"), "");
  EXPECT_EQ(errors_when("1 != 2 || principal.nothing"), "");
  EXPECT_EQ(errors_when("action != Action::\"edit\" || principal.nothing"), "");
  EXPECT_EQ(errors_when("action in Action::\"all\" || principal.nothing"), "");
  EXPECT_EQ(errors_when("!(action in [Action::\"change\", Action::\"edit\"]) || principal.nothing"), "");
  EXPECT_EQ(errors_when("!(principal in Album::\"x\") || principal.nothing"), "");
  EXPECT_EQ(errors_when("principal is User || principal.nothing"), "");
  EXPECT_EQ(errors_when("!(principal has nothing) || principal.nothing"), "");
  EXPECT_EQ(errors_when("!resource.hasTag(\"x\") || principal.nothing"), "");
  EXPECT_EQ(errors_when("if true then true else 1 + \"x\" == 2"), "");
  EXPECT_EQ(errors_when("if false then 1 else principal.active"), "");
}

TEST(ValidateTypes, WhatMayBeTrueOrFalseIsGoneBeyond) {
  EXPECT_NE(errors_when("principal.active || principal.nothing"), "");
  EXPECT_NE(errors_when("principal == User::\"a\" && principal.nothing"), "");
  EXPECT_NE(errors_when("principal in Group::\"a\" && principal.nothing"), "");
  EXPECT_NE(errors_when("principal has name || principal.nothing"), "");
  EXPECT_NE(errors_when("principal.hasTag(\"x\") || principal.nothing"), "");
  EXPECT_NE(errors_when("principal.name like \"*\" || principal.nothing"), "");
}

TEST(ValidateTypes, BranchesHaveOneType) {
  EXPECT_EQ(errors_when("(if principal.active then principal else principal.manager) == User::\"a\""), "");
  EXPECT_EQ(errors_when("(if principal.active then 1 else \"1\") == 1"),
            "`(if principal.active then 1 else \"1\")`: both branches of `if` must have one type, found `Long` and "
            "`String`\n");
  EXPECT_NE(errors_when("(if principal.active then principal else resource) == principal"), "");
}

TEST(ValidateTypes, RecordsAgreeAttributeByAttribute) {
  EXPECT_EQ(errors_when("{a: 1, b: \"x\"} == {b: \"y\", a: 2}"), "");
  EXPECT_EQ(errors_when("{a: true} == {a: false}"), "");
  EXPECT_EQ(
      errors_when("{a: 1} == {a: 1, b: 2}"),
      "`{a: 1} == {a: 1, b: 2}`: both sides of `==` must have one type, found `{a: Long}` and `{a: Long, b: Long}`"
      "; records agree when they have the same attributes, each required in both or optional in both\n");
  EXPECT_NE(errors_when("principal.profile == {city: \"x\"}"), "");
  EXPECT_NE(errors_when("principal.profile == {city: \"x\", phone: {mobile: \"1\"}}"), "");
}

TEST(ValidateTypes, AreShownInOneLineHoweverTheirAttributesAreCalled) {
  const std::string found = errors_when("{\"a\\nb\": 1, \"c d\": 2} == 1");
  EXPECT_NE(found.find("found `{\"a\ufffdb\": Long, \"c d\": Long}` and `Long`"), std::string::npos) << found;
}

TEST(ValidateTypes, ElementsOfASetHaveOneType) {
  EXPECT_EQ(errors_when("[1, 2].contains(principal.age) && [true, false].contains(principal.active)"), "");
  EXPECT_EQ(errors_when("[principal.manager, User::\"a\"] == principal.friends"), "");
  EXPECT_EQ(errors_when("[1, \"x\"].contains(1)"),
            "`[1, \"x\"]`: the elements of a set must have one type, found `Long` and `String`\n");
  EXPECT_NE(errors_when("[principal, resource].contains(principal)"), "");
}

TEST(ValidateTypes, EmptySetsHaveNone) {
  EXPECT_NE(errors_when("[].isEmpty()"), "");
  EXPECT_NE(errors_when("principal.scores == []"), "");
  EXPECT_EQ(errors_when("principal.scores.isEmpty()"), "");
}

TEST(ValidateTypes, SetsAreAskedForWhatTheyCanHold) {
  EXPECT_EQ(errors_when("principal.scores.contains(1) && principal.friends.contains(principal)"), "");
  EXPECT_EQ(errors_when("principal.scores.containsAll([1]) || principal.scores.containsAny([2])"), "");
  EXPECT_EQ(errors_when("principal.scores.contains(\"x\")"),
            "`principal.scores.contains(\"x\")`: the elements of the set and what `contains` looks for must have one "
            "type, found `Long` and `String`\n");
  EXPECT_EQ(errors_when("principal.scores.containsAny(principal.friends)"),
            "`principal.scores.containsAny(principal.friends)`: the elements of both sets must have one type, found "
            "`Long` and `User`\n");
  EXPECT_EQ(errors_when("principal.scores.containsAll(1)"),
            "`1`: expected a set, found `Long`; `contains` looks for one element\n");
  EXPECT_EQ(errors_when("principal.name.contains(\"x\")"),
            "`principal.name`: expected a set, found `String`; `like` looks into a string\n");
  EXPECT_NE(errors_when("principal.age.isEmpty()"), "");
}

TEST(ValidateTypes, LikeIsOfStrings) {
  EXPECT_EQ(errors_when("principal.name like \"a*\""), "");
  EXPECT_NE(errors_when("principal.age like \"1*\""), "");
  EXPECT_NE(errors_when("principal like \"a*\""), "");
}

TEST(ValidateTypes, InIsOfEntities) {
  EXPECT_EQ(errors_when("principal in Group::\"a\" || principal in [Group::\"a\", Group::\"b\"]"), "");
  EXPECT_EQ(errors_when("principal in principal.friends && principal in principal.manager"), "");
  EXPECT_NE(errors_when("principal.name in Group::\"a\""), "");
  EXPECT_NE(errors_when("principal in \"x\""), "");
  EXPECT_NE(errors_when("principal in principal.scores"), "");
  EXPECT_NE(errors_when("principal in [Group::\"a\", User::\"b\"]"), "");
  EXPECT_NE(errors_when("principal in []"), "");
}

TEST(ValidateTypes, IsInLooksAtAncestorsOnlyOfThatType) {
  EXPECT_EQ(errors_when("principal is User in Group::\"a\""), "");
  EXPECT_EQ(errors_when("!(principal is Robot in \"x\") && principal.active"), "");
  EXPECT_NE(errors_when("principal is User in \"x\""), "");
  EXPECT_NE(errors_when("principal.name is User"), "");
}

TEST(ValidateTypes, ActionsAreAsTheSchemaDeclaresThem) {
  EXPECT_NE(errors_when("action.name == \"view\""), "");
  EXPECT_EQ(errors_when("!(action has name) && principal.active"), "");
  EXPECT_EQ(errors_when("action in action || principal.nothing"), "");
  EXPECT_EQ(errors_when("Action::\"edit\" in Action::\"all\" || principal.nothing"), "");
}

TEST(ValidateFunctions, TakeValuesOfTheirTypes) {
  EXPECT_EQ(errors_when("principal.address.isInRange(ip(\"10.0.0.0/8\")) && principal.address.isIpv4()"), "");
  EXPECT_EQ(errors_when("principal.balance.lessThan(decimal(\"1.5\"))"), "");
  EXPECT_EQ(errors_when("principal.born.offset(principal.session).durationSince(principal.born).toDays() > 1"), "");
  EXPECT_EQ(errors_when("principal.born.toDate() == principal.born && principal.born.toTime() == principal.session"),
            "");
  EXPECT_EQ(errors_when("principal.name.isIpv4()"), "`principal.name`: expected `ipaddr`, found `String`\n");
  EXPECT_EQ(errors_when("principal.address.isInRange(\"10.0.0.0/8\")"),
            "`\"10.0.0.0/8\"`: expected `ipaddr`, found `String`\n");
  EXPECT_NE(errors_when("principal.session.toDays() == principal.session"), "");
}

TEST(ValidateFunctions, ConstructorsTakeLiteralsThatTheyRead) {
  EXPECT_EQ(errors_when("principal.address == ip(\"10.0.0.1\")"), "");
  EXPECT_EQ(errors_when("principal.address == ip(principal.name)"),
            "`ip(principal.name)`: `ip` must be given a string literal; what is computed or comes with the request can "
            "be checked only where it is made\n");
  EXPECT_TRUE(errors_when("principal.address == ip(\"10.0.0.256\")").starts_with("`ip(\"10.0.0.256\")`: "));
  EXPECT_NE(errors_when("decimal(\"1.00000\").lessThan(principal.balance)"), "");
  EXPECT_NE(errors_when("principal.born == datetime(\"2024-02-30\")"), "");
  EXPECT_EQ(errors_when("principal.address == ip(1)"), "`1`: expected `String`, found `Long`\n");
}

TEST(ValidateFunctions, TakeAsManyArgumentsAsTheyHave) {
  EXPECT_EQ(errors_when("principal.address == ip(\"::1\", \"x\")"),
            "`ip(\"::1\", \"x\")`: `ip` takes 1 argument, found 2\n");
  EXPECT_NE(errors_when("principal.address == ip()"), "");
}

TEST(ValidateTypes, EachMistakeIsToldOnce) {
  EXPECT_EQ(errors_when("principal.nothing.at.all == 1 + principal.nothing"),
            "`principal.nothing`: entity type `User` has no attribute `nothing`\n"
            "`principal.nothing`: entity type `User` has no attribute `nothing`\n");
  EXPECT_EQ(errors_when("principal.nothing && principal has nick && principal.nick == \"x\""),
            "`principal.nothing`: entity type `User` has no attribute `nothing`\n");
}

TEST(ValidateWarnings, PolicyThatNeverHoldsIsNoError) {
  EXPECT_NE(warnings_when("false"), "");
  EXPECT_NE(warnings_when("principal.active && principal is Robot"), "");
  EXPECT_EQ(warnings_when("true"), "");
  EXPECT_EQ(warnings_when("principal.active && !principal.active"), "");
}

TEST(ValidateWarnings, PolicyThatHoldsForSomeRequestsIsNone) {
  EXPECT_EQ(warnings_of(photo_schema(), "permit (principal, action, resource) when { principal is Robot };"), "");
  EXPECT_NE(warnings_of(photo_schema(), "permit (principal, action, resource) unless { true };"), "");
}

}  // namespace
}  // namespace redoubt::policy::testing
