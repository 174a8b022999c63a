// What could be beside what was, by made-up permissions and by Cedar policies; bounds of searches.
#include "behaviour/mesh_search.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "behaviour/mesh_policy.h"
#include "behaviour/mesh_risk.h"
#include "behaviour/tests/support/mesh_world.h"

namespace redoubt::behaviour {
namespace {

using testing::interaction;
using testing::kHour;
using testing::kNoon;
using testing::mesh_of;
using testing::named;
using testing::node_of;
using testing::text_of;
using K = EdgeKind;

// Says yes to what it is told.
class FakePermissions final : public Permissions {
 public:
  std::map<std::string, std::map<std::string, Could>> models;  // by actor
  bool complete = true;
  mutable std::vector<std::string> asked;

  Answer permitted(const Mesh& mesh, NodeId principal, std::span<const NodeId> resources) const override {
    asked.push_back(text_of(mesh, principal));
    Answer out{.asked = set_of(K::kCalled), .complete = complete};
    const auto found = models.find(asked.back());
    if (found == models.end()) return out;
    for (const NodeId resource : resources) {
      const auto could = found->second.find(text_of(mesh, resource));
      if (could != found->second.end()) out.permitted.push_back({resource, K::kCalled, could->second});
    }
    return out;
  }
};

// `model:m depth did could by`.
std::set<std::string> shown(const Mesh& mesh, const ReachAnswer& answer) {
  std::set<std::string> out;
  for (const ReachedNode& each : answer.nodes) {
    out.insert(text_of(mesh, each.node) + " " + std::to_string(each.depth) + (each.did ? " did " : " did-not ") +
               std::string(to_string(each.could)) + " by " + text_of(mesh, each.by));
  }
  return out;
}

Mesh small_world() {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"user:ann", K::kDelegatedTo, "agent:courier"}}));
  mesh.apply(interaction(
      1, kNoon, {{"agent:courier", K::kCalled, "model:small"}, {"model:small", K::kServedBy, "upstream:gpu"}}));
  mesh.apply(interaction(2, kNoon,
                         {{"user:bob", K::kCalled, "model:large"}, {"model:large", K::kServedBy, "upstream:cloud"}}));
  mesh.apply(interaction(3, kNoon, {{"agent:courier", K::kCalled, "model:secret"}}, {.count = 1, .denials = 1}));
  return mesh;
}

TEST(WhatCouldReach, FollowsWhatWasPermittedAndNotWhatWasTried) {
  const Mesh mesh = small_world();
  EXPECT_EQ(
      shown(mesh, what_could_reach(mesh, {.from = node_of(mesh, "user:ann")})),
      (std::set<std::string>{"agent:courier 1 did unknown by user:ann", "model:small 2 did unknown by agent:courier",
                             "upstream:gpu 3 did unknown by model:small"}));
}

TEST(WhatCouldReach, PutsWhatIsPermittedBesideWhatWasDone) {
  const Mesh mesh = small_world();
  FakePermissions permissions;
  permissions.models["agent:courier"] = {{"model:small", Could::kAlways}, {"model:large", Could::kDepends}};
  const auto answer = what_could_reach(mesh, {.from = node_of(mesh, "user:ann"), .permissions = &permissions});
  EXPECT_EQ(shown(mesh, answer),
            (std::set<std::string>{
                "agent:courier 1 did unknown by user:ann", "model:small 2 did always by agent:courier",
                "upstream:gpu 3 did unknown by model:small", "model:large 2 did-not depends by agent:courier",
                "upstream:cloud 3 did-not unknown by model:large"}));
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(permissions.asked, (std::vector<std::string>{"user:ann", "agent:courier"}));
}

TEST(WhatCouldReach, SaysWhatWasDoneAndWouldNotBePermittedNow) {
  const Mesh mesh = small_world();
  FakePermissions permissions;
  const auto answer =
      what_could_reach(mesh, {.from = node_of(mesh, "agent:courier"), .depth = 1, .permissions = &permissions});
  EXPECT_EQ(shown(mesh, answer), (std::set<std::string>{"model:small 1 did never by agent:courier"}));
  permissions.complete = false;
  const auto unsure =
      what_could_reach(mesh, {.from = node_of(mesh, "agent:courier"), .depth = 1, .permissions = &permissions});
  EXPECT_EQ(shown(mesh, unsure), (std::set<std::string>{"model:small 1 did unknown by agent:courier"}));
  EXPECT_FALSE(unsure.complete);
}

TEST(WhatCouldReach, AsksAboutMadeUpModelsNever) {
  const Mesh mesh = small_world();
  FakePermissions permissions;
  permissions.models["agent:courier"] = {{"model:secret", Could::kAlways}};
  EXPECT_EQ(what_could_reach(mesh, {.from = node_of(mesh, "agent:courier"), .permissions = &permissions}).nodes.size(),
            2U);
}

