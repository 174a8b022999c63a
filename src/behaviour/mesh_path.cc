#include <algorithm>
#include <limits>

#include "behaviour/mesh_search.h"

namespace redoubt::behaviour {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

bool is_usable(const PathQuery& query, const MeshEdge& edge) {
  return (query.kinds & set_of(edge.kind())) != 0 && query.window.meets(edge) && (!query.only_did || edge.did());
}

// From both ends at once, each time a whole step from the end at which fewer edges are to be looked at: so that a node
// with a million edges in the middle is met rather than gone through.
class FromBothEnds {
 public:
  FromBothEnds(const Mesh& mesh, const PathQuery& query)
      : mesh_(mesh), query_(query), examine_(query.examine), sides_{Side(mesh), Side(mesh)} {
    begin(sides_[0], query.from);
    begin(sides_[1], query.to);
  }

  PathAnswer run() {
    if (query_.from == query_.to) return {.steps = std::vector<PathStep>()};
    for (unsigned depth = 0; depth < query_.depth; ++depth) {
      const int side = work(0) <= work(1) ? 0 : 1;
      if (sides_[side].now.empty()) return {};
      if (const auto meeting = step(side)) return {.steps = steps_through(*meeting)};
      if (examine_ == 0) return {.steps = std::nullopt, .complete = false};
    }
    return {};
  }

 private:
  struct Side {
    explicit Side(const Mesh& mesh) : by(mesh.nodes_end(), kNone) {}
    std::vector<EdgeId> by;   // by node: the edge by which it was come to; kStart for the end itself
    std::vector<NodeId> now;  // found with the last step
  };
  static constexpr EdgeId kStart = kNone - 1;

  static void begin(Side& side, NodeId node) {
    side.by[node] = kStart;
    side.now.push_back(node);
  }

  bool goes_out(int side) const { return side == 0 || query_.against_edges; }
  bool goes_in(int side) const { return side == 1 || query_.against_edges; }

  std::uint64_t work(int side) const {
    std::uint64_t out = 0;
    for (const NodeId node : sides_[side].now) {
      out += (goes_out(side) ? mesh_.out_of(node).size() : 0) + (goes_in(side) ? mesh_.into(node).size() : 0);
    }
    return sides_[side].now.empty() ? 0 : out + 1;
  }

  // The node at which the sides met.
  std::optional<NodeId> step(int side) {
    std::vector<NodeId> next;
    for (const NodeId node : sides_[side].now) {
      if (goes_out(side)) {
        if (const auto met = along(side, mesh_.out_of(node), true, next)) return met;
      }
      if (goes_in(side)) {
        if (const auto met = along(side, mesh_.into(node), false, next)) return met;
      }
    }
    sides_[side].now = std::move(next);
    return std::nullopt;
  }

  std::optional<NodeId> along(int side, std::span<const EdgeId> edges, bool out, std::vector<NodeId>& next) {
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (examine_ == 0) return std::nullopt;
      --examine_;
      if (i + 8 < edges.size()) __builtin_prefetch(&mesh_.edge(edges[i + 8]));
      const MeshEdge& edge = mesh_.edge(edges[i]);
      const NodeId other = out ? edge.to : edge.from;
      if (sides_[side].by[other] != kNone || !is_usable(query_, edge)) continue;
      sides_[side].by[other] = edges[i];
      if (sides_[1 - side].by[other] != kNone) return other;
      next.push_back(other);
    }
    return std::nullopt;
  }

  std::vector<PathStep> steps_through(NodeId meeting) const {
    std::vector<PathStep> out;
    for (NodeId node = meeting; sides_[0].by[node] != kStart;) {
      const MeshEdge& edge = mesh_.edge(sides_[0].by[node]);
      const bool reversed = edge.to != node;
      out.push_back({.edge = sides_[0].by[node], .reversed = reversed});
      node = reversed ? NodeId{edge.to} : edge.from;
    }
    std::reverse(out.begin(), out.end());
    for (NodeId node = meeting; sides_[1].by[node] != kStart;) {
      const MeshEdge& edge = mesh_.edge(sides_[1].by[node]);
      const bool reversed = edge.from != node;
      out.push_back({.edge = sides_[1].by[node], .reversed = reversed});
      node = reversed ? edge.from : NodeId{edge.to};
    }
    return out;
  }

  const Mesh& mesh_;
  const PathQuery& query_;
  std::uint64_t examine_;
  Side sides_[2];
};

// In the order of time: step by step outward, and for each node the earliest moment at which it can be reached with so
// many steps. A node is gone from again when more steps reach it earlier.
class InTimeOrder {
 public:
  InTimeOrder(const Mesh& mesh, const PathQuery& query)
      : mesh_(mesh), query_(query), earliest_(mesh.nodes_end(), std::numeric_limits<std::int64_t>::max()) {}

  PathAnswer run() {
    if (query_.from == query_.to) return {.steps = std::vector<PathStep>()};
    labels_.push_back({query_.from, kNone, kNone, std::max<std::int64_t>(query_.window.from.value, 0)});
    earliest_[query_.from] = labels_[0].at_ms;
    std::vector<std::uint32_t> now = {0};
    std::uint64_t examine = query_.examine;
    for (unsigned depth = 0; depth < query_.depth && !now.empty(); ++depth) {
      const std::size_t begin = labels_.size();
      std::uint32_t found = kNone;
      for (const std::uint32_t label : now) {
        const Label from = labels_[label];
        for (const EdgeId id : mesh_.out_of(from.node)) {
          if (examine-- == 0) return {.steps = std::nullopt, .complete = false};
          const MeshEdge& edge = mesh_.edge(id);
          if (edge.last_ms < from.at_ms || !is_usable(query_, edge)) continue;
          const std::int64_t at_ms = std::max(from.at_ms, edge.first_ms);
          if (at_ms >= earliest_[edge.to] || at_ms >= query_.window.until.value) continue;
          earliest_[edge.to] = at_ms;
          labels_.push_back({edge.to, id, label, at_ms});
          if (edge.to == query_.to) found = static_cast<std::uint32_t>(labels_.size() - 1);
        }
      }
      if (found != kNone) return {.steps = steps_to(found)};
      // Of several moments at which as many steps reach a node, the earliest is enough. (Not before all of them are
      // made: an earlier moment may take one step more.)
      now.clear();
      for (std::size_t i = begin; i < labels_.size(); ++i) {
        if (labels_[i].at_ms == earliest_[labels_[i].node]) now.push_back(static_cast<std::uint32_t>(i));
      }
    }
    return {};
  }

 private:
  struct Label {
    NodeId node;
    EdgeId edge;
    std::uint32_t before;  // the label that it was come to from
    std::int64_t at_ms;
  };

  std::vector<PathStep> steps_to(std::uint32_t label) const {
    std::vector<PathStep> out;
    for (; labels_[label].before != kNone; label = labels_[label].before) {
      out.push_back({.edge = labels_[label].edge, .at_ms = labels_[label].at_ms});
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  const Mesh& mesh_;
  const PathQuery& query_;
  std::vector<std::int64_t> earliest_;
  std::vector<Label> labels_;
};

}  // namespace

PathAnswer shortest_path(const Mesh& mesh, const PathQuery& query) {
  return query.in_time_order ? InTimeOrder(mesh, query).run() : FromBothEnds(mesh, query).run();
}

}  // namespace redoubt::behaviour
