// Random interactions, into the mesh and into one that is as plain as can be.
#include <gtest/gtest.h>

#include <random>

#include "behaviour/mesh.h"
#include "behaviour/mesh_questions.h"
#include "behaviour/mesh_risk.h"
#include "behaviour/mesh_search.h"
#include "behaviour/tests/support/mesh_world.h"
#include "behaviour/tests/support/naive_mesh.h"

namespace redoubt::behaviour {
namespace {

using testing::kHour;
using testing::kNoon;
using testing::mesh_of;
using testing::NaiveMesh;
using testing::node_of;
using testing::text_of;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// Names are kept here: interactions hold views.
const std::vector<std::string>& pool() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (int i = 0; i < 4096; ++i) out.push_back("n" + std::to_string(i));
    return out;
  }();
  return names;
}

// One to four links between `size` nodes of a few types; times go mostly forward.
Interaction some_interaction(Random& random, std::uint64_t index, std::int64_t& time_ms, std::size_t size) {
  time_ms += static_cast<std::int64_t>(random.below(kHour / 4));
  Interaction out;
  out.index = index;
  out.time = {random.one_in(8) ? time_ms - static_cast<std::int64_t>(random.below(30 * kHour)) : time_ms};
  out.volumes = {.count = static_cast<std::uint32_t>(random.below(3)),
                 .matches = static_cast<std::uint32_t>(random.one_in(6)),
                 .bytes = random.below(1000),
                 .tokens = random.below(100)};
  if (random.one_in(4)) out.volumes.denials = out.volumes.count;
  out.proven = !random.one_in(10);
  constexpr NodeType kTypes[] = {NodeType::kAgent, NodeType::kModel, NodeType::kTool, NodeType::kDataSet};
  const auto node = [&] {
    const std::size_t which = random.below(size);
    return out.add({kTypes[which % 4], pool()[which]});
  };
  out.actor = node();
  const std::size_t links = 1 + random.below(4);
  for (std::size_t i = 0; i < links; ++i) {
    const bool once = random.one_in(4);
    out.link(random.one_in(3) ? node() : out.actor, node(), static_cast<EdgeKind>(random.below(4)), once);
  }
  return out;
}

void apply(Mesh& mesh, NaiveMesh& naive, const Interaction& interaction) {
  mesh.apply(interaction);
  naive.apply(interaction);
  naive.acts[to_string(interaction.nodes()[*interaction.actor])].push_back(
      {interaction.index, interaction.time.value, interaction.volumes});
}

class MeshProperty : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  MeshProperty() { RecordProperty("seed", std::to_string(GetParam())); }
  void SetUp() override { std::printf("seed %llu\n", static_cast<unsigned long long>(GetParam())); }
};

TEST_P(MeshProperty, HoldsWhatAPlainGraphHolds) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 400; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 40));
  ASSERT_EQ(mesh.stats().edges, naive.edges.size());
  ASSERT_EQ(mesh.stats().nodes, naive.nodes.size());
  for (const auto& [name, events] : naive.edges) {
    const auto& [from, kind, to] = name;
    const auto id = mesh.find(node_of(mesh, from), node_of(mesh, to), kind);
    ASSERT_TRUE(id) << from << " " << to_string(kind) << " " << to;
    const MeshEdge& edge = mesh.edge(*id);
    EXPECT_EQ((Volumes{edge.count, edge.denials, edge.matches, edge.bytes, edge.tokens}), NaiveMesh::sum(events));
    EXPECT_EQ(edge.first_ms, NaiveMesh::first(events));
    EXPECT_EQ(edge.last_ms, NaiveMesh::last(events));
    EXPECT_EQ(edge.first_index, events.front().index);
    EXPECT_EQ(edge.last_index, events.back().index);
    const Rates rates = mesh.rates(edge, mesh.newest());
    const auto near = [&](double rate, double hours) {
      const double expected = NaiveMesh::rate(events, naive.newest_ms, hours * kHour);
      EXPECT_NEAR(rate, expected, expected * 1e-4 + 1e-9);
    };
    near(rates.hour, 1);
    near(rates.day, 24);
    near(rates.week, 24 * 7);
  }
  for (const auto& [name, events] : naive.nodes) {
    const MeshNode& node = mesh.node(node_of(mesh, name));
    EXPECT_EQ((Volumes{node.count, node.denials, node.matches, node.bytes, node.tokens}), NaiveMesh::sum(events));
    EXPECT_EQ(node.first_ms, NaiveMesh::first(events));
    EXPECT_EQ(node.last_index, events.back().index);
  }
}

