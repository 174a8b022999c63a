#include "behaviour/mesh.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "behaviour/internal/decay.h"
#include "behaviour/tests/support/mesh_world.h"

namespace redoubt::behaviour {
namespace {

using testing::edge_of;
using testing::interaction;
using testing::kHour;
using testing::kNoon;
using testing::mesh_of;
using testing::named;
using testing::node_of;
using K = EdgeKind;

TEST(MeshDecay, IsTheHalfLifeToAMillionth) {
  for (std::int64_t age = 1; age < 100'000'000; age += age / 3 + 1) {
    const double exact = std::exp2(-static_cast<double>(age) / 2'495'330);
    EXPECT_NEAR(internal::decay(age, 2'495'330), exact, exact * 2e-6) << age;
  }
  EXPECT_EQ(internal::decay(0, 1000), 1);
  EXPECT_EQ(internal::decay(-5, 1000), 1);
  EXPECT_EQ(internal::decay(3000, 1000), 0.125);
  EXPECT_EQ(internal::decay(std::numeric_limits<std::int64_t>::max(), 1000), 0);
}

TEST(MeshDecay, NeverGrowsWithAge) {
  double before = 1;
  for (std::int64_t age = 0; age < 200'000; ++age) {
    const double now = internal::decay(age, 59'887);
    ASSERT_LE(now, before) << age;
    before = now;
  }
}

TEST(Mesh, CountsWhatEachRecordSays) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(5, kNoon, {{"agent:a", K::kCalled, "model:m"}}));
  mesh.apply(interaction(6, kNoon + 10, {{"agent:a", K::kCalled, "model:m"}}, {.bytes = 100, .tokens = 7}));
  mesh.apply(
      interaction(9, kNoon + 20, {{"agent:a", K::kCalled, "model:m"}}, {.count = 3, .denials = 3, .matches = 2}));
  const MeshEdge& edge = edge_of(mesh, "agent:a", K::kCalled, "model:m");
  EXPECT_EQ(edge.count, 4U);
  EXPECT_EQ(edge.denials, 3U);
  EXPECT_EQ(edge.matches, 2U);
  EXPECT_EQ(edge.bytes, 100U);
  EXPECT_EQ(edge.tokens, 7U);
  EXPECT_EQ(edge.first_ms, kNoon);
  EXPECT_EQ(edge.last_ms, kNoon + 20);
  EXPECT_EQ(edge.first_index, 5U);
  EXPECT_EQ(edge.last_index, 9U);
  EXPECT_TRUE(edge.did());
  const MeshNode& model = mesh.node(node_of(mesh, "model:m"));
  EXPECT_EQ(model.count, 4U);
  EXPECT_EQ(model.in.size(), 1U);
  EXPECT_EQ(mesh.next_index(), 10U);
}

TEST(Mesh, HasAnEdgeOfEachKindBetweenTwoNodes) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kRead, "data_set:d"}, {"agent:a", K::kWrote, "data_set:d"}}));
  mesh.apply(interaction(1, kNoon, {{"agent:a", K::kRead, "data_set:d"}}));
  EXPECT_EQ(mesh.stats().edges, 2U);
  EXPECT_EQ(edge_of(mesh, "agent:a", K::kRead, "data_set:d").count, 2U);
  EXPECT_EQ(edge_of(mesh, "agent:a", K::kWrote, "data_set:d").count, 1U);
}

TEST(Mesh, AppliesAnEntryOnce) {
  Mesh mesh = mesh_of();
  const Interaction once = interaction(3, kNoon, {{"agent:a", K::kCalled, "model:m"}});
  mesh.apply(once);
  mesh.apply(once);
  EXPECT_EQ(edge_of(mesh, "agent:a", K::kCalled, "model:m").count, 1U);
  EXPECT_EQ(mesh.stats().repeated, 1U);
}