TEST(WhatCouldReach, SaysWhenABoundCutItShort) {
  const Mesh mesh = small_world();
  const NodeId ann = node_of(mesh, "user:ann");
  EXPECT_FALSE(what_could_reach(mesh, {.from = ann, .limit = 2}).complete);
  EXPECT_EQ(what_could_reach(mesh, {.from = ann, .limit = 2}).nodes.size(), 2U);
  EXPECT_FALSE(what_could_reach(mesh, {.from = ann, .examine = 2}).complete);
  EXPECT_TRUE(what_could_reach(mesh, {.from = ann, .limit = 3}).complete);
}

TEST(WhatCouldReach, AsksAboutABoundedNumberOfActors) {
  Mesh mesh = mesh_of();
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string agent = "agent:a" + std::to_string(i);
    mesh.apply(interaction(i, kNoon, {{"user:ann", K::kDelegatedTo, agent}}));
  }
  FakePermissions permissions;
  const auto answer = what_could_reach(mesh, {.from = node_of(mesh, "user:ann"), .permissions = &permissions});
  EXPECT_EQ(answer.nodes.size(), 40U);
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(permissions.asked.size(), ReachQuery::kAskedMax);
}

TEST(WhatCouldReach, InTheOrderOfTimeWhatWasBeforeIsOutOfReach) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"tool:mail", K::kRead, "data_set:old"}}));
  mesh.apply(interaction(1, kNoon + kHour, {{"agent:a", K::kUsedTool, "tool:mail"}}));
  mesh.apply(interaction(2, kNoon + 2 * kHour, {{"tool:mail", K::kRead, "data_set:new"}}));
  const auto answer = what_could_reach(mesh, {.from = node_of(mesh, "agent:a"), .in_time_order = true});
  ASSERT_EQ(answer.nodes.size(), 2U);
  EXPECT_EQ(text_of(mesh, answer.nodes[1].node), "data_set:new");
  EXPECT_EQ(answer.nodes[1].at_ms, kNoon + 2 * kHour);
  EXPECT_EQ(what_could_reach(mesh, {.from = node_of(mesh, "agent:a")}).nodes.size(), 3U);
}

TEST(ShortestPath, SaysWhenABoundCutItShort) {
  const Mesh mesh = small_world();
  const NodeId ann = node_of(mesh, "user:ann");
  const NodeId gpu = node_of(mesh, "upstream:gpu");
  EXPECT_EQ(shortest_path(mesh, {.from = ann, .to = gpu}).steps->size(), 3U);
  const auto cut = shortest_path(mesh, {.from = ann, .to = gpu, .examine = 1});
  EXPECT_FALSE(cut.steps || cut.complete);
  const auto in_time = shortest_path(mesh, {.from = ann, .to = gpu, .in_time_order = true, .examine = 1});
  EXPECT_FALSE(in_time.steps || in_time.complete);
  EXPECT_FALSE(shortest_path(mesh, {.from = ann, .to = gpu, .depth = 2}).steps);
  EXPECT_TRUE(shortest_path(mesh, {.from = ann, .to = ann}).steps->empty());
}

TEST(ShortestPath, FindsHowTwoAreConnected) {
  const Mesh mesh = small_world();
  const NodeId courier = node_of(mesh, "agent:courier");
  const NodeId gpu = node_of(mesh, "upstream:gpu");
  EXPECT_FALSE(shortest_path(mesh, {.from = gpu, .to = courier}).steps);
  const auto path = shortest_path(mesh, {.from = gpu, .to = courier, .against_edges = true});
  ASSERT_TRUE(path.steps);
  ASSERT_EQ(path.steps->size(), 2U);
  EXPECT_TRUE(path.steps->front().reversed);
}

// ---- by policies

policy::Entities entities(std::string_view json) {
  auto parsed = policy::parse_entities(json);
  EXPECT_TRUE(parsed);
  return *std::move(parsed);
}

