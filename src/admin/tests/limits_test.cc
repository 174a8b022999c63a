#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
using LimitCalls = AdminTest;

constexpr const char* kEveryone =
    R"({"id":"everyone","subject_type":"principal","subject":"*","quantity":"requests","period":"hour","amount":10})";

TEST_F(LimitCalls, SetChangeAndLiftLimits) {
  const Reply set = world.post("alice", "/admin/v1/limits", kEveryone);
  ASSERT_EQ(set.status, 201) << set.body;
  EXPECT_EQ(set.body, R"({"id":"everyone","subject_type":"principal","subject":"*","quantity":"requests",)"
                      R"("bucket":false,"period":"hour","amount":10,"burst":0,"version":1})");
  const Reply changed = world.patch("alice", "/admin/v1/limits/everyone", R"({"amount":20})", "\"1\"");
  EXPECT_EQ(changed.at("/amount"), "20");
  EXPECT_EQ(world.limits.snapshot().find("everyone")->amount, 20U);
  EXPECT_EQ(world.act("alice", Method::kDelete, "/admin/v1/limits/everyone", "\"2\"").status, 204);
  EXPECT_EQ(world.get("carol", "/admin/v1/limits/everyone").status, 404);
  // Set again, its versions go on.
  EXPECT_EQ(world.post("alice", "/admin/v1/limits", kEveryone).headers.at("ETag"), "\"4\"");
}

TEST_F(LimitCalls, SetEachLimitOnce) {
  ASSERT_EQ(world.post("alice", "/admin/v1/limits", kEveryone).status, 201);
  EXPECT_EQ(world.post("alice", "/admin/v1/limits", kEveryone).status, 409);
  std::string same = kEveryone;
  same.replace(same.find("everyone"), 8, "another1");
  EXPECT_EQ(world.post("alice", "/admin/v1/limits", same).status, 409) << "it would limit the same twice";
}

TEST_F(LimitCalls, RefuseLimitsThatMakeNoSense) {
  for (
      const char* body :
      {R"({"id":"l","subject_type":"principal","subject":"a","quantity":"requests","period":"second","amount":1})",
       R"({"id":"l","subject_type":"principal","subject":"a","quantity":"requests","period":"hour","amount":1,"burst":5})"}) {
    EXPECT_EQ(world.post("alice", "/admin/v1/limits", body).status, 422) << body;
  }
}

TEST_F(LimitCalls, ShowHowMuchIsLeft) {
  ASSERT_EQ(world.post("alice", "/admin/v1/limits", kEveryone).status, 201);
  const limits::Limits limits = world.limits.snapshot();
  for (int i = 0; i < 3; ++i) {
    limits::Admission admission = world.meters.admit(limits, {.principal = "app"}, {.requests = 1}, world.ledger.clock);
    EXPECT_TRUE(admission);
  }
  const Reply used = world.get("carol", "/admin/v1/limits/everyone/usage/app");
  ASSERT_EQ(used.status, 200) << used.body;
  EXPECT_EQ(used.at("/remaining"), "7");
  EXPECT_EQ(world.get("carol", "/admin/v1/limits/everyone/usage/carol").at("/remaining"), "10");
  EXPECT_EQ(world.get("carol", "/admin/v1/limits/everyone/usage/*").status, 404) << "of whom?";
}

TEST_F(LimitCalls, ListLimitsBySubjectAndQuantity) {
  ASSERT_EQ(world.post("alice", "/admin/v1/limits", kEveryone).status, 201);
  ASSERT_EQ(
      world
          .post(
              "alice", "/admin/v1/limits",
              R"({"id":"acme","subject_type":"tenant","subject":"acme","quantity":"money","period":"month","amount":5})")
          .status,
      201);
  EXPECT_EQ(world.get("carol", "/admin/v1/limits").text("/items/0/id"), "acme");
  EXPECT_EQ(world.get("carol", "/admin/v1/limits?limit=1").text("/items/0/id"), "acme");
  EXPECT_EQ(world.get("carol", "/admin/v1/limits?quantity=requests").text("/items/0/id"), "everyone");
  EXPECT_EQ(world.get("carol", "/admin/v1/limits?subject_type=tenant&subject=acme").at("/items/1"), "");
}

}  // namespace
}  // namespace redoubt::admin::test