TEST(Mesh, LearnsWhichKindOfPrincipalSomebodyIs) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"principal:courier", K::kCalled, "model:m"}}));
  mesh.apply(interaction(1, kNoon, {{"user:ann", K::kDelegatedTo, "agent:courier"}}));
  mesh.apply(interaction(2, kNoon, {{"principal:courier", K::kCalled, "model:m"}}));
  EXPECT_EQ(mesh.stats().nodes, 3U);
  EXPECT_EQ(mesh.name_of(node_of(mesh, "principal:courier")).type, NodeType::kAgent);
  EXPECT_FALSE(mesh.find(named("tool:courier")));
}

TEST(Mesh, CutsNamesThatAreTooLong) {
  Mesh mesh = mesh_of();
  const std::string name = "model:" + std::string(300, 'x');
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, name}}));
  ASSERT_TRUE(mesh.find(named(name)));
  EXPECT_EQ(mesh.name_of(*mesh.find(named(name))).name.size(), kNodeNameMax);
}

TEST(Mesh, ASteadyRateGivesWhatItHasInOneOfItsTimes) {
  Mesh mesh = mesh_of();
  std::int64_t time = kNoon;
  for (std::uint64_t i = 0; i < 24 * 60; ++i, time += kHour / 60) {
    mesh.apply(interaction(i, time, {{"agent:a", K::kCalled, "model:m"}}));
  }
  const MeshEdge& edge = edge_of(mesh, "agent:a", K::kCalled, "model:m");
  EXPECT_NEAR(mesh.rates(edge, mesh.newest()).hour, 60, 1);
  EXPECT_NEAR(mesh.rates(edge, mesh.newest()).day, 24 * 60 * (1 - std::exp(-1)), 5);
  EXPECT_NEAR(mesh.rates(edge, {mesh.newest().value + kHour}).hour, 60 * std::exp(-1), 1);
}

TEST(Mesh, TakesLateRecordsForWhatIsLeftOfThem) {
  Mesh in_order = mesh_of();
  Mesh late = mesh_of();
  const auto at = [](std::uint64_t index, std::int64_t hours) {
    return interaction(index, kNoon + hours * kHour, {{"agent:a", K::kCalled, "model:m"}});
  };
  in_order.apply(at(0, 0));
  in_order.apply(at(1, 1));
  in_order.apply(at(2, 3));
  late.apply(at(0, 3));
  late.apply(at(1, 0));
  late.apply(at(2, 1));
  const MeshEdge& a = edge_of(in_order, "agent:a", K::kCalled, "model:m");
  const MeshEdge& b = edge_of(late, "agent:a", K::kCalled, "model:m");
  EXPECT_EQ(a.first_ms, b.first_ms);
  EXPECT_EQ(a.last_ms, b.last_ms);
  EXPECT_FLOAT_EQ(a.rates.hour, b.rates.hour);
  EXPECT_FLOAT_EQ(a.rates.week, b.rates.week);
  EXPECT_EQ(late.stats().late, 2U);
  EXPECT_EQ(late.stats().latest_by_ms, 3 * kHour);
}

TEST(Mesh, SurvivesClockJumps) {
  Mesh mesh = mesh_of();
  const std::int64_t times[] = {
      kNoon, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), kNoon + 1, -1, 0};
  std::uint64_t index = 0;
  for (const std::int64_t time : times) {
    mesh.apply(interaction(index++, time, {{"agent:a", K::kCalled, "model:m"}}, {.count = 1, .denials = 1}));
  }
  const MeshEdge& edge = edge_of(mesh, "agent:a", K::kCalled, "model:m");
  EXPECT_EQ(edge.count, 6U);
  EXPECT_EQ(edge.first_ms, 0);
  EXPECT_EQ(edge.last_ms, 253'402'300'799'999);
  EXPECT_TRUE(std::isfinite(edge.rates.hour));
  EXPECT_TRUE(std::isfinite(mesh.own_risk(node_of(mesh, "agent:a"), mesh.newest())));
  EXPECT_EQ(mesh.stats().late, 4U);
}

