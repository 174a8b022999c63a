#include "redoubt/cedar/inputs.h"

#include <gtest/gtest.h>

namespace redoubt::app::cedar {
namespace {

TEST(Links, AreWhatTheyWereWrittenAs) {
  const std::vector<policy::Link> links = {
      {"l \"1\"", "t", {{policy::Slot::kPrincipal, {"A::User", "a\n"}}, {policy::Slot::kResource, {"File", ""}}}},
      {"l2", "t", {}}};
  const auto read = parse_links(links_to_json(links));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, links);
  EXPECT_TRUE(parse_links("")->empty());
}

TEST(Links, RefuseWhatIsNoLink) {
  for (const char* json : {"{}", "[1]", "[{}]", R"([{"link_id": "l", "template_id": "t"}])",
                           R"([{"link_id": "l", "template_id": "t", "args": []}])",
                           R"([{"link_id": "l", "template_id": "t", "args": {"?action": "User::\"a\""}}])",
                           R"([{"link_id": "l", "template_id": "t", "args": {"?principal": "User"}}])",
                           R"([{"link_id": "l", "template_id": "t", "args": {"?principal": 1}}])"}) {
    EXPECT_FALSE(parse_links(json)) << json;
  }
}

TEST(Policies, AreCalledWhatTheirAnnotationSays) {
  const auto policies = policy::parse_policies(
      "@id(\"first\") permit(principal, action, resource); forbid(principal, action, resource);");
  ASSERT_TRUE(policies);
  const auto named = named_by_annotation(*policies);
  ASSERT_TRUE(named) << named.error().message();
  EXPECT_NE(named->find("first"), nullptr);
  EXPECT_NE(named->find("policy1"), nullptr);
  EXPECT_EQ(named->find("policy0"), nullptr);
}

TEST(Policies, MustNotBeCalledTheSame) {
  const auto policies = policy::parse_policies(
      "@id(\"policy1\") permit(principal, action, resource); forbid(principal, action, resource);");
  ASSERT_TRUE(policies);
  EXPECT_EQ(named_by_annotation(*policies).error().code(), Errc::kAlreadyExists);
}

}  // namespace
}  // namespace redoubt::app::cedar
