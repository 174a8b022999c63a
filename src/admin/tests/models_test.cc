#include "admin/models_projection.h"

#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
using Models = AdminTest;

TEST_F(Models, AreEnteredChangedAndStruckOut) {
  const Reply made = world.post("alice", "/admin/v1/models",
                                R"({"name":"org/m-7b:v1","upstream":"local","provider":"us","description":"small"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.at("Location"), "/admin/v1/models/org%2Fm-7b%3Av1");
  EXPECT_EQ(made.body, R"({"name":"org/m-7b:v1","upstream":"local","provider":"us","enabled":true,)"
                       R"("description":"small","version":1})");
  const Reply changed = world.patch("alice", made.headers.at("Location"), R"({"enabled":false})", "\"1\"");
  EXPECT_EQ(changed.at("/enabled"), "false");
  EXPECT_EQ(changed.text("/upstream"), "local");
  const Model* model = world.models.snapshot().find("org/m-7b:v1");
  ASSERT_NE(model, nullptr);
  EXPECT_FALSE(model->enabled);
  EXPECT_EQ(world.act("alice", Method::kDelete, made.headers.at("Location"), "\"2\"").status, 204);
  EXPECT_EQ(world.get("alice", made.headers.at("Location")).status, 404);
  EXPECT_EQ(world.models.snapshot().size(), 0U);
}

TEST_F(Models, HaveEachNameOnce) {
  constexpr const char* kBody = R"({"name":"m","upstream":"u"})";
  ASSERT_EQ(world.post("alice", "/admin/v1/models", kBody).status, 201);
  const Reply again = world.post("alice", "/admin/v1/models", kBody);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.text("/type"), "urn:redoubt:problem:already-exists");
  // One that was struck out can be entered again; its versions go on.
  ASSERT_EQ(world.act("alice", Method::kDelete, "/admin/v1/models/m", "*").status, 204);
  EXPECT_EQ(world.post("alice", "/admin/v1/models", kBody).headers.at("ETag"), "\"3\"");
}

TEST_F(Models, AreFiltered) {
  for (const char* body :
       {R"({"name":"a","upstream":"u","provider":"x"})", R"({"name":"b","upstream":"u","enabled":false})",
        R"({"name":"c","upstream":"u","provider":"x","enabled":false})"}) {
    ASSERT_EQ(world.post("alice", "/admin/v1/models", body).status, 201);
  }
  const auto names = [&](const char* query) {
    const Reply reply = world.get("alice", "/admin/v1/models" + std::string(query));
    return reply.text("/items/0/name") + reply.text("/items/1/name") + reply.text("/items/2/name");
  };
  EXPECT_EQ(names(""), "abc");
  EXPECT_EQ(names("?enabled=false"), "bc");
  EXPECT_EQ(names("?provider=x&enabled=true"), "a");
  EXPECT_EQ(names("?provider=y"), "");
}

TEST_F(Models, AreWhatTheLedgerSays) {
  ASSERT_EQ(world.post("alice", "/admin/v1/models", R"({"name":"m","upstream":"u"})").status, 201);
  ASSERT_EQ(world.patch("alice", "/admin/v1/models/m", R"({"provider":"p"})", "*").status, 200);
  const Model followed = *world.models.snapshot().find("m");
  ASSERT_TRUE(world.models.load(world.engine->tables()));
  ASSERT_NE(world.models.snapshot().find("m"), nullptr);
  EXPECT_EQ(*world.models.snapshot().find("m"), followed);
}

TEST_F(Models, RefuseFactsOfAnotherForm) {
  const auto refusal = [&](state::Proposal proposal) {
    proposal.actor = {.principal = "redoubt", .credential = {}, .on_behalf_of = {}, .method = {}, .strength = 0};
    std::optional<Result<state::Applied>> done;
    world.engine->propose(std::move(proposal), [&](Result<state::Applied> result) { done = std::move(result); });
    world.ledger.deliver();
    return done && !*done ? done->error().code() : Errc::kCancelled;
  };
  constexpr const char* kWhole = R"({"upstream":"u","provider":"","enabled":true,"description":""})";
  EXPECT_EQ(refusal({.kind = "models.model.create", .object = "model/../m", .body = kWhole}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.create", .object = "other/m", .body = kWhole}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.create", .object = "model/m", .body = "{}"}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.create",
                     .object = "model/m",
                     .body = R"({"upstream":"u","provider":"","enabled":true,"description":"","more":1})"}),
            Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.create",
                     .object = "model/m",
                     .body = R"({"upstream":"u","provider":1,"enabled":true,"description":""})"}),
            Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.rename", .object = "model/m", .body = kWhole}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({.kind = "models.model.update", .object = "model/m", .body = kWhole}), Errc::kNotFound);
  EXPECT_EQ(refusal({.kind = "models.model.delete", .object = "model/m", .body = "{}"}), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::admin::test