TEST(Mesh, CountsStayAtTheirLargest) {
  Mesh mesh = mesh_of();
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kMany = std::numeric_limits<std::uint32_t>::max();
  for (std::uint64_t i = 0; i < 3; ++i) {
    mesh.apply(interaction(i, kNoon, {{"agent:a", K::kCalled, "model:m"}},
                           {.count = kMany, .denials = kMany, .matches = kMany, .bytes = kMost, .tokens = kMost}));
  }
  const MeshEdge& edge = edge_of(mesh, "agent:a", K::kCalled, "model:m");
  EXPECT_EQ(edge.count, kMany);
  EXPECT_EQ(edge.bytes, kMost);
  EXPECT_TRUE(std::isfinite(mesh.own_risk(node_of(mesh, "agent:a"), mesh.newest())));
}

TEST(Mesh, RefusesOptionsOutOfRange) {
  const auto refused = [](const MeshOptions& options) { return Mesh::create(options).error().code(); };
  EXPECT_EQ(refused({.max_nodes = 63}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.max_nodes = (1U << 26) + 1}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.max_nodes = 64, .max_edges = 63}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.max_nodes = 64, .max_edges = 65 * 128}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.risk = {.half_life_ms = 999}}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.risk = {.per_denial = std::nan("")}}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({.risk = {.share = 1.5}}), Errc::kInvalidArgument);
}

// ---- who goes when there is no room

constexpr MeshOptions kSmall{.max_nodes = 128, .max_edges = 512, .hash_key = {3, 4}};

// Somebody whom the ledger knows asks for models that nobody has, and is refused.
void flood(Mesh& mesh, int requests) {
  for (int i = 0; i < requests; ++i) {
    const std::string made_up = "model:made-up-" + std::to_string(i);
    mesh.apply(
        interaction(mesh.next_index(), kNoon, {{"agent:mallory", K::kCalled, made_up}}, {.count = 1, .denials = 1}));
  }
}

TEST(MeshRoom, MadeUpNamesPushOutOnlyEachOther) {
  Mesh mesh = mesh_of(kSmall);
  for (int i = 0; i < 50; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{user, K::kCalled, "model:m"}}));
  }
  flood(mesh, 100'000);
  for (int i = 0; i < 50; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    ASSERT_TRUE(mesh.find(named(user))) << user;
    EXPECT_EQ(edge_of(mesh, user, K::kCalled, "model:m").count, 1U);
  }
  const MeshStats stats = mesh.stats();
  EXPECT_EQ(stats.nodes_on_probation, kSmall.max_nodes / 8);
  EXPECT_LE(stats.edges_on_probation, kSmall.max_edges / 8);
  // All that is not there any more is counted, and mallory is one of those on probation, to be forgotten like them.
  EXPECT_GT(stats.nodes_evicted, 99'000U);
}

TEST(MeshRoom, OnePermittedRequestEndsAProbation) {
  Mesh mesh = mesh_of(kSmall);
  flood(mesh, 1);
  ASSERT_TRUE(mesh.on_probation(node_of(mesh, "agent:mallory")));
  mesh.apply(interaction(mesh.next_index(), kNoon, {{"agent:mallory", K::kCalled, "model:m"}}));
  EXPECT_FALSE(mesh.on_probation(node_of(mesh, "agent:mallory")));
  flood(mesh, 10'000);
  EXPECT_TRUE(mesh.find(named("agent:mallory")));
}

TEST(MeshRoom, AClaimedNameIsNoProof) {
  Mesh mesh = mesh_of(kSmall);
  Interaction claimed = interaction(0, kNoon, {{"user:ann", K::kCalled, "model:m"}});
  claimed.proven = false;
  mesh.apply(claimed);
  EXPECT_TRUE(mesh.on_probation(node_of(mesh, "user:ann")));
}

TEST(MeshRoom, PinnedNodesAndTheirEdgesStay) {
  Mesh mesh = mesh_of(kSmall);
  mesh.apply(interaction(0, kNoon, {{"agent:thief", K::kRead, "data_set:d"}, {"agent:thief", K::kCalled, "model:m"}}));
  ASSERT_TRUE(mesh.pin(named("agent:thief")));
  for (int i = 0; i < 20'000; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    const std::string tool = "tool:t" + std::to_string(i);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{user, K::kUsedTool, tool}, {user, K::kCalled, "model:other"}}));
  }
  ASSERT_TRUE(mesh.find(named("agent:thief")));
  EXPECT_TRUE(mesh.is_pinned(node_of(mesh, "agent:thief")));
  EXPECT_EQ(mesh.stats().nodes_refused, 0U);
  mesh.unpin(named("agent:thief"));
  for (int i = 0; i < 1000; ++i) {
    const std::string user = "user:v" + std::to_string(i);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{user, K::kCalled, "model:other"}}));
  }
  EXPECT_FALSE(mesh.find(named("agent:thief")));
}

