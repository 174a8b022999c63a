#include "policy/policy_set.h"

#include <gtest/gtest.h>

namespace redoubt::policy {
namespace {

PolicySet two_templates() {
  auto policies = parse_policies(R"(
    @note("kept")
    permit (principal == ?principal, action, resource is Doc in ?resource);
    forbid (principal, action, resource == ?resource);
    permit (principal, action, resource);)");
  return std::move(*policies);
}

const EntityUid kAlice{"User", "alice"};
const EntityUid kPlans{"Folder", "plans"};

TEST(PolicySet, RefusesAnIdThatIsTaken) {
  PolicySet policies = two_templates();
  EXPECT_EQ(policies.add({.id = "policy0"}).error().code(), Errc::kAlreadyExists);
  ASSERT_TRUE(policies.link({"linked", "policy1", {{Slot::kResource, kPlans}}}));
  EXPECT_EQ(policies.add({.id = "linked"}).error().code(), Errc::kAlreadyExists);
  EXPECT_EQ(policies.link({"linked", "policy1", {{Slot::kResource, kPlans}}}).error().code(), Errc::kAlreadyExists);
  EXPECT_EQ(policies.link({"policy2", "policy1", {{Slot::kResource, kPlans}}}).error().code(), Errc::kAlreadyExists);
  EXPECT_EQ(policies.policies().size(), 3U);
  EXPECT_EQ(policies.links().size(), 1U);
}

TEST(PolicySet, LinksOnlyTemplates) {
  PolicySet policies = two_templates();
  EXPECT_EQ(policies.link({"a", "policy2", {}}).error().code(), Errc::kNotFound);
  EXPECT_EQ(policies.link({"a", "absent", {}}).error().code(), Errc::kNotFound);
}

TEST(PolicySet, LinksOnlyWithExactlyTheSlotsOfTheTemplate) {
  PolicySet policies = two_templates();
  EXPECT_EQ(policies.link({"a", "policy0", {{Slot::kPrincipal, kAlice}}}).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(policies.link({"a", "policy1", {}}).error().message(), "link `a` gives no value for slot `?resource`");
  EXPECT_EQ(policies.link({"a", "policy1", {{Slot::kPrincipal, kAlice}, {Slot::kResource, kPlans}}}).error().message(),
            "link `a` gives a value for slot `?principal`, which its template does not have");
}

TEST(PolicySet, InstancesHaveTheValuesInPlaceOfTheSlots) {
  PolicySet policies = two_templates();
  ASSERT_TRUE(policies.link({"linked", "policy0", {{Slot::kPrincipal, kAlice}, {Slot::kResource, kPlans}}}));
  EXPECT_EQ(policies.find("linked"), nullptr);
  const Policy instance = policies.instance(policies.links()[0]);
  EXPECT_EQ(instance.id, "linked");
  EXPECT_FALSE(instance.is_template());
  ASSERT_NE(instance.annotation("note"), nullptr);
  EXPECT_EQ(instance.annotation("note")->value, "kept");
  EXPECT_EQ(instance.annotation("absent"), nullptr);
  const auto expected = parse_policies(
      R"(@note("kept") permit (principal == User::"alice", action, resource is Doc in Folder::"plans");)");
  ASSERT_TRUE(expected);
  EXPECT_EQ(instance.principal, expected->policies()[0].principal);
  EXPECT_EQ(instance.resource, expected->policies()[0].resource);
  EXPECT_TRUE(policies.find("policy0")->is_template());
}

}  // namespace
}  // namespace redoubt::policy