TEST_P(MeshProperty, ReachesWhatAPlainGraphReaches) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 60; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 40));
  for (const bool in_time : {false, true}) {
    for (const unsigned depth : {1U, 2U, 5U}) {
      for (const auto& [from, unused] : naive.nodes) {
        const auto expected = naive.reached(from, kAllKinds, depth, in_time, true, false);
        const auto answer = what_could_reach(
            mesh, {.from = node_of(mesh, from), .kinds = kAllKinds, .depth = depth, .in_time_order = in_time});
        EXPECT_TRUE(answer.complete);
        std::map<std::string, std::int64_t> found = {{from, 0}};
        for (const ReachedNode& each : answer.nodes) {
          const std::string name = text_of(mesh, each.node);
          EXPECT_EQ(NaiveMesh::steps(expected, name), each.depth) << from << " to " << name;
          EXPECT_TRUE(each.did);
          found[name] = each.at_ms;
        }
        EXPECT_EQ(found, expected.back()) << from << " depth " << depth << " in time " << in_time;
      }
    }
  }
}

TEST_P(MeshProperty, ReachesBackWhatReachesForward) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 60; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 40));
  std::set<std::pair<NodeId, NodeId>> forward;
  std::set<std::pair<NodeId, NodeId>> back;
  for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
    for (const auto& each : what_could_reach(mesh, {.from = id, .kinds = kAllKinds, .depth = 4}).nodes) {
      forward.insert({id, each.node});
    }
    for (const auto& each :
         what_could_reach(mesh, {.from = id, .direction = Direction::kInto, .kinds = kAllKinds, .depth = 4}).nodes) {
      back.insert({each.node, id});
    }
  }
  EXPECT_EQ(forward, back);
}

// Whether the steps lead from one to the other along edges that may be used.
void expect_leads(const Mesh& mesh, const std::vector<PathStep>& steps, NodeId from, NodeId to, bool in_time) {
  std::int64_t at_ms = 0;
  for (const PathStep& step : steps) {
    const MeshEdge& edge = mesh.edge(step.edge);
    EXPECT_EQ(step.reversed ? NodeId{edge.to} : edge.from, from);
    from = step.reversed ? edge.from : NodeId{edge.to};
    if (!in_time) continue;
    EXPECT_GE(edge.last_ms, at_ms);
    EXPECT_EQ(step.at_ms, std::max(at_ms, edge.first_ms));
    at_ms = step.at_ms;
  }
  EXPECT_EQ(from, to);
}

TEST_P(MeshProperty, FindsTheShortestPaths) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 50; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 48));
  struct Way {
    bool both, in_time, only_did;
  };
  for (const Way& way :
       {Way{false, false, false}, Way{true, false, false}, Way{false, true, false}, Way{false, false, true}}) {
    for (const unsigned depth : {2U, 6U}) {
      for (const auto& [from, unused] : naive.nodes) {
        const auto expected = naive.reached(from, kAllKinds, depth, way.in_time, way.only_did, way.both);
        for (const auto& [to, unused_too] : naive.nodes) {
          const auto answer = shortest_path(mesh, {.from = node_of(mesh, from),
                                                   .to = node_of(mesh, to),
                                                   .depth = depth,
                                                   .against_edges = way.both,
                                                   .in_time_order = way.in_time,
                                                   .only_did = way.only_did});
          EXPECT_TRUE(answer.complete);
          const auto steps = NaiveMesh::steps(expected, to);
          ASSERT_EQ(answer.steps.has_value(), steps.has_value()) << from << " to " << to;
          if (!steps) continue;
          EXPECT_EQ(answer.steps->size(), *steps) << from << " to " << to;
          expect_leads(mesh, *answer.steps, node_of(mesh, from), node_of(mesh, to), way.in_time);
        }
      }
    }
  }
}

TEST_P(MeshProperty, RiskIsTheFormula) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 200; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 40));
  const RiskOptions& options = mesh.options().risk;
  std::vector<double> all;
  EXPECT_TRUE(all_risks(mesh, mesh.newest(), 1'000'000, all));
  for (const auto& [name, unused] : naive.nodes) {
    const double expected = naive.risk(name, static_cast<double>(options.half_life_ms), options.per_denial,
                                       options.per_match, options.share);
    const NodeId id = node_of(mesh, name);
    const RiskExplanation risk = explain_risk(mesh, id, mesh.newest(), 1000);
    EXPECT_NEAR(risk.total(), expected, expected * 1e-4 + 1e-9) << name;
    EXPECT_NEAR(all[id], risk.total(), risk.total() * 1e-9) << name;
    double sum = 0;
    for (const auto& part : risk.parts) sum += part.weight;
    for (const auto& part : risk.neighbours) sum += part.weight;
    EXPECT_NEAR(sum, risk.total(), sum * 1e-9);
  }
}