TEST(MeshRoom, EdgesOfPinnedNodesAreNotTakenForNewOnes) {
  // Few nodes and many edges between them: it is edges that find no room.
  Mesh mesh = mesh_of({.max_nodes = 256, .max_edges = 512});
  for (int i = 0; i < 50; ++i) {
    const std::string tool = "tool:t" + std::to_string(i);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{"agent:thief", K::kUsedTool, tool}}));
  }
  ASSERT_TRUE(mesh.pin(named("agent:thief")));
  for (int i = 0; i < 50 * 50; ++i) {
    const std::string user = "user:u" + std::to_string(i / 50);
    const std::string tool = "tool:t" + std::to_string(i % 50);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{user, K::kUsedTool, tool}}));
  }
  EXPECT_GT(mesh.stats().edges_evicted, 1000U);
  EXPECT_EQ(mesh.out_of(node_of(mesh, "agent:thief")).size(), 50U);
}

TEST(MeshRoom, OnlyAQuarterMayBePinned) {
  Mesh mesh = mesh_of(kSmall);
  for (int i = 0; i < 32; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    ASSERT_TRUE(mesh.pin(named(user)));
    ASSERT_TRUE(mesh.pin(named(user)));
  }
  const auto more = mesh.pin(named("user:more"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), Errc::kResourceExhausted);
  EXPECT_EQ(mesh.stats().pinned, 32U);
  EXPECT_EQ(mesh.pin({NodeType::kUser, ""}).error().code(), Errc::kInvalidArgument);
}

TEST(MeshRoom, WhoIsTouchedStaysBeforeWhoIsNot) {
  Mesh mesh = mesh_of(kSmall);
  for (int i = 0; i < 20'000; ++i) {
    const std::string user = "user:u" + std::to_string(i);
    mesh.apply(interaction(mesh.next_index(), kNoon, {{user, K::kCalled, "model:used"}}));
    mesh.apply(interaction(mesh.next_index(), kNoon, {{"user:daily", K::kCalled, "model:used"}}));
  }
  EXPECT_TRUE(mesh.find(named("user:daily")));
  EXPECT_EQ(edge_of(mesh, "user:daily", K::kCalled, "model:used").count, 20'000U);
  EXPECT_LE(mesh.stats().nodes, kSmall.max_nodes);
}

TEST(MeshRoom, AnInteractionNeverPushesOutWhatItNames) {
  Mesh mesh = mesh_of({.max_nodes = 64, .max_edges = 64});
  std::vector<std::string> names;
  for (int i = 0; i < 31; ++i) names.push_back("t");
  for (int round = 0; round < 300; ++round) {
    Interaction out;
    out.index = mesh.next_index();
    out.time = {kNoon};
    out.volumes.count = 1;
    const auto actor = out.add({NodeType::kAgent, "a"});
    for (int i = 0; i < 31; ++i) {
      names[static_cast<std::size_t>(i)] = "tool-" + std::to_string(round * 31 + i);
      out.link(actor, out.add({NodeType::kTool, names[static_cast<std::size_t>(i)]}), K::kUsedTool);
    }
    mesh.apply(out);
    for (const std::string& name : names) ASSERT_TRUE(mesh.find({NodeType::kTool, name})) << round;
  }
}

// ---- signals

TEST(MeshRisk, OfSignalsHalvesWithTime) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}}));
  ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = "bulk-read", .weight = 8, .time = {kNoon}, .index = 0}));
  const NodeId a = node_of(mesh, "agent:a");
  EXPECT_DOUBLE_EQ(mesh.own_risk(a, {kNoon}), 8);
  EXPECT_DOUBLE_EQ(mesh.own_risk(a, {kNoon + 24 * kHour}), 4);
  ASSERT_TRUE(
      mesh.raise(named("agent:a"), {.rule = "bulk-read", .weight = 1, .time = {kNoon + 24 * kHour}, .index = 3}));
  EXPECT_DOUBLE_EQ(mesh.own_risk(a, {kNoon + 24 * kHour}), 5);
  // Late: what is left of it by now.
  ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = "bulk-read", .weight = 2, .time = {kNoon}, .index = 4}));
  EXPECT_DOUBLE_EQ(mesh.own_risk(a, {kNoon + 24 * kHour}), 6);
  EXPECT_EQ(mesh.raise(named("agent:b"), {.rule = "x", .weight = 1}).error().code(), Errc::kNotFound);
}

