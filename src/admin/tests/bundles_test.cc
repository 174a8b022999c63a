#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;
class BundleCalls : public AdminTest {
 protected:
  // Asked for by alice, granted and had done by bob; the digest then in force.
  std::string activate_by_two(const std::string& if_match, const std::string& body) {
    const Reply asked = world.act("alice", Method::kPut, "/admin/v1/bundle?why=better", if_match, body);
    EXPECT_EQ(asked.status, 202) << asked.body;
    const std::string path = "/admin/v1/approvals/" + asked.text("/id");
    EXPECT_EQ(world.act("bob", Method::kPost, path + "/grant", "\"1\"").status, 200);
    EXPECT_EQ(world.post("bob", path + "/apply", "").status, 200);
    return world.get("carol", "/admin/v1/bundle").text("/digest");
  }
};

std::string wanted(std::string_view policy) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.key("files");
  json.begin_array();
  for (const auto& [name, text] : {std::pair<std::string_view, std::string_view>("redoubt.toml", "# nothing\n"),
                                   std::pair<std::string_view, std::string_view>("policies/a.cedar", policy)}) {
    json.begin_object();
    json.member("name", name);
    json.member("text", text);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return body;
}

TEST_F(BundleCalls, BringSentFilesIntoForceAndShowThem) {
  EXPECT_EQ(world.get("alice", "/admin/v1/bundle").status, 404) << "none is in force yet";
  const Reply first = world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("// one"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.at("/version"), "1");
  const Reply shown = world.get("carol", "/admin/v1/bundles/" + first.text("/digest"));
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(shown.text("/digest"), first.text("/digest"));
  EXPECT_EQ(shown.text("/files/0/name"), "policies/a.cedar");
  EXPECT_EQ(shown.text("/files/0/text"), "// one");
}

TEST_F(BundleCalls, GoBackToWhatWasInForceBefore) {
  const std::string first =
      world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("// one")).text("/digest");
  const std::string second = activate_by_two("\"1\"", wanted("// two"));
  EXPECT_NE(second, first);
  EXPECT_EQ(activate_by_two("\"2\"", R"({"digest":")" + first + R"("})"), first);
  const Reply history = world.get("carol", "/admin/v1/bundles");
  EXPECT_EQ(history.text("/items/0/digest"), first) << history.body;
  EXPECT_EQ(history.text("/items/1/digest"), second);
  EXPECT_EQ(history.text("/items/2/digest"), first);
}

TEST_F(BundleCalls, SayThatASecondPersonNeedsAReason) {
  ASSERT_EQ(world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("// one")).status, 200);
  const Reply refused = world.act("alice", Method::kPut, "/admin/v1/bundle", "\"1\"", wanted("// two"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.text("/type"), "urn:redoubt:problem:reason-required");
}

TEST_F(BundleCalls, RefuseWhatTheServerWouldNotUnderstand) {
  const std::string unknown = "sha256:" + std::string(64, 'a');
  for (const std::string& body : {
           std::string(R"({"files":[{"name":"policies/a.cedar","text":""}]})"),  // no redoubt.toml
           std::string(R"({"files":[{"name":"redoubt.toml","text":""},{"name":"redoubt.toml","text":""}]})"),
           R"({"digest":")" + unknown + R"("})",
           R"({"digest":")" + unknown + R"(","files":[{"name":"redoubt.toml","text":""}]})",
           std::string(R"({"files":[{"name":"redoubt.toml"}]})"),
           std::string(R"({"files":[],"more":1})"),
           std::string(R"({})"),
       }) {
    EXPECT_EQ(world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", body).status, 422) << body;
  }
  EXPECT_EQ(world.get("alice", "/admin/v1/bundle").status, 404) << "none of them came into force";
  EXPECT_EQ(world.get("carol", "/admin/v1/bundles/" + unknown).status, 404);
}

TEST_F(BundleCalls, AreNotChangedByWhoMayOnlyRead) {
  EXPECT_EQ(world.act("carol", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("")).status, 403);
  EXPECT_EQ(world.act("app", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("")).status, 403);
}

TEST_F(BundleCalls, NeedTheVersionThatTheyReplace) {
  ASSERT_EQ(world.act("alice", Method::kPut, "/admin/v1/bundle", "\"0\"", wanted("// one")).status, 200);
  EXPECT_EQ(world.act("bob", Method::kPut, "/admin/v1/bundle?why=x", "\"0\"", wanted("// two")).status, 409);
  EXPECT_EQ(world.act("bob", Method::kPut, "/admin/v1/bundle?why=x", "", wanted("// two")).status, 428);
}

TEST_F(AdminTest, TellsCallersWhoTheyAre) {
  const Reply caller = world.get("carol", "/admin/v1/caller");
  ASSERT_EQ(caller.status, 200) << caller.body;
  EXPECT_EQ(caller.text("/id"), "carol");
  EXPECT_EQ(caller.text("/type"), "user");
  EXPECT_EQ(caller.at("/groups"), R"(["auditors"])");
  EXPECT_EQ(caller.at("/scopes"), "[]");
  EXPECT_EQ(world.get("app", "/admin/v1/caller").status, 403) << "policies are asked about the caller, too";
  EXPECT_EQ(world.get("", "/admin/v1/caller").status, 401);
}

}  // namespace
}  // namespace redoubt::admin::test
