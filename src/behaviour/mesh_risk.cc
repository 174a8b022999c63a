#include "behaviour/mesh_risk.h"

#include <algorithm>

#include "behaviour/internal/decay.h"

namespace redoubt::behaviour {
namespace {

// What one edge passes on of the own risk of one of its ends.
double passed_on(const Mesh& mesh, const MeshEdge& edge, double own, std::uint32_t degree, UnixMillis now) {
  const RiskOptions& options = mesh.options().risk;
  return options.share * own * internal::decay(now.value - edge.last_ms, options.half_life_ms) / degree;
}

}  // namespace

RiskExplanation explain_risk(const Mesh& mesh, NodeId id, UnixMillis now, std::size_t most, std::uint64_t examine) {
  RiskExplanation out;
  const MeshNode& node = mesh.node(id);
  if (node.risk) {
    for (const RiskPart& part : *node.risk) {
      out.parts.push_back({part.reason, part.count, mesh.weight(part, now), part.indices});
    }
    std::stable_sort(out.parts.begin(), out.parts.end(),
                     [](const auto& a, const auto& b) { return a.weight > b.weight; });
  }
  out.own = mesh.own_risk(id, now);

  const auto heavier = [](const auto& a, const auto& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.edge < b.edge;
  };
  const auto gather = [&](std::span<const EdgeId> edges, auto other_end) {
    out.complete = out.complete && edges.size() <= examine;
    edges = edges.first(std::min<std::size_t>(edges.size(), examine));
    examine -= edges.size();
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (i + 8 < edges.size()) __builtin_prefetch(&mesh.edge(edges[i + 8]));
      const MeshEdge& edge = mesh.edge(edges[i]);
      const NodeId from = other_end(edge);
      const double own = mesh.own_risk(from, now);
      if (own <= 0) continue;
      const double weight = passed_on(mesh, edge, own, mesh.node(from).degree(), now);
      out.passed_on += weight;
      out.neighbours.push_back({edges[i], from, weight});
      if (out.neighbours.size() < 2 * most + 64) continue;
      std::nth_element(out.neighbours.begin(), out.neighbours.begin() + static_cast<std::ptrdiff_t>(most),
                       out.neighbours.end(), heavier);
      out.neighbours.resize(most);
    }
  };
  gather(mesh.out_of(id), [](const MeshEdge& edge) -> NodeId { return edge.to; });
  gather(mesh.into(id), [](const MeshEdge& edge) -> NodeId { return edge.from; });
  std::sort(out.neighbours.begin(), out.neighbours.end(), heavier);
  if (out.neighbours.size() > most) out.neighbours.resize(most);
  return out;
}

bool all_risks(const Mesh& mesh, UnixMillis now, std::uint64_t examine, std::vector<double>& out) {
  out.assign(mesh.nodes_end(), 0);
  std::vector<NodeId> risky;
  std::uint64_t edges = 0;
  for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
    if (!mesh.has_node(id) || !mesh.has_risk(id)) continue;
    out[id] = mesh.own_risk(id, now);
    if (out[id] <= 0) continue;
    risky.push_back(id);
    edges += mesh.node(id).degree();
  }
  const bool complete = edges <= examine;
  if (!complete) {
    std::sort(risky.begin(), risky.end(),
              [&](NodeId a, NodeId b) { return out[a] != out[b] ? out[a] > out[b] : a < b; });
  }
  // What is passed on is of own risk alone, so not before all of that is known.
  std::vector<std::pair<NodeId, double>> sources;
  for (const NodeId id : risky) {
    const std::uint32_t degree = mesh.node(id).degree();
    if (degree > examine) break;
    examine -= degree;
    sources.emplace_back(id, out[id]);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    // Of the next one, ask for the edges.
    if (i + 1 < sources.size()) {
      for (const EdgeId edge : mesh.out_of(sources[i + 1].first)) __builtin_prefetch(&mesh.edge(edge));
      for (const EdgeId edge : mesh.into(sources[i + 1].first)) __builtin_prefetch(&mesh.edge(edge));
    }
    const auto& [id, own] = sources[i];
    const std::uint32_t degree = mesh.node(id).degree();
    for (const EdgeId edge : mesh.out_of(id))
      out[mesh.edge(edge).to] += passed_on(mesh, mesh.edge(edge), own, degree, now);
    for (const EdgeId edge : mesh.into(id))
      out[mesh.edge(edge).from] += passed_on(mesh, mesh.edge(edge), own, degree, now);
  }
  return complete;
}

}  // namespace redoubt::behaviour
