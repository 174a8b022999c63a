#include "behaviour/mesh_questions.h"

#include <algorithm>
#include <array>
#include <bit>

#include "behaviour/internal/best.h"
#include "behaviour/mesh_risk.h"

namespace redoubt::behaviour {
namespace {

constexpr std::array<std::string_view, 9> kOrders = {"last_seen", "first_seen", "count", "bytes", "tokens",
                                                     "denials",   "matches",    "risk",  "degree"};

// What nodes and edges have alike.
template <class Counted>
std::uint64_t sorted_value(const Counted& counted, MeshOrder order) {
  switch (order) {
    case MeshOrder::kFirstSeen:
      return static_cast<std::uint64_t>(counted.first_ms);
    case MeshOrder::kCount:
      return counted.count;
    case MeshOrder::kBytes:
      return counted.bytes;
    case MeshOrder::kTokens:
      return counted.tokens;
    case MeshOrder::kDenials:
      return counted.denials;
    case MeshOrder::kMatches:
      return counted.matches;
    case MeshOrder::kLastSeen:
    case MeshOrder::kRisk:
    case MeshOrder::kDegree:
      break;
  }
  return static_cast<std::uint64_t>(counted.last_ms);
}

Volumes volumes_of(const MeshEdge& edge) {
  return {edge.count, edge.denials, edge.matches, edge.bytes, edge.tokens};
}

bool grew(const Volumes& before, const Volumes& now, double growth) {
  const auto more = [&](auto was, auto is) {
    return is > was && static_cast<double>(is) >= growth * static_cast<double>(was);
  };
  return more(before.count, now.count) || more(before.denials, now.denials) || more(before.matches, now.matches) ||
         more(before.bytes, now.bytes) || more(before.tokens, now.tokens);
}

// The edge of the same names in another mesh.
std::optional<EdgeId> same_edge(const Mesh& mesh, const MeshEdge& edge, const Mesh& other) {
  const auto from = other.find(mesh.name_of(edge.from));
  const auto to = from ? other.find(mesh.name_of(edge.to)) : std::nullopt;
  return to ? other.find(*from, *to, edge.kind()) : std::nullopt;
}

}  // namespace

std::string_view to_string(MeshOrder order) {
  return kOrders[static_cast<std::size_t>(order)];
}

Result<MeshOrder> parse_mesh_order(std::string_view name) {
  const auto found = std::find(kOrders.begin(), kOrders.end(), name);
  if (found == kOrders.end()) return Error(Errc::kInvalidArgument, "there is no order `" + std::string(name) + "`");
  return static_cast<MeshOrder>(found - kOrders.begin());
}

EdgePage neighbours(const Mesh& mesh, const NeighboursQuery& query) {
  EdgePage page;
  auto edges = query.direction == Direction::kInto ? mesh.into(query.node) : mesh.out_of(query.node);
  page.complete = edges.size() <= query.examine;
  edges = edges.first(std::min<std::size_t>(edges.size(), query.examine));
  internal::Best best(query.limit, query.after);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    // The list is read in order, the edges are anywhere: ask for those that come next.
    if (i + 8 < edges.size()) __builtin_prefetch(&mesh.edge(edges[i + 8]));
    const MeshEdge& edge = mesh.edge(edges[i]);
    if ((query.kinds & set_of(edge.kind())) == 0 || !query.window.meets(edge)) continue;
    if (query.only_did && !edge.did()) continue;
    const MeshPlace place{sorted_value(edge, query.order), edges[i]};
    if (!best.wants(place)) continue;
    const NodeId other = query.direction == Direction::kInto ? edge.from : edge.to;
    if (query.types != kAllTypes && (query.types & set_of(mesh.node(other).type)) == 0) continue;
    best.offer(place);
  }
  page.next = best.finish([&](const MeshPlace& place) { page.edges.push_back(place.id); });
  return page;
}

NodePage top(const Mesh& mesh, const TopQuery& query) {
  NodePage page;
  std::vector<double> risks;
  if (query.order == MeshOrder::kRisk) page.complete = all_risks(mesh, query.now, query.examine, risks);
  internal::Best best(query.limit, query.after);
  for (NodeId id = 0; id < mesh.nodes_end(); ++id) {
    if (!mesh.has_node(id)) continue;
    const MeshNode& node = mesh.node(id);
    if ((query.types & set_of(node.type)) == 0 || !query.window.contains({node.last_ms})) continue;
    std::uint64_t value = 0;
    if (query.order == MeshOrder::kRisk) {
      if (risks[id] <= 0) continue;
      value = std::bit_cast<std::uint64_t>(risks[id]);  // of positive numbers in the same order
    } else {
      value = query.order == MeshOrder::kDegree ? node.degree() : sorted_value(node, query.order);
    }
    if (best.wants({value, id})) best.offer({value, id});
  }
  page.next = best.finish([&](const MeshPlace& place) {
    page.nodes.push_back({place.id, query.order == MeshOrder::kRisk ? risks[place.id] : 0});
  });
  return page;
}

ChangesPage changes(const Mesh& mesh, const ChangesQuery& query) {
  ChangesPage page;
  const std::uint64_t nodes_end = mesh.nodes_end();
  const std::uint64_t end = nodes_end + mesh.edges_end();
  std::uint64_t at = query.after;
  for (std::uint64_t examined = 0; at < end && examined < query.examine; ++at, ++examined) {
    if (page.changes.size() == query.limit) break;
    if (at < nodes_end) {
      const auto id = static_cast<NodeId>(at);
      if (!mesh.has_node(id) || (query.types & set_of(mesh.node(id).type)) == 0) continue;
      const bool is_new = query.before != nullptr ? !query.before->find(mesh.name_of(id))
                                                  : query.window.contains({mesh.node(id).first_ms});
      if (is_new) page.changes.push_back({.what = MeshChange::What::kNewNode, .node = id});
      continue;
    }
    const auto id = static_cast<EdgeId>(at - nodes_end);
    if (!mesh.has_edge(id)) continue;
    const MeshEdge& edge = mesh.edge(id);
    if ((query.kinds & set_of(edge.kind())) == 0) continue;
    if (query.before == nullptr && !query.window.contains({edge.first_ms})) continue;
    // What was not touched since is as it was.
    if (query.before != nullptr && edge.last_index < query.before->next_index()) continue;
    if (query.types != kAllTypes &&
        (query.types & (set_of(mesh.node(edge.from).type) | set_of(mesh.node(edge.to).type))) == 0) {
      continue;
    }
    const auto was = query.before != nullptr ? same_edge(mesh, edge, *query.before) : std::nullopt;
    if (!was) {
      page.changes.push_back({.what = MeshChange::What::kNewEdge, .edge = id});
    } else if (const Volumes before = volumes_of(query.before->edge(*was));
               grew(before, volumes_of(edge), query.growth)) {
      page.changes.push_back({.what = MeshChange::What::kGrownEdge, .edge = id, .before = before});
    }
  }
  if (at < end) page.next = at;
  return page;
}

}  // namespace redoubt::behaviour