TEST(MeshRisk, WeightsOutOfRangeAreTakenForTheNearest) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}}));
  for (const double weight : {-1.0, std::nan(""), 0.0}) {
    ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = "r", .weight = weight, .time = {kNoon}}));
    EXPECT_EQ(mesh.own_risk(node_of(mesh, "agent:a"), {kNoon}), 0);
  }
  ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = "r", .weight = INFINITY, .time = {kNoon}}));
  EXPECT_DOUBLE_EQ(mesh.own_risk(node_of(mesh, "agent:a"), {kNoon}), 1'000'000);
}

TEST(MeshRisk, LightReasonsBecomeOneWhenThereAreMany) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}}));
  double sum = 0;
  for (int i = 1; i <= 100; ++i) {
    const std::string rule = "rule-" + std::to_string(i);
    ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = rule, .weight = 1.0 * i, .time = {kNoon}}));
    sum += i;
  }
  const NodeId a = node_of(mesh, "agent:a");
  EXPECT_EQ(mesh.node(a).risk->size(), Mesh::kRiskParts);
  EXPECT_NEAR(mesh.own_risk(a, {kNoon}), sum, 1e-9);
  std::uint32_t signals = 0;
  for (const RiskPart& part : *mesh.node(a).risk) signals += part.count;
  EXPECT_EQ(signals, 100U);
}

TEST(MeshRisk, ReasonsAreBounded) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}}));
  for (std::size_t i = 0; i < 2 * Mesh::kReasonsMax; ++i) {
    const std::string rule = "rule-" + std::to_string(i) + std::string(200, 'x');
    ASSERT_TRUE(mesh.raise(named("agent:a"), {.rule = rule, .weight = 1, .time = {kNoon}}));
  }
  EXPECT_NEAR(mesh.own_risk(node_of(mesh, "agent:a"), {kNoon}), 2.0 * Mesh::kReasonsMax, 1e-6);
}

TEST(MeshRisk, RefusalsAndMatchesAreTheActors) {
  Mesh mesh = mesh_of();
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}}, {.count = 3, .denials = 3, .matches = 2}));
  const RiskOptions& options = mesh.options().risk;
  EXPECT_DOUBLE_EQ(mesh.own_risk(node_of(mesh, "agent:a"), {kNoon}), 3 * options.per_denial + 2 * options.per_match);
  EXPECT_EQ(mesh.own_risk(node_of(mesh, "model:m"), {kNoon}), 0);
}

}  // namespace
}  // namespace redoubt::behaviour
