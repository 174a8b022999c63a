// What the behaviour mesh costs: updates a second and questions, at a million nodes and ten million edges, on one core.
//
//   bench_mesh --nodes 1000000 --edges 10000000 --seconds 10 --questions 2000
//
// First the mesh is filled (behaviour/simulation/mesh_traffic.h); then interactions go on, half of them along edges
// that are there, while the mesh is full and evicts. One line for the updates, one for each kind of question, asked
// about random nodes and about the largest ones.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <random>
#include <vector>

#include "behaviour/mesh.h"
#include "behaviour/mesh_questions.h"
#include "behaviour/mesh_risk.h"
#include "behaviour/mesh_search.h"
#include "behaviour/simulation/mesh_traffic.h"
#include "bench/usage.h"

namespace {

using namespace redoubt;
using namespace redoubt::behaviour;
using redoubt::bench::SteadyClock;

double heap_bytes() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

// Resident memory: pages that were never touched do not count.
double resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0;
  unsigned long resident = 0;
  if (file == nullptr || std::fscanf(file, "%lu %lu", &size, &resident) != 2) bench::stop("no /proc/self/statm");
  std::fclose(file);
  return static_cast<double>(resident) * 4096;
}

void measure(const char* name, std::size_t questions, const std::function<bool(std::size_t)>& ask) {
  std::vector<double> times;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < questions; ++i) {
    const auto begin = SteadyClock::now();
    cut += ask(i) ? 0 : 1;
    times.push_back(bench::seconds_since(begin) * 1e3);
  }
  const double p50 = bench::percentile(times, 0.5);
  const double p99 = bench::percentile(times, 0.99);
  std::printf("question=%-22s asked=%zu p50_ms=%.3f p99_ms=%.3f max_ms=%.3f cut_short=%zu\n", name, questions, p50, p99,
              bench::percentile(times, 1), cut);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t nodes = 1'000'000;
  std::uint32_t edges = 10'000'000;
  double seconds = 10;
  std::size_t questions = 2000;
  unsigned seed = 1;
  CLI::App app("what the behaviour mesh costs");
  app.add_option("--nodes", nodes)->capture_default_str();
  app.add_option("--edges", edges)->capture_default_str();
  app.add_option("--seconds", seconds, "how long interactions go on when the mesh is full")->capture_default_str();
  app.add_option("--questions", questions, "of each kind")->capture_default_str();
  app.add_option("--seed", seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  simulation::MeshTraffic world(nodes, seed);
  const double before = resident_bytes();
  // An eighth of the places is for those on probation, of whom there are none here.
  Mesh mesh = bench::take(Mesh::create({.max_nodes = nodes / 7 * 8 + 64,
                                        .max_edges = edges / 7 * 8 + 64,
                                        .hash_key = {0x9f0c2d61b53a7e48, 0x13d7a95e6c20f8b4}}));
  auto begin = SteadyClock::now();
  std::uint64_t filled = 0;
  double slowest = 0;
  while (mesh.stats().edges < edges && filled < std::uint64_t{edges} * 4) {
    const Interaction interaction = world.next();
    mesh.apply(interaction);
    ++filled;
  }
  const double fill = bench::seconds_since(begin);
  const double memory = resident_bytes() - before;
  const MeshStats full = mesh.stats();
  std::printf(
      "filled nodes=%u edges=%u interactions=%llu per_s=%.0f resident_bytes=%.0f heap_bytes=%.0f bytes_per_edge=%.1f\n",
      full.nodes, full.edges, static_cast<unsigned long long>(filled), static_cast<double>(filled) / fill, memory,
      heap_bytes(), memory / full.edges);
  std::fflush(stdout);

  // What making interactions costs is not the mesh's.
  std::vector<Interaction> batch(10'000);
  double applying = 0;
  double cpu = 0;
  std::uint64_t applied = 0;
  while (applying < seconds) {
    for (Interaction& each : batch) each = world.next();
    begin = SteadyClock::now();
    const double cpu_before = bench::cpu_seconds();
    for (const Interaction& each : batch) mesh.apply(each);
    const double took = bench::seconds_since(begin);
    cpu += bench::cpu_seconds() - cpu_before;
    applying += took;
    slowest = std::max(slowest, took);
    applied += batch.size();
  }
  const MeshStats stats = mesh.stats();
  std::printf(
      "updates per_s=%.0f edge_updates_per_s=%.0f cpu_us_per_update=%.2f slowest_10000_ms=%.1f nodes=%u edges=%u "
      "edges_evicted=%llu\n",
      static_cast<double>(applied) / applying, 6 * static_cast<double>(applied) / applying,
      cpu / static_cast<double>(applied) * 1e6, slowest * 1e3, stats.nodes, stats.edges,
      static_cast<unsigned long long>(stats.edges_evicted));
  std::fflush(stdout);

  std::mt19937_64 random(seed + 1);
  std::vector<NodeId> all;
  for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
    if (mesh.has_node(id)) all.push_back(id);
  }
  std::vector<NodeId> hubs;
  for (const RankedNode& each : top(mesh, {.order = MeshOrder::kDegree, .limit = 100}).nodes) hubs.push_back(each.node);
  std::printf("largest node has %u edges\n", mesh.node(hubs.front()).degree());
  const auto any = [&] { return all[random() % all.size()]; };
  const auto hub = [&](std::size_t i) { return hubs[i % hubs.size()]; };
  const UnixMillis now = mesh.newest();

  measure("touched", questions, [&](std::size_t) { return neighbours(mesh, {.node = any()}).complete; });
  measure("touched_largest", questions, [&](std::size_t i) {
    return neighbours(mesh, {.node = hub(i), .types = set_of(NodeType::kAgent), .order = MeshOrder::kBytes}).complete;
  });
  measure("touches", questions,
          [&](std::size_t) { return neighbours(mesh, {.node = any(), .direction = Direction::kOutOf}).complete; });
  measure("reach", questions, [&](std::size_t) { return what_could_reach(mesh, {.from = any()}).complete; });
  measure("reach_in_time", questions,
          [&](std::size_t) { return what_could_reach(mesh, {.from = any(), .in_time_order = true}).complete; });
  measure("who_could_reach_largest", questions, [&](std::size_t i) {
    return what_could_reach(mesh, {.from = hub(i), .direction = Direction::kInto, .limit = 10'000}).complete;
  });
  measure("path", questions, [&](std::size_t) { return shortest_path(mesh, {.from = any(), .to = any()}).complete; });
  measure("path_any_direction", questions, [&](std::size_t) {
    return shortest_path(mesh, {.from = any(), .to = any(), .against_edges = true}).complete;
  });
  measure("path_in_time", questions, [&](std::size_t) {
    return shortest_path(mesh, {.from = any(), .to = any(), .in_time_order = true}).complete;
  });
  measure("risk", questions, [&](std::size_t) { return explain_risk(mesh, any(), now).complete; });
  measure("risk_largest", questions / 10, [&](std::size_t i) { return explain_risk(mesh, hub(i), now).complete; });
  measure("top_by_bytes", questions / 100,
          [&](std::size_t) { return top(mesh, {.order = MeshOrder::kBytes}).complete; });
  measure("top_by_risk", questions / 100, [&](std::size_t) { return top(mesh, {.now = now}).complete; });
  std::uint64_t after = 0;
  measure("changes", questions / 100, [&](std::size_t) {
    const auto page = changes(mesh, {.window = {now, {now.value + 1}}, .after = after});
    after = page.next.value_or(0);
    return true;
  });

  begin = SteadyClock::now();
  std::uint64_t size = 0;
  bench::take(mesh.save([&](ByteView piece) {
    size += piece.size();
    return Result<>();
  }));
  std::printf("saved bytes=%llu seconds=%.2f\n", static_cast<unsigned long long>(size), bench::seconds_since(begin));
  return 0;
}
