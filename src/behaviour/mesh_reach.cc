#include <algorithm>
#include <limits>

#include "behaviour/mesh_search.h"

namespace redoubt::behaviour {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Goes outward a step at a time: first along edges that were gone, then, from all that this reached, where permissions
// lead, and on along edges from there.
class Reach {
 public:
  Reach(const Mesh& mesh, const ReachQuery& query)
      : mesh_(mesh),
        query_(query),
        in_time_(query.in_time_order && query.direction == Direction::kOutOf),
        found_(mesh.nodes_end(), kNone),
        levels_(query.depth + 1),
        examine_(query.examine) {
    find({.node = query.from, .by = query.from, .did = true, .at_ms = in_time_ ? query.window.from.value : 0});
  }

  ReachAnswer run() {
    for (unsigned depth = 0; depth < query_.depth; ++depth) {
      for (const Visit& visit : levels_[depth]) go_along_edges(visit, depth);
    }
    if (query_.permissions != nullptr && query_.direction == Direction::kOutOf) go_where_permitted();
    out_.nodes.erase(out_.nodes.begin());
    return std::move(out_);
  }

 private:
  // A node that was found with so many steps, and when. In the order of time it may be found again with more steps and
  // earlier, and is gone from again.
  struct Visit {
    std::uint32_t place;  // in out_.nodes
    std::int64_t at_ms;
  };

  void go_along_edges(const Visit& from, unsigned depth) {
    const NodeId node = out_.nodes[from.place].node;
    const bool did = out_.nodes[from.place].did;
    const auto edges = query_.direction == Direction::kOutOf ? mesh_.out_of(node) : mesh_.into(node);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (examine_ == 0) out_.complete = false;
      if (examine_ == 0 || is_full_) return;
      --examine_;
      if (i + 8 < edges.size()) __builtin_prefetch(&mesh_.edge(edges[i + 8]));
      const MeshEdge& edge = mesh_.edge(edges[i]);
      if ((query_.kinds & set_of(edge.kind())) == 0 || !query_.window.meets(edge) || !edge.did()) continue;
      if (in_time_ && edge.last_ms < from.at_ms) continue;
      const std::int64_t at_ms = in_time_ ? std::max(from.at_ms, edge.first_ms) : 0;
      if (in_time_ && at_ms >= query_.window.until.value) continue;
      find({.node = query_.direction == Direction::kOutOf ? NodeId{edge.to} : edge.from,
            .by = node,
            .kind = edge.kind(),
            .edge = edges[i],
            .depth = depth + 1,
            .did = did,
            .at_ms = at_ms});
    }
  }

  void find(const ReachedNode& how) {
    std::uint32_t& place = found_[how.node];
    if (place == kNone) {
      if (out_.nodes.size() > query_.limit) {
        out_.complete = false;
        is_full_ = true;
        return;
      }
      place = static_cast<std::uint32_t>(out_.nodes.size());
      out_.nodes.push_back(how);
    } else {
      // The way with fewest steps stands; but from an earlier moment more can be reached.
      ReachedNode& there = out_.nodes[place];
      if (!in_time_ || how.at_ms >= there.at_ms || there.did != how.did) return;
      there.at_ms = how.at_ms;
    }
    levels_[how.depth].push_back({place, how.at_ms});
  }

  // What policies are asked about: all that is known by more than somebody's word.
  std::vector<NodeId> resources() {
    constexpr TypeSet kResources = set_of(NodeType::kModel) | set_of(NodeType::kTool) | set_of(NodeType::kDataSet);
    std::vector<NodeId> out;
    for (NodeId id = 0; id < mesh_.nodes_end(); ++id) {
      if (!mesh_.has_node(id) || mesh_.on_probation(id) || (set_of(mesh_.node(id).type) & kResources) == 0) continue;
      if (out.size() == Permissions::kResources) {
        out_.complete = false;
        break;
      }
      out.push_back(id);
    }
    return out;
  }

  void go_where_permitted() {
    const std::vector<NodeId> resources = this->resources();
    std::size_t asked = 0;
    std::vector<bool> was_asked(out_.nodes.size());
    for (unsigned depth = 0; depth < query_.depth; ++depth) {
      for (const Visit& visit : levels_[depth]) {
        const ReachedNode actor = out_.nodes[visit.place];
        if (!actor.did) go_along_edges(visit, depth);
        was_asked.resize(out_.nodes.size());
        if (!is_actor(mesh_.node(actor.node).type) || was_asked[visit.place]) continue;
        was_asked[visit.place] = true;
        if (asked++ == ReachQuery::kAskedMax) {
          out_.complete = false;
          return;
        }
        const Permissions::Answer answer = query_.permissions->permitted(mesh_, actor.node, resources);
        out_.complete = out_.complete && answer.complete;
        for (const Permissions::Permitted& each : answer.permitted) {
          if ((query_.kinds & set_of(each.kind)) == 0) continue;
          find({.node = each.resource,
                .by = actor.node,
                .kind = each.kind,
                .depth = depth + 1,
                .could = each.could,
                .at_ms = visit.at_ms});
        }
        mark(actor, answer);
      }
    }
  }

  // What was reached from the actor: whether it could be again.
  void mark(const ReachedNode& actor, const Permissions::Answer& answer) {
    for (ReachedNode& each : out_.nodes) {
      if (each.by != actor.node || each.node == actor.node || (answer.asked & set_of(each.kind)) == 0) continue;
      if (each.could == Could::kUnknown && answer.complete) each.could = Could::kNever;
    }
    for (const Permissions::Permitted& each : answer.permitted) {
      if (found_[each.resource] == kNone) continue;
      ReachedNode& there = out_.nodes[found_[each.resource]];
      if (there.by == actor.node && there.kind == each.kind) there.could = each.could;
    }
  }

  const Mesh& mesh_;
  const ReachQuery& query_;
  const bool in_time_;
  std::vector<std::uint32_t> found_;        // by node: its place in out_.nodes
  std::vector<std::vector<Visit>> levels_;  // by the number of steps
  std::uint64_t examine_;
  bool is_full_ = false;  // no room for another node
  ReachAnswer out_;
};

}  // namespace

std::string_view to_string(Could could) {
  switch (could) {
    case Could::kUnknown:
      break;
    case Could::kNever:
      return "never";
    case Could::kDepends:
      return "depends";
    case Could::kAlways:
      return "always";
  }
  return "unknown";
}

ReachAnswer what_could_reach(const Mesh& mesh, const ReachQuery& query) {
  return Reach(mesh, query).run();
}

}  // namespace redoubt::behaviour