TEST_P(MeshProperty, PagesAreThePartsOfOneList) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 400; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 100));
  for (const MeshOrder order : {MeshOrder::kLastSeen, MeshOrder::kFirstSeen, MeshOrder::kCount, MeshOrder::kBytes,
                                MeshOrder::kDenials, MeshOrder::kRisk, MeshOrder::kDegree}) {
    TopQuery query{.order = order, .now = mesh.newest(), .limit = 7};
    std::vector<NodeId> paged;
    do {
      const NodePage page = top(mesh, query);
      EXPECT_LE(page.nodes.size(), 7U);
      for (const RankedNode& each : page.nodes) paged.push_back(each.node);
      query.after = page.next;
    } while (query.after);
    query.limit = kPageMax;
    std::vector<NodeId> whole;
    for (const RankedNode& each : top(mesh, query).nodes) whole.push_back(each.node);
    EXPECT_EQ(paged, whole) << to_string(order);
    EXPECT_EQ(std::set<NodeId>(paged.begin(), paged.end()).size(), paged.size());
    if (order != MeshOrder::kRisk) {
      EXPECT_EQ(paged.size(), naive.nodes.size());
    }
  }
}

TEST_P(MeshProperty, NeighboursAreThoseOfAPlainGraph) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 200; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 40));
  const Window window{{kNoon + 5 * kHour}, {kNoon + 12 * kHour}};
  for (const auto& [node, unused] : naive.nodes) {
    std::set<NaiveMesh::EdgeName> expected;
    for (const auto& [name, events] : naive.edges) {
      if (std::get<2>(name) != node || !std::get<0>(name).starts_with("agent:")) continue;
      if (NaiveMesh::last(events) < window.from.value || NaiveMesh::first(events) >= window.until.value) continue;
      if (NaiveMesh::did(events)) expected.insert(name);
    }
    NeighboursQuery query{.node = node_of(mesh, node),
                          .types = set_of(NodeType::kAgent),
                          .window = window,
                          .only_did = true,
                          .order = MeshOrder::kBytes,
                          .limit = 3};
    std::set<NaiveMesh::EdgeName> found;
    std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
    do {
      const EdgePage page = neighbours(mesh, query);
      for (const EdgeId id : page.edges) {
        const MeshEdge& edge = mesh.edge(id);
        EXPECT_LE(edge.bytes, before);
        before = edge.bytes;
        EXPECT_TRUE(found.insert({text_of(mesh, edge.from), edge.kind(), text_of(mesh, edge.to)}).second);
      }
      query.after = page.next;
    } while (query.after);
    EXPECT_EQ(found, expected);
  }
}

// What happened between two moments, asked of the meshes of both.
TEST_P(MeshProperty, ChangesAreWhatTheRestOfTheRecordsDid) {
  Random random(GetParam());
  Mesh mesh = mesh_of();
  NaiveMesh naive;
  NaiveMesh naive_before;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 100; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 60));
  const Bytes saved = mesh.save();
  const auto before = Mesh::restore(saved, mesh.options());
  ASSERT_TRUE(before) << before.error().message();
  naive_before = naive;
  for (std::uint64_t i = 100; i < 140; ++i) apply(mesh, naive, some_interaction(random, i, time_ms, 60));

  std::set<std::string> expected;
  for (const auto& [name, unused] : naive.nodes) {
    if (!naive_before.nodes.contains(name)) expected.insert(name);
  }
  for (const auto& [name, events] : naive.edges) {
    const auto& [from, kind, to] = name;
    const std::string text = from + " " + std::string(to_string(kind)) + " " + to;
    const auto was = naive_before.edges.find(name);
    if (was == naive_before.edges.end()) {
      expected.insert("new " + text);
      continue;
    }
    const Volumes a = NaiveMesh::sum(was->second);
    const Volumes b = NaiveMesh::sum(events);
    const auto grew = [](std::uint64_t before_it, std::uint64_t is) { return is > before_it && is >= 2 * before_it; };
    if (grew(a.count, b.count) || grew(a.denials, b.denials) || grew(a.matches, b.matches) || grew(a.bytes, b.bytes) ||
        grew(a.tokens, b.tokens)) {
      expected.insert("grown " + text);
    }
  }
  std::set<std::string> found;
  ChangesQuery query{.before = &*before, .limit = 5, .examine = 20};
  for (int page_count = 0; page_count < 1000; ++page_count) {
    const ChangesPage page = changes(mesh, query);
    for (const MeshChange& each : page.changes) {
      if (each.what == MeshChange::What::kNewNode) {
        EXPECT_TRUE(found.insert(text_of(mesh, each.node)).second);
        continue;
      }
      const MeshEdge& edge = mesh.edge(each.edge);
      EXPECT_TRUE(found
                      .insert((each.what == MeshChange::What::kNewEdge ? "new " : "grown ") + text_of(mesh, edge.from) +
                              " " + std::string(to_string(edge.kind())) + " " + text_of(mesh, edge.to))
                      .second);
    }
    if (!page.next) break;
    query.after = *page.next;
  }
  EXPECT_EQ(found, expected);
}

