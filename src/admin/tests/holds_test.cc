#include "admin/holds_projection.h"

#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
using Holds = AdminTest;

constexpr const char* kHold = R"({"kind":"inspect.output","subject":"exchange/17","reason":"looks like a secret"})";

TEST_F(Holds, WaitUntilSomebodyDecides) {
  const Reply placed = world.post("alice", "/admin/v1/holds", kHold);
  ASSERT_EQ(placed.status, 201) << placed.body;
  EXPECT_EQ(placed.text("/status"), "waiting");
  EXPECT_EQ(placed.text("/placed_by"), "alice");
  const std::string path = placed.headers.at("Location");
  const Reply released = world.act("bob", Method::kPost, path + "/release", "\"1\"", R"({"reason":"it is a sample"})");
  ASSERT_EQ(released.status, 200) << released.body;
  EXPECT_EQ(released.text("/status"), "released");
  EXPECT_EQ(released.text("/decided_by"), "bob");
  EXPECT_EQ(released.text("/decision_reason"), "it is a sample");
}

TEST_F(Holds, AreDecidedOnce) {
  const std::string path = world.post("alice", "/admin/v1/holds", kHold).headers.at("Location");
  ASSERT_EQ(world.act("bob", Method::kPost, path + "/refuse", "*", R"({"reason":"no"})").status, 200);
  EXPECT_EQ(world.act("bob", Method::kPost, path + "/release", "*", R"({"reason":"yes"})").status, 409);
  EXPECT_EQ(world.get("carol", path).text("/status"), "refused");
}

TEST_F(Holds, AreListedByStatusKindAndSubject) {
  const std::string first = world.post("alice", "/admin/v1/holds", kHold).headers.at("Location");
  ASSERT_EQ(world.post("alice", "/admin/v1/holds", R"({"kind":"import","subject":"m","reason":"new"})").status, 201);
  ASSERT_EQ(world.act("bob", Method::kPost, first + "/release", "*", R"({"reason":"fine"})").status, 200);
  EXPECT_EQ(world.get("carol", "/admin/v1/holds?status=waiting").text("/items/0/kind"), "import");
  EXPECT_EQ(world.get("carol", "/admin/v1/holds?status=waiting").at("/items/1"), "");
  EXPECT_EQ(world.get("carol", "/admin/v1/holds?subject=exchange%2F17").text("/items/0/status"), "released");
  EXPECT_EQ(world.get("carol", "/admin/v1/holds?kind=other").at("/items"), "[]");
}

TEST_F(Holds, AreReadOnRecord) {
  ASSERT_EQ(world.get("carol", "/admin/v1/holds").status, 200);
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol listHolds"});
}

TEST_F(Holds, NeedAReason) {
  EXPECT_EQ(world.post("alice", "/admin/v1/holds", R"({"kind":"k","subject":"s"})").status, 422);
  const std::string path = world.post("alice", "/admin/v1/holds", kHold).headers.at("Location");
  EXPECT_EQ(world.act("bob", Method::kPost, path + "/release", "*", R"({"reason":""})").status, 422);
}

}  // namespace
}  // namespace redoubt::admin::test
