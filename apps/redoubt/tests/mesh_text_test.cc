#include "redoubt/behaviour/mesh_text.h"

#include <gtest/gtest.h>

#include "behaviour/mesh_query.h"
#include "behaviour/tests/support/mesh_world.h"
#include "encoding/json_reader.h"

namespace redoubt::app {
namespace {

using behaviour::EdgeKind;
using behaviour::MeshQuery;
using behaviour::MeshQuestion;
using behaviour::testing::interaction;
using behaviour::testing::kNoon;

std::string text_of(const behaviour::Mesh& mesh, const MeshQuery& query) {
  std::string out;
  encoding::JsonWriter json(out);
  EXPECT_TRUE(answer(mesh, query, {}, json));
  encoding::JsonReader reader;
  const auto root = reader.parse(out);
  EXPECT_TRUE(root);
  return root ? mesh_text(*root) : std::string();
}

behaviour::Mesh small_world() {
  behaviour::Mesh mesh = behaviour::testing::mesh_of();
  mesh.apply(interaction(4, kNoon, {{"user:ann", EdgeKind::kDelegatedTo, "agent:courier"}}));
  mesh.apply(interaction(5, kNoon, {{"agent:courier", EdgeKind::kCalled, "model:m"}},
                         {.count = 2, .bytes = 5100, .tokens = 9}));
  return mesh;
}

TEST(MeshText, SaysWhoTouchedSomething) {
  EXPECT_EQ(text_of(small_world(), {.question = MeshQuestion::kTouched, .node = "model:m"}),
            "agent:courier called model:m\n"
            "    2 times, 5.1 KB, 9 tokens; 2026-11-18 11:06, entry 5\n"
            "as of 2026-11-18 11:06, before entry 6\n");
}

TEST(MeshText, ShowsStepsUnderOneAnother) {
  EXPECT_EQ(text_of(small_world(), {.question = MeshQuestion::kReach, .node = "user:ann"}),
            "user:ann delegated_to agent:courier  (did)\n"
            "  agent:courier called model:m  (did)\n"
            "as of 2026-11-18 11:06, before entry 6\n");
}

TEST(MeshText, ShowsBackwardWhoCouldReachSomething) {
  EXPECT_EQ(text_of(small_world(), {.question = MeshQuestion::kReaches, .node = "model:m"}),
            "agent:courier called model:m  (did)\n"
            "  user:ann delegated_to agent:courier  (did)\n"
            "as of 2026-11-18 11:06, before entry 6\n");
}

TEST(MeshText, SaysThatThereIsNoWay) {
  EXPECT_EQ(text_of(small_world(), {.question = MeshQuestion::kPath, .node = "model:m", .to = "user:ann"}),
            "there is no way\nas of 2026-11-18 11:06, before entry 6\n");
}

TEST(MeshText, NamesDoNothingToTerminals) {
  behaviour::Mesh mesh = behaviour::testing::mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", EdgeKind::kCalled, "model:\x1b[2Jx"}}));
  const std::string text = text_of(mesh, {.question = MeshQuestion::kChanges});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("model:\\u001b[2Jx"), std::string::npos) << text;
}

TEST(MeshText, AnswersEveryQuestion) {
  const behaviour::Mesh mesh = small_world();
  for (int question = 0; question < 9; ++question) {
    const std::string text =
        text_of(mesh, {.question = static_cast<MeshQuestion>(question), .node = "user:ann", .to = "model:m"});
    EXPECT_TRUE(text.ends_with("before entry 6\n")) << text;
  }
}

}  // namespace
}  // namespace redoubt::app
