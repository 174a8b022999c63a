#include "behaviour/mesh_query.h"

#include <gtest/gtest.h>

#include <set>

#include "behaviour/tests/support/mesh_world.h"
#include "encoding/json_reader.h"

namespace redoubt::behaviour {
namespace {

using testing::interaction;
using testing::kHour;
using testing::kNoon;
using testing::mesh_of;
using testing::named;
using K = EdgeKind;

Mesh small_world() {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(4, kNoon, {{"user:ann", K::kDelegatedTo, "agent:courier"}}));
  mesh.apply(interaction(5, kNoon + kHour, {{"agent:courier", K::kCalled, "model:m"}},
                         {.count = 1, .bytes = 512, .tokens = 9}));
  return mesh;
}

std::string ask(const Mesh& mesh, const MeshQuery& query, const MeshBeside& beside = {}) {
  std::string out;
  encoding::JsonWriter json(out);
  const auto done = answer(mesh, query, beside, json);
  return done ? out : std::string(to_string(done.error().code())) + ": " + done.error().message();
}

TEST(MeshQuery, WhoTouchedSomething) {
  EXPECT_EQ(ask(small_world(), {.question = MeshQuestion::kTouched, .node = "model:m"}),
            R"({"question":"touched","as_of":{"time":"2026-11-18T12:06:40.000Z","next_index":6},)"
            R"("node":{"type":"model","name":"m"},"items":[{"kind":"called","from":{"type":"agent","name":"courier"},)"
            R"("to":{"type":"model","name":"m"},"did":true,"count":1,"denials":0,"matches":0,"bytes":512,"tokens":9,)"
            R"("first_seen":"2026-11-18T12:06:40.000Z","last_seen":"2026-11-18T12:06:40.000Z","first_index":5,)"
            R"("last_index":5,"rates":{"hour":1,"day":1,"week":1}}],"complete":true})");
}

TEST(MeshQuery, OneNodeWithItsRisk) {
  Mesh mesh = small_world();
  ASSERT_TRUE(
      mesh.raise(named("agent:courier"), {.rule = "bulk-read", .weight = 2, .time = mesh.newest(), .index = 5}));
  EXPECT_EQ(
      ask(mesh, {.question = MeshQuestion::kNode, .node = "model:m"}),
      R"({"question":"node","as_of":{"time":"2026-11-18T12:06:40.000Z","next_index":6},)"
      R"("node":{"type":"model","name":"m"},"pinned":false,"on_probation":false,"edges_out":0,"edges_in":1,"count":1,)"
      R"("denials":0,"matches":0,"bytes":512,"tokens":9,"first_seen":"2026-11-18T12:06:40.000Z",)"
      R"("last_seen":"2026-11-18T12:06:40.000Z","first_index":5,"last_index":5,"risk":{"total":0.5,"own":0,)"
      R"("passed_on":0.5,"reasons":[],"neighbours":[{"node":{"type":"agent","name":"courier"},"kind":"called",)"
      R"("weight":0.5,"entries":[5]}],"complete":true}})");
}

TEST(MeshQuery, EveryQuestionAnswersWithOneObject) {
  const Mesh mesh = small_world();
  encoding::JsonReader reader;
  for (const auto question :
       {MeshQuestion::kStats, MeshQuestion::kNode, MeshQuestion::kTouched, MeshQuestion::kTouches, MeshQuestion::kReach,
        MeshQuestion::kReaches, MeshQuestion::kPath, MeshQuestion::kChanges, MeshQuestion::kTop}) {
    for (const bool in_time : {false, true}) {
      const std::string json =
          ask(mesh, {.question = question, .node = "user:ann", .to = "model:m", .in_time_order = in_time});
      const auto root = reader.parse(json);
      ASSERT_TRUE(root) << json;
      EXPECT_EQ(encoding::string_member(root->get_object().value(), "question"), to_string(question));
      EXPECT_EQ(*parse_mesh_question(to_string(question)), question);
    }
  }
}

TEST(MeshQuery, RefusesWhatCannotBeAnswered) {
  const Mesh mesh = small_world();
  const auto refused = [&](const MeshQuery& query) {
    const std::string answer = ask(mesh, query);
    return answer.substr(0, answer.find(':'));
  };
  EXPECT_EQ(refused({.question = MeshQuestion::kNode, .node = "model:other"}), "not_found");
  EXPECT_EQ(refused({.question = MeshQuestion::kNode, .node = "model"}), "invalid_argument");
  EXPECT_EQ(refused({.question = MeshQuestion::kNode, .node = "mode:m"}), "invalid_argument");
  EXPECT_EQ(refused({.question = MeshQuestion::kNode, .node = "model:"}), "invalid_argument");
  EXPECT_EQ(refused({.question = MeshQuestion::kPath, .node = "model:m"}), "invalid_argument");
  EXPECT_EQ(refused({.question = MeshQuestion::kPath, .node = "model:m", .to = "tool:t"}), "not_found");
  EXPECT_EQ(refused({.limit = 0}), "invalid_argument");
  EXPECT_EQ(refused({.limit = 201}), "invalid_argument");
  EXPECT_EQ(refused({.depth = 33}), "invalid_argument");
  EXPECT_EQ(refused({.growth = 0.5}), "invalid_argument");
  EXPECT_EQ(refused({.cursor = "!"}), "malformed");
}

std::string next_of(const std::string& json, std::set<std::string>& items) {
  encoding::JsonReader reader;
  const auto root = reader.parse(json);
  EXPECT_TRUE(root) << json;
  if (!root) return {};
  simdjson::dom::array found;
  EXPECT_EQ((*root)["items"].get(found), simdjson::SUCCESS);
  for (const simdjson::dom::element item : found) EXPECT_TRUE(items.insert(simdjson::minify(item)).second);
  return std::string(encoding::string_member(root->get_object().value(), "next"));
}

TEST(MeshQuery, PagesAddUp) {
  Mesh mesh = mesh_of();
  for (std::uint64_t i = 0; i < 95; ++i) {
    const std::string agent = "agent:a" + std::to_string(i);
    mesh.apply(interaction(i, kNoon, {{agent, K::kCalled, "model:m"}, {"agent:boss", K::kDelegatedTo, agent}},
                           {.count = 1, .bytes = i % 7}));
  }
  struct Case {
    MeshQuery query;
    std::size_t items;
  };
  const Case cases[] = {
      {{.question = MeshQuestion::kTouched, .node = "model:m", .limit = 10}, 95},
      {{.question = MeshQuestion::kTouched, .node = "model:m", .order = MeshOrder::kBytes, .limit = 95}, 95},
      {{.question = MeshQuestion::kReach, .node = "agent:boss", .limit = 10}, 96},
      {{.question = MeshQuestion::kReaches, .node = "model:m", .limit = 7}, 96},
      {{.question = MeshQuestion::kChanges, .limit = 13}, 97 + 190},
      {{.question = MeshQuestion::kTop, .order = MeshOrder::kBytes, .limit = 10}, 97}};
  for (const Case& each : cases) {
    MeshQuery query = each.query;
    std::set<std::string> items;
    do {
      query.cursor = next_of(ask(mesh, query), items);
    } while (!query.cursor.empty());
    EXPECT_EQ(items.size(), each.items) << to_string(query.question);
  }
}

TEST(MeshQuery, ACursorIsOfItsQuestionAlone) {
  Mesh mesh = mesh_of();
  for (std::uint64_t i = 0; i < 9; ++i) {
    const std::string agent = "agent:a" + std::to_string(i);
    mesh.apply(interaction(i, kNoon, {{agent, K::kCalled, "model:m"}}));
  }
  std::set<std::string> items;
  MeshQuery query{.question = MeshQuestion::kTouched, .node = "model:m", .limit = 5};
  query.cursor = next_of(ask(mesh, query), items);
  ASSERT_FALSE(query.cursor.empty());
  MeshQuery other = query;
  other.order = MeshOrder::kBytes;
  EXPECT_TRUE(ask(mesh, other).starts_with("malformed"));
  other = query;
  other.cursor.back() = other.cursor.back() == 'A' ? 'B' : 'A';
  EXPECT_TRUE(ask(mesh, other).starts_with("malformed"));
  other.cursor = query.cursor + query.cursor;
  EXPECT_TRUE(ask(mesh, other).starts_with("malformed"));
  query.limit = 2;  // how many a page has is not part of the question
  EXPECT_TRUE(ask(mesh, query).starts_with("{"));
}

TEST(MeshQuery, NamesCanBeAnything) {
  Mesh mesh = mesh_of();
  const std::string name = "model:\"\n\xff:<script>";
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, name}}));
  encoding::JsonReader reader;
  EXPECT_TRUE(reader.parse(ask(mesh, {.question = MeshQuestion::kTouched, .node = name})));
}

TEST(MeshNames, AreWhatTheyAreParsedFrom) {
  for (std::size_t i = 0; i < kNodeTypes; ++i)
    EXPECT_EQ(*parse_node_type(to_string(static_cast<NodeType>(i))), static_cast<NodeType>(i));
  for (std::size_t i = 0; i < kEdgeKinds; ++i)
    EXPECT_EQ(*parse_edge_kind(to_string(static_cast<EdgeKind>(i))), static_cast<EdgeKind>(i));
  for (std::size_t i = 0; i < 9; ++i)
    EXPECT_EQ(*parse_mesh_order(to_string(static_cast<MeshOrder>(i))), static_cast<MeshOrder>(i));
  EXPECT_FALSE(parse_node_type("") || parse_edge_kind("calls") || parse_mesh_order("RISK"));
  EXPECT_EQ(to_string(*parse_node_name("model:org/m:7b")), "model:org/m:7b");
}

}  // namespace
}  // namespace redoubt::behaviour