// A small mesh, which forgets, with signals and pins between: the same bytes, wherever it was saved and restored.
TEST_P(MeshProperty, IsTheSameWhereverItWasSaved) {
  Random random(GetParam());
  const MeshOptions options{.max_nodes = 64, .max_edges = 96, .hash_key = {7, 9}};
  struct Step {
    Interaction interaction;
    int what;
    std::string node;
  };
  std::vector<Step> steps;
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 600; ++i) {
    steps.push_back(
        {some_interaction(random, i, time_ms, 400), static_cast<int>(random.below(12)), pool()[4 * random.below(100)]});
  }
  const auto run = [&](Mesh mesh, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Step& step = steps[i];
      mesh.apply(step.interaction);
      const NodeName agent{NodeType::kAgent, step.node};
      if (step.what == 0) (void)mesh.pin(agent);
      if (step.what == 1) mesh.unpin(agent);
      if (step.what == 2) {
        const std::string rule = "rule-" + std::to_string(i % 20);
        (void)mesh.raise(agent, {.rule = rule, .weight = 1.5, .time = {time_ms}, .index = i});
      }
    }
    return mesh;
  };
  const Bytes whole = run(mesh_of(options), 0, steps.size()).save();
  for (int cut = 0; cut < 20; ++cut) {
    const std::size_t at = random.below(steps.size() + 1);
    const Bytes half = run(mesh_of(options), 0, at).save();
    // Another key finds nodes in other places, and changes nothing.
    auto restored = Mesh::restore(half, {.max_nodes = 64, .max_edges = 96, .hash_key = {random.below(1000), 11}});
    ASSERT_TRUE(restored) << restored.error().message();
    ASSERT_EQ(restored->save(), half);
    EXPECT_EQ(run(*std::move(restored), at, steps.size()).save(), whole) << "saved after " << at;
  }
}

// Whatever comes, there is never more than there is room for, nor less than the lists say.
TEST_P(MeshProperty, KeepsItsBounds) {
  Random random(GetParam());
  Mesh mesh = mesh_of({.max_nodes = 80, .max_edges = 200});
  std::int64_t time_ms = kNoon;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    mesh.apply(some_interaction(random, i, time_ms, random.one_in(2) ? 4000 : 60));
    if (i % 500 != 0) continue;
    const MeshStats stats = mesh.stats();
    ASSERT_LE(stats.nodes, 80U);
    ASSERT_LE(stats.edges, 200U);
    ASSERT_LE(stats.nodes_on_probation, 10U);
    ASSERT_LE(stats.edges_on_probation, 25U);
    std::size_t out = 0;
    std::size_t in = 0;
    for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
      if (!mesh.has_node(id)) continue;
      EXPECT_EQ(mesh.find(mesh.name_of(id)), id);
      for (const EdgeId edge : mesh.out_of(id)) EXPECT_EQ(mesh.edge(edge).from, id);
      for (const EdgeId edge : mesh.into(id)) EXPECT_EQ(mesh.edge(edge).to, id);
      out += mesh.out_of(id).size();
      in += mesh.into(id).size();
    }
    EXPECT_EQ(out, stats.edges);
    EXPECT_EQ(in, stats.edges);
    for (EdgeId id = 0; id < mesh.edges_end(); ++id) {
      if (!mesh.has_edge(id)) continue;
      EXPECT_EQ(mesh.find(mesh.edge(id).from, mesh.edge(id).to, mesh.edge(id).kind()), id);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MeshProperty, ::testing::Values(1, 2, 3, 20'261'122));

}  // namespace
}  // namespace redoubt::behaviour
