// Names that policies mention, and which requests their scopes admit.
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/tests/support/photo_schema.h"

namespace redoubt::policy::testing {
namespace {

std::string errors(std::string_view policies) {
  return errors_of(photo_schema(), policies);
}

TEST(ValidateNames, KnowsEntityTypesOfTheSchemaOnly) {
  EXPECT_EQ(errors("permit (principal == User::\"a\", action, resource);"), "");
  EXPECT_EQ(errors("permit (principal, action, resource) when { principal == Usr::\"a\" };"),
            "`Usr::\"a\"`: unknown entity type `Usr`; did you mean `User`?\n");
  EXPECT_EQ(errors("permit (principal, action, resource) when { principal is Usr };"),
            "`principal is Usr`: unknown entity type `Usr`; did you mean `User`?\n");
  EXPECT_EQ(errors("permit (principal, action, resource) when { principal is Store::User };"),
            "`principal is Store::User`: unknown entity type `Store::User`; did you mean `Store::Clerk`?\n");
}

TEST(ValidateNames, KnowsActionsOfTheSchemaOnly) {
  EXPECT_EQ(errors("permit (principal, action, resource) when { action == Action::\"veiw\" };"),
            "`Action::\"veiw\"`: unknown action `Action::\"veiw\"`; did you mean `Action::\"view\"`?\n");
  EXPECT_NE(errors("permit (principal, action == Action::\"open\", resource);"), "");
  EXPECT_EQ(errors("permit (principal, action == Store::Action::\"open\", resource);"), "");
}

TEST(ValidateNames, KnowsTheIdsOfEnumeratedTypes) {
  EXPECT_EQ(errors("permit (principal, action, resource == Colour::\"red\");"), "");
  EXPECT_EQ(errors("permit (principal, action, resource) when { resource == Colour::\"rot\" };"),
            "`Colour::\"rot\"`: `Colour::\"rot\"` is not one of the entities that the schema enumerates; did you mean "
            "`red`?\n");
}

TEST(ValidateNames, AreWrongEvenWhereNothingIsEvaluated) {
  EXPECT_NE(errors_when("false && resource == Foto::\"x\""), "");
  EXPECT_NE(errors_when("false && action == Action::\"nothing\""), "");
  EXPECT_NE(errors_when("true || principal is Usr"), "");
  EXPECT_NE(errors_when("true || resource == Colour::\"rot\""), "");
}

TEST(ValidateNames, ATypeCalledActionIsNoEntityTypeButIsKnown) {
  EXPECT_EQ(
      warnings_when("principal is Action"),
      "`permit (principal is User, action == Action::\"view\", resource is Photo) when { principal is Action };`: "
      "the policy never holds: it is false for every request of the schema\n");
}

TEST(ValidateScope, PolicyMustFitAnAction) {
  EXPECT_EQ(errors("permit (principal, action == Action::\"edit\", resource);"), "");
  EXPECT_EQ(
      errors("permit (principal is Robot, action == Action::\"edit\", resource);"),
      "`permit (principal is Robot, action == Action::\"edit\", resource);`: no action in the scope applies to the "
      "principal in the scope\n");
  EXPECT_NE(errors("permit (principal, action == Action::\"edit\", resource == Colour::\"red\");"), "");
  EXPECT_NE(errors("permit (principal is Store::Clerk, action, resource is Photo);"), "");
}

TEST(ValidateScope, SaysWhereInWouldFitForEqual) {
  EXPECT_EQ(
      errors("permit (principal == Group::\"g\", action, resource == Album::\"a\");"),
      "`permit (principal == Group::\"g\", action, resource == Album::\"a\");`: no action in the scope applies to "
      "the principal or the resource in the scope; with `in` for `==` the principal would fit; with `in` for `==` "
      "the resource would fit\n");
  EXPECT_EQ(errors("permit (principal in Group::\"g\", action, resource in Album::\"a\");"), "");
}

TEST(ValidateScope, ActionThatAppliesToNothingIsAnError) {
  EXPECT_EQ(errors("permit (principal, action == Action::\"change\", resource);"),
            "`permit (principal, action == Action::\"change\", resource);`: no action in the scope applies to anything "
            "by the schema\n");
  EXPECT_EQ(errors("permit (principal, action in Action::\"change\", resource);"), "");
  EXPECT_NE(errors_of(schema_of("entity User; action a;"), "permit (principal, action, resource);"), "");
}

TEST(ValidateScope, GroupsOfActionsHoldForTheirMembers) {
  EXPECT_EQ(errors("permit (principal, action in Action::\"all\", resource) when { context has mfa };"), "");
  EXPECT_NE(errors("permit (principal, action in Action::\"all\", resource) when { context.mfa };"), "");
  EXPECT_EQ(errors("permit (principal, action in [Action::\"view\", Action::\"edit\"], resource);"), "");
}

TEST(ValidateScope, ListOfActionsHasElementsOfOneType) {
  EXPECT_EQ(errors("permit (principal, action in [Action::\"view\", Store::Action::\"open\"], resource);"),
            "`action in [Action::\"view\", Store::Action::\"open\"]`: the actions of a list must have one type, found "
            "`Action` and `Store::Action`\n");
  EXPECT_NE(errors("permit (principal, action in [], resource);"), "");
  EXPECT_NE(errors("permit (principal, action in [Action::\"view\", Action::\"no\"], resource);"), "");
}

TEST(ValidateScope, AncestorsMayBeOfTheTypeItself) {
  EXPECT_EQ(errors("permit (principal is User in User::\"a\", action, resource);"), "");
  EXPECT_EQ(errors("permit (principal is User in Group::\"a\", action, resource);"), "");
  EXPECT_NE(errors("permit (principal is User in Album::\"a\", action, resource);"), "");
  EXPECT_NE(errors("permit (principal in Photo::\"a\", action, resource);"), "");
}

TEST(ValidateScope, ConditionsAreCheckedForWhatTheScopeAdmitsOnly) {
  EXPECT_NE(errors("permit (principal, action, resource) when { principal.age > 3 };"), "");
  EXPECT_EQ(errors("permit (principal == User::\"a\", action, resource) when { principal.age > 3 };"), "");
  EXPECT_EQ(errors("permit (principal, action == Action::\"edit\", resource) when { principal.age > 3 };"), "");
}

TEST(ValidateScope, SaysInWhichRequestsATypeIsWrong) {
  EXPECT_EQ(
      errors("permit (principal, action == Action::\"view\", resource) when { principal.name == \"x\" };"),
      "`principal.name == \"x\"`: both sides of `==` must have one type, found `Long` and `String`, where principal "
      "is of type `Robot`\n");
  EXPECT_EQ(errors("permit (principal is User, action, resource is Photo) when { context.mfa };"),
            "`context.mfa`: record `context` has no attribute `mfa`, where action is `Action::\"edit\"`\n");
}

TEST(ValidateTemplates, AreCheckedForAllThatTheirSlotsCanBe) {
  EXPECT_EQ(
      errors("permit (principal == ?principal, action == Action::\"edit\", resource) when { principal.age > 3 };"), "");
  EXPECT_NE(
      errors("permit (principal in ?principal, action == Action::\"view\", resource) when { principal.age > 3 };"), "");
  EXPECT_NE(errors("permit (principal is Robot in ?principal, action == Action::\"edit\", resource == ?resource);"),
            "");
}

std::string errors_of_link(std::string_view policy, const std::map<Slot, EntityUid>& values) {
  PolicySet policies = policies_of(policy);
  const auto linked = policies.link({"link", "policy0", values});
  if (!linked) return linked.error().message();
  std::string out;
  for (const Problem& problem : validate(policies, photo_schema()).errors) {
    out += problem.policy_id + ": " + problem.message + "\n";
  }
  return out;
}

TEST(ValidateLinks, MustFitAnActionWithTheirValues) {
  const std::string_view policy =
      "permit (principal == ?principal, action == Action::\"edit\", resource in ?resource);";
  EXPECT_EQ(errors_of_link(policy, {{Slot::kPrincipal, {"User", "a"}}, {Slot::kResource, {"Album", "a"}}}), "");
  EXPECT_EQ(errors_of_link(policy, {{Slot::kPrincipal, {"User", "a"}}, {Slot::kResource, {"Group", "a"}}}),
            "link: no action in the scope applies to the resource in the scope\n");
  EXPECT_NE(errors_of_link(policy, {{Slot::kPrincipal, {"Robot", "a"}}, {Slot::kResource, {"Photo", "a"}}}), "");
}

TEST(ValidateLinks, MustNameKnownTypes) {
  EXPECT_EQ(errors_of_link("permit (principal in ?principal, action, resource);", {{Slot::kPrincipal, {"Grup", "a"}}}),
            "link: unknown entity type `Grup`; did you mean `Group`?\n");
}

TEST(ValidateScope, ProblemsNameTheirPolicyAndComeInOrder) {
  const std::string_view text =
      "permit (principal, action, resource);\n"
      "permit (principal is Usr, action, resource) when { principal is Zebra };\n";
  const Validation validation = validate(policies_of(text), photo_schema());
  ASSERT_EQ(validation.errors.size(), 2U);
  for (const Problem& problem : validation.errors) EXPECT_EQ(problem.policy_id, "policy1");
  EXPECT_TRUE(
      std::ranges::is_sorted(validation.errors, {}, [](const Problem& problem) { return problem.where.begin; }));
}

}  // namespace
}  // namespace redoubt::policy::testing
