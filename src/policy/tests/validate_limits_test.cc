// Policies and schemas made to cost much, and what validation makes of them.
#include <gtest/gtest.h>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::testing {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

constexpr std::size_t kDepth = Limits{}.max_depth - 16;

TEST(ValidateLimits, DeepestConditionsAreChecked) {
  EXPECT_EQ(errors_when(repeated("!", 4) + repeated("(true && ", kDepth / 2) + "principal.active" +
                        repeated(")", kDepth / 2)),
            "");
  EXPECT_NE(errors_when(repeated("(true && ", kDepth / 2) + "principal.nothing" + repeated(")", kDepth / 2)), "");
  EXPECT_EQ(errors_when("principal" + repeated(".manager", kDepth) + ".active"), "");
  EXPECT_EQ(errors_when(repeated("if principal.active then true else ", kDepth) + "principal.active"), "");
  EXPECT_NE(errors_when(repeated("[", kDepth) + "1" + repeated("]", kDepth) + " == " + repeated("[", kDepth) + "\"1\"" +
                        repeated("]", kDepth)),
            "");
}

// Each of these would be looked at twice or more, and within it the next, if operands were.
TEST(ValidateLimits, NestedPathsAreLookedAtOnce) {
  std::string condition = "principal";
  for (std::size_t i = 0; i < 60; ++i) {
    condition = "(if " + condition + " has profile.phone.mobile then principal else principal.manager)";
  }
  EXPECT_EQ(errors_when(condition + ".active"), "");
  condition = "principal";
  for (std::size_t i = 0; i < 60; ++i) {
    condition = "(if " + condition + " is User in Group::\"g\" then principal else principal.manager)";
  }
  EXPECT_EQ(errors_when(condition + ".active"), "");
}

TEST(ValidateLimits, SharedTypesAreComparedOnce) {
  std::string schema = "type T0 = { a: Bool };\n";
  for (int i = 1; i < 100; ++i) {
    const std::string inner = "T" + std::to_string(i - 1);
    schema += "type T" + std::to_string(i) + " = { a: " + inner + ", b: " + inner + " };\n";
  }
  schema += "entity User { one: T99, other: T99, sets: Set<T99> };\n";
  schema += "action a appliesTo { principal: User, resource: User };\n";
  const std::string condition = "principal.one == principal.other && principal.sets.contains(principal.one)";
  EXPECT_EQ(errors_of(schema_of(schema), "permit (principal, action, resource) when { " + condition + " };"), "");
  // Said shortly, though its text would have 2^99 parts.
  const std::string told =
      errors_of(schema_of(schema), "permit (principal, action, resource) when { principal.one == 1 };");
  EXPECT_NE(told, "");
  EXPECT_LT(told.size(), 1000U);
}

TEST(ValidateLimits, MistakesOfAPolicyAreToldAsFarAsSomebodyReadsThem) {
  const std::string many = repeated("principal.nothing || ", 100) + "false";
  const Validation validation =
      validate(policies_of("permit (principal is User, action, resource) when { " + many + " };"), photo_schema());
  EXPECT_GE(validation.errors.size(), 20U);
  EXPECT_LE(validation.errors.size(), 40U);
}

TEST(ValidateLimits, EveryWrongPolicyIsToldHoweverMany) {
  const Validation validation =
      validate(policies_of(repeated(
                   "permit (principal is A, action, resource is B) when { principal is C && resource is D };\n", 2000)),
               photo_schema());
  std::set<std::string> wrong;
  for (const Problem& problem : validation.errors) wrong.insert(problem.policy_id);
  EXPECT_EQ(wrong.size(), 2000U);
  EXPECT_LT(validation.errors.size(), 4000U);
}

// A thousand types of principals with a thousand of resources, in a condition that looks at both.
TEST(ValidateLimits, MoreRequestsThanCanBeCheckedAreAnError) {
  std::string types;
  for (int i = 0; i < 1000; ++i) types += (i == 0 ? "T" : ", T") + std::to_string(i);
  const Schema schema = schema_of("entity " + types + " { n: Long };\n" + "action a, b, c appliesTo { principal: [" +
                                  types + "], resource: [" + types + "] };");
  const std::string condition = repeated("principal.n + resource.n + ", 100) + "1 == 1";
  const Validation validation =
      validate(policies_of("permit (principal, action, resource) when { " + condition + " };"), schema,
               {.max_validation_steps = 1'000'000});
  ASSERT_EQ(validation.errors.size(), 1U);
  EXPECT_TRUE(validation.errors.front().limit);
  EXPECT_EQ(validation.errors.front().policy_id, "policy0");

  EXPECT_EQ(errors_of(schema, "permit (principal, action, resource) when { principal.n == 1 };"), "");
  EXPECT_EQ(errors_of(schema, "permit (principal == T7::\"x\", action, resource) when { " + condition + " };"), "");
}

TEST(ValidateLimits, ManyPoliciesAfterALargeOneCostNoMoreThanBefore) {
  std::string large = "permit (principal, action, resource) when { [\"0\"";
  for (int i = 0; i < 50'000; ++i) large += ", \"" + std::to_string(i) + "\"";
  large += "].contains(\"x\") };\n";
  const Validation validation = validate(
      policies_of(large +
                  repeated("permit (principal is Robot, action, resource) when { principal.name > 3 };\n", 5'000)),
      photo_schema());
  EXPECT_TRUE(validation.ok());
}

}  // namespace
}  // namespace redoubt::policy::testing