TEST(PolicyPermissions, AreWhatPoliciesSayWhateverTheCircumstances) {
  Mesh mesh = small_world();
  mesh.apply(
      interaction(4, kNoon, {{"agent:courier", K::kUsedTool, "tool:mail"}, {"user:bob", K::kUsedTool, "tool:shell"}}));
  const auto policies = policy::parse_policies(R"(
    permit (principal in Group::"callers", action == Action::"invoke", resource == Model::"small");
    permit (principal in Group::"callers", action == Action::"invoke", resource == Model::"large")
      when { context.network.tls };
    permit (principal, action == Action::"call", resource);
    forbid (principal is Agent, action == Action::"call", resource == Tool::"shell");)");
  ASSERT_TRUE(policies);
  const auto store = policy::EntityStore::build(entities(R"([
    {"uid":{"type":"Agent","id":"courier"},"attrs":{},"parents":[{"type":"Group","id":"callers"}]},
    {"uid":{"type":"Group","id":"callers"},"attrs":{},"parents":[]}])"));
  ASSERT_TRUE(store) << store.error().message();
  const PolicyPermissions permissions(*policies, **store);
  const auto answer =
      what_could_reach(mesh, {.from = node_of(mesh, "agent:courier"), .depth = 1, .permissions = &permissions});
  EXPECT_EQ(shown(mesh, answer), (std::set<std::string>{"model:small 1 did always by agent:courier",
                                                        "tool:mail 1 did always by agent:courier",
                                                        "model:large 1 did-not depends by agent:courier"}));
  EXPECT_TRUE(answer.complete);
  const auto bob = what_could_reach(mesh, {.from = node_of(mesh, "user:bob"), .depth = 1, .permissions = &permissions});
  EXPECT_EQ(shown(mesh, bob),
            (std::set<std::string>{"model:large 1 did never by user:bob", "tool:shell 1 did always by user:bob",
                                   "tool:mail 1 did-not always by user:bob"}));
}

TEST(PolicyPermissions, CannotTellOfWhomTheTypeIsNotKnown) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"principal:x", K::kCalled, "model:small"}}));
  const auto policies = policy::parse_policies("permit (principal, action, resource);");
  const auto store = policy::EntityStore::build({});
  ASSERT_TRUE(policies && store);
  const PolicyPermissions permissions(*policies, **store);
  const auto answer = what_could_reach(mesh, {.from = node_of(mesh, "principal:x"), .permissions = &permissions});
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(shown(mesh, answer), (std::set<std::string>{"model:small 1 did unknown by principal:x"}));
}

// ---- risk

TEST(ExplainRisk, LeadsDownToEntries) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"user:ann", K::kDelegatedTo, "agent:courier"}}));
  mesh.apply(interaction(1, kNoon, {{"agent:courier", K::kCalled, "model:m"}}));
  for (const std::uint64_t index : {10U, 20U, 30U, 40U, 50U}) {
    ASSERT_TRUE(
        mesh.raise(named("agent:courier"), {.rule = "bulk-read", .weight = 1, .time = {kNoon}, .index = index}));
  }
  const RiskExplanation own = explain_risk(mesh, node_of(mesh, "agent:courier"), {kNoon});
  ASSERT_EQ(own.parts.size(), 1U);
  EXPECT_EQ(mesh.reason(own.parts[0].reason), "bulk-read");
  EXPECT_EQ(own.parts[0].count, 5U);
  EXPECT_EQ(own.parts[0].indices, (std::array<std::uint64_t, 4>{50, 40, 30, 20}));
  // Two edges: each of the two gets a half of the share.
  const RiskExplanation ann = explain_risk(mesh, node_of(mesh, "user:ann"), {kNoon});
  EXPECT_DOUBLE_EQ(ann.total(), 5 * mesh.options().risk.share / 2);
  ASSERT_EQ(ann.neighbours.size(), 1U);
  EXPECT_EQ(text_of(mesh, ann.neighbours[0].from), "agent:courier");
  EXPECT_EQ(mesh.edge(ann.neighbours[0].edge).last_index, 0U);
}

TEST(ExplainRisk, ShowsTheHeaviestOfManyNeighbours) {
  Mesh mesh = mesh_of();
  double expected = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::string agent = "agent:a" + std::to_string(i);
    mesh.apply(interaction(i, kNoon, {{agent, K::kCalled, "model:m"}}));
    ASSERT_TRUE(
        mesh.raise(named(agent), {.rule = "r", .weight = static_cast<double>(i * 7919 % 500), .time = {kNoon}}));
    expected += mesh.options().risk.share * static_cast<double>(i * 7919 % 500);
  }
  const RiskExplanation model = explain_risk(mesh, node_of(mesh, "model:m"), {kNoon}, 3);
  EXPECT_NEAR(model.passed_on, expected, 1e-6);
  ASSERT_EQ(model.neighbours.size(), 3U);
  EXPECT_DOUBLE_EQ(model.neighbours[0].weight, 499 * mesh.options().risk.share);
  EXPECT_DOUBLE_EQ(model.neighbours[2].weight, 497 * mesh.options().risk.share);
  EXPECT_FALSE(explain_risk(mesh, node_of(mesh, "model:m"), {kNoon}, 3, 10).complete);
}

}  // namespace
}  // namespace redoubt::behaviour
