// What X could have reached, who could have reached X, and the shortest path from one to another.
//
//   const auto reach = what_could_reach(mesh, {.from = agent, .permissions = &policies});
//   const auto path = shortest_path(mesh, {.from = ann, .to = data});
//
// **In the order of time** an edge can only be used not before the moment at which its start was reached: at the
// earliest then, or when the edge was first seen; at the latest when it was last seen. An edge knows no more than first
// and last, so what is found may have been possible, and what is not found was not.
//
// Each search has a bound on the edges that it examines, and says when that cut it short. On the thread of the mesh.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "behaviour/mesh.h"
#include "behaviour/mesh_permissions.h"
#include "behaviour/mesh_questions.h"

namespace redoubt::behaviour {

inline constexpr std::uint64_t kSearchMax = 500'000;  // edges
inline constexpr unsigned kDepthMax = 32;

struct ReachQuery {
  NodeId from = 0;
  Direction direction = Direction::kOutOf;  // kInto: who could have reached it
  KindSet kinds = kFlows;
  Window window;
  unsigned depth = 6;          // steps, 1 to kDepthMax
  bool in_time_order = false;  // with kOutOf only; the first step begins with the window
  std::size_t limit = 1000;    // nodes found, 1 to 10,000
  // Adds what could be reached to what was. Lives for the call. With kOutOf only. Asked about at most kAskedMax actors.
  const Permissions* permissions = nullptr;
  std::uint64_t examine = kSearchMax;

  static constexpr std::size_t kAskedMax = 16;
};

// How a node was come to: the first way found, of those with fewest steps. Ways that were gone come before those that
// only could be.
struct ReachedNode {
  NodeId node = 0;
  NodeId by = 0;  // the node of the step before
  EdgeKind kind = EdgeKind::kCalled;
  std::optional<EdgeId> edge;     // of the last step; nothing: it was never gone
  unsigned depth = 0;             // steps
  bool did = false;               // all steps were gone (and permitted when they were)
  Could could = Could::kUnknown;  // whether the last step would be permitted
  std::int64_t at_ms = 0;         // in the order of time: reached at the earliest
};
struct ReachAnswer {
  std::vector<ReachedNode> nodes;  // in the order in which they were found; without the start
  bool complete = true;            // else there is more: a limit was reached, or permissions were not all to be had
};
ReachAnswer what_could_reach(const Mesh& mesh, const ReachQuery& query);

struct PathQuery {
  NodeId from = 0;
  NodeId to = 0;
  KindSet kinds = kAllKinds;
  Window window;
  unsigned depth = 8;          // steps, 1 to kDepthMax
  bool against_edges = false;  // also from an edge's end to its start: how the two are connected
  bool in_time_order = false;  // not together with against_edges, which is then ignored
  bool only_did = false;       // leave out what was tried and never permitted
  std::uint64_t examine = kSearchMax;
};
struct PathStep {
  EdgeId edge = 0;
  bool reversed = false;   // gone from its end to its start
  std::int64_t at_ms = 0;  // in the order of time: at the earliest
};
struct PathAnswer {
  std::optional<std::vector<PathStep>> steps;  // nothing: there is none; empty: they are one node
  bool complete = true;                        // else there may be one all the same
};
PathAnswer shortest_path(const Mesh& mesh, const PathQuery& query);

}  // namespace redoubt::behaviour
