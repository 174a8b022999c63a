// Questions about the mesh, over the interface: what is served is what the document says.
#include <set>

#include "admin/mesh_operations.h"
#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

class MeshQuestions : public AdminTest {
 protected:
  MeshQuestions() {
    add(1, {behaviour::NodeType::kUser, "alice"}, {behaviour::NodeType::kModel, "org/clinic:7b"}, true);
    add(2, {behaviour::NodeType::kUser, "bob"}, {behaviour::NodeType::kModel, "org/clinic:7b"}, true);
    add(3, {behaviour::NodeType::kUser, "bob"}, {behaviour::NodeType::kModel, "secret"}, false);
    (void)world.signals.mesh.raise({behaviour::NodeType::kUser, "bob"},
                                   {.rule = "behaviour.denied_access", .weight = 1.5, .time = {kTime + 3}, .index = 3});
  }
  void add(std::uint64_t index, behaviour::NodeName from, behaviour::NodeName to, bool permitted) {
    behaviour::Interaction interaction;
    interaction.index = index;
    interaction.time = {kTime + static_cast<std::int64_t>(index)};
    interaction.volumes = {.count = 1, .denials = permitted ? 0U : 1U, .bytes = 100};
    interaction.actor = interaction.add(from);
    interaction.link(interaction.actor, interaction.add(to), behaviour::EdgeKind::kCalled);
    world.signals.mesh.apply(interaction);
  }
  // Answered, and in the form that the document shows.
  Reply ask(std::string_view id, const std::string& target) {
    Reply reply = world.get("carol", "/admin/v1" + target);
    EXPECT_EQ(reply.status, 200) << target << ": " << reply.body;
    encoding::JsonReader reader({.max_bytes = 1 << 20, .max_depth = 16});
    const auto root = reader.parse(reply.body);
    EXPECT_TRUE(root) << reply.body;
    for (const Operation& operation : mesh_operations()) {
      if (operation.id != id || !root) continue;
      asked.insert(id);
      for (const Fault& fault : check(closed(*operation.response), *root)) {
        ADD_FAILURE() << id << " " << fault.pointer << ": " << fault.detail << "\n" << reply.body;
      }
    }
    return reply;
  }
  // That nothing is served that the document does not name.
  static const Shape& closed(const Shape& shape) {
    static std::map<const Shape*, Shape> made;
    static std::map<const Shape*, std::vector<Field>> fields;
    const auto [at, added] = made.emplace(&shape, shape);
    if (!added) return at->second;
    at->second.closed = true;
    if (shape.items != nullptr) at->second.items = &closed(*shape.items);
    auto& own = fields[&shape];
    own.assign(shape.fields.begin(), shape.fields.end());
    for (Field& field : own) field.shape = &closed(*field.shape);
    at->second.fields = own;
    return at->second;
  }

  static constexpr std::int64_t kTime = 1'780'000'000'000;
  std::set<std::string_view> asked;
};

TEST_F(MeshQuestions, AreAnsweredInTheFormOfTheDocument) {
  EXPECT_EQ(ask("getMesh", "/mesh").at("/nodes"), "4");
  const Reply bob = ask("getMeshNode", "/mesh/nodes/user%3Abob");
  EXPECT_EQ(bob.text("/node/name"), "bob");
  EXPECT_EQ(bob.text("/risk/reasons/0/reason"), "behaviour.denied_access");
  EXPECT_EQ(bob.at("/risk/reasons/0/entries"), "[3]") << bob.body;
  const Reply touched = ask("listMeshTouched", "/mesh/nodes/model:org%2Fclinic:7b/touched?order=last_seen");
  EXPECT_EQ(touched.text("/items/0/from/name"), "bob");
  EXPECT_EQ(touched.text("/items/1/from/name"), "alice");
  EXPECT_EQ(ask("listMeshTouches", "/mesh/nodes/user:bob/touches?only_did=true").at("/items/1"), "");
  EXPECT_EQ(ask("listMeshReach", "/mesh/nodes/user:alice/reach?depth=3").text("/items/0/node/name"), "org/clinic:7b");
  EXPECT_EQ(ask("listMeshReach", "/mesh/nodes/user:alice/reach?in_time_order=true").text("/items/0/could"), "unknown");
  EXPECT_EQ(ask("listMeshReaches", "/mesh/nodes/model:secret/reaches").at("/items/0"), "") << "nobody did";
  EXPECT_EQ(ask("getMeshPath", "/mesh/nodes/user:alice/path?to=user:bob").at("/found"), "false");
  const Reply path = ask("getMeshPath", "/mesh/nodes/user:alice/path?to=user:bob&connected=true");
  EXPECT_EQ(path.at("/found"), "true");
  EXPECT_EQ(path.at("/steps/1/reversed"), "true");
  EXPECT_EQ(ask("listMeshChanges", "/mesh/changes?since=2026-05-28T20:26:40.003Z&types=model").text("/items/0/what"),
            "new_node");
  EXPECT_EQ(ask("listMeshTop", "/mesh/top?types=user").text("/items/0/node/name"), "bob");
  EXPECT_EQ(ask("listMeshTop", "/mesh/top?order=bytes").at("/items/0/risk"), "");
  EXPECT_EQ(asked.size(), mesh_operations().size());
}

TEST_F(MeshQuestions, ArePagedByTheirOwnCursor) {
  std::set<std::string> seen;
  std::string target = "/mesh/top?order=bytes&limit=1";
  for (int page = 0; page < 10; ++page) {
    const Reply reply = ask("listMeshTop", target);
    seen.insert(reply.text("/items/0/node/name"));
    const std::string next = reply.text("/next");
    if (next.empty()) break;
    target = "/mesh/top?order=bytes&limit=1&cursor=" + next;
  }
  EXPECT_EQ(seen.size(), 4U);
  const std::string next = ask("listMeshTop", "/mesh/top?order=bytes&limit=1").text("/next");
  EXPECT_EQ(world.get("carol", "/admin/v1/mesh/top?order=count&cursor=" + next).status, 400);
}

TEST_F(MeshQuestions, SayWhatIsWrongWithThem) {
  const auto status = [&](const std::string& target) { return world.get("carol", "/admin/v1" + target).status; };
  EXPECT_EQ(status("/mesh/nodes/user:nobody"), 404);
  EXPECT_EQ(status("/mesh/nodes/nothing:bob"), 422);
  EXPECT_EQ(status("/mesh/nodes/user:bob/path"), 422);
  EXPECT_EQ(status("/mesh/nodes/user:bob/path?to=user:nobody"), 404);
  EXPECT_EQ(status("/mesh/top?order=beauty"), 400);
  EXPECT_EQ(status("/mesh/top?types=user,ghost"), 422);
  EXPECT_EQ(status("/mesh/top?limit=201"), 400);
  EXPECT_EQ(status("/mesh/nodes/user:bob/reach?depth=33"), 400);
  EXPECT_EQ(status("/mesh/changes?since=yesterday"), 400);
  world.signals.busy = true;
  EXPECT_EQ(status("/mesh"), 503);
  EXPECT_EQ(status("/signals"), 503);
}

TEST_F(MeshQuestions, AreAskedOnRecordByThoseWhoMay) {
  ASSERT_EQ(world.get("carol", "/admin/v1/mesh").status, 200);
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol getMesh"});
  EXPECT_EQ(world.get("app", "/admin/v1/mesh").status, 403);
  EXPECT_EQ(world.get("app", "/admin/v1/mesh/nodes/user:bob").status, 403);
  EXPECT_EQ(world.signals.questions.size(), 1U);
  (void)world.get("carol", "/admin/v1/mesh/nodes/user:bob/reach?policies=true");
  EXPECT_TRUE(world.signals.questions.back().policies);
  (void)world.get("carol", "/admin/v1/mesh/top?at=2026-05-28T20:26:40Z");
  EXPECT_EQ(world.signals.questions.back().at, UnixMillis{kTime});
  (void)world.get("carol", "/admin/v1/mesh/changes?against=2026-05-28T20:26:40Z&growth=3");
  EXPECT_EQ(world.signals.questions.back().against, UnixMillis{kTime});
  EXPECT_EQ(world.signals.questions.back().query.growth, 3);
}

}  // namespace
}  // namespace redoubt::admin::test
