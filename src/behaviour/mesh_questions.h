// Who touches whom, who stands out, and what changed: questions about a mesh that go over edges or nodes once.
//
//   const auto page = neighbours(mesh, {.node = model, .direction = Direction::kInto, .window = {yesterday, now}});
//   for (const EdgeId id : page.edges) …mesh.name_of(mesh.edge(id).from)…
//
// Each has a bound on what it examines, so that it ends in milliseconds; an answer says when the bound cut it short.
// Nodes and edges are those of the mesh asked, until it is written to. On the thread of the mesh.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "behaviour/mesh.h"

namespace redoubt::behaviour {

// Half open. An edge is in it when it was seen in it: for certain in a window that ends now, and, since an edge knows
// when it was first and last seen, as far as can be told in an earlier one (what was then is for a mesh of then).
struct Window {
  UnixMillis from{0};
  UnixMillis until{std::numeric_limits<std::int64_t>::max()};

  bool contains(UnixMillis time) const { return from <= time && time < until; }
  bool meets(const MeshEdge& edge) const { return edge.last_ms >= from.value && edge.first_ms < until.value; }
};

enum class Direction : std::uint8_t { kInto, kOutOf };

// What a list is in the order of, largest first. Equals are in the order of their ids.
enum class MeshOrder : std::uint8_t {
  kLastSeen,
  kFirstSeen,
  kCount,
  kBytes,
  kTokens,
  kDenials,
  kMatches,
  kRisk,
  kDegree
};
std::string_view to_string(MeshOrder order);  // `last_seen`
Result<MeshOrder> parse_mesh_order(std::string_view name);

// Where a page ended: what is behind it in the order. Sorted values, made of integers and positive numbers, are 64
// bits.
struct MeshPlace {
  std::uint64_t value = 0;
  std::uint32_t id = 0;
  friend bool operator==(const MeshPlace&, const MeshPlace&) = default;
};

inline constexpr std::size_t kPageMax = 200;
inline constexpr std::uint64_t kExamineMax = 500'000;  // edges, which lie anywhere
inline constexpr std::uint64_t kRankMax = 200'000;     // edges along which risk is passed on for a ranking
inline constexpr std::uint64_t kScanMax = 2'000'000;   // nodes and edges in the order in which they lie

// ---- who touched this, what did this touch

struct NeighboursQuery {
  NodeId node = 0;
  Direction direction = Direction::kInto;
  TypeSet types = kAllTypes;  // of the neighbours
  KindSet kinds = kAllKinds;
  Window window;
  bool only_did = false;                   // leave out what was tried and never permitted
  MeshOrder order = MeshOrder::kLastSeen;  // of edges: not kRisk and kDegree, which are taken for it
  std::size_t limit = 50;                  // 1 to kPageMax
  std::optional<MeshPlace> after;
  std::uint64_t examine = kExamineMax;
};
struct EdgePage {
  std::vector<EdgeId> edges;
  std::optional<MeshPlace> next;  // there is more
  bool complete = true;           // else edges that were not examined are not in it
};
EdgePage neighbours(const Mesh& mesh, const NeighboursQuery& query);

// ---- who stands out

struct TopQuery {
  TypeSet types = kAllTypes;
  MeshOrder order = MeshOrder::kRisk;
  Window window;           // nodes that were last seen in it
  UnixMillis now;          // of risk
  std::size_t limit = 50;  // 1 to kPageMax
  std::optional<MeshPlace> after;
  std::uint64_t examine = kRankMax;  // edges that risk is passed on along: that of the riskiest nodes first
};
struct RankedNode {
  NodeId node = 0;
  double risk = 0;  // only in this order; own and passed on (mesh_risk.h)
};
struct NodePage {
  std::vector<RankedNode> nodes;
  std::optional<MeshPlace> next;
  bool complete = true;
};
NodePage top(const Mesh& mesh, const TopQuery& query);

// ---- what changed

// Between two moments. With the mesh of the earlier moment the answer is exact and says what grew; without, new is what
// was first seen in the window. (Who was evicted in between and came again is new.)
struct ChangesQuery {
  Window window;
  const Mesh* before = nullptr;  // lives for the call; instead of the window
  TypeSet types = kAllTypes;     // of nodes; of an edge one end must be of one
  KindSet kinds = kAllKinds;
  double growth = 2;        // how many times what it was is growth, 1 to 1,000,000
  std::size_t limit = 50;   // 1 to kPageMax
  std::uint64_t after = 0;  // ChangesPage::next
  std::uint64_t examine = kExamineMax;
};
struct MeshChange {
  enum class What : std::uint8_t { kNewNode, kNewEdge, kGrownEdge };
  What what = What::kNewNode;
  NodeId node = 0;
  EdgeId edge = 0;
  Volumes before;  // kGrownEdge
};
struct ChangesPage {
  std::vector<MeshChange> changes;    // nodes, then edges, each in the order of their ids
  std::optional<std::uint64_t> next;  // not all was examined: there may be more, even when this page is empty
};
ChangesPage changes(const Mesh& mesh, const ChangesQuery& query);

}  // namespace redoubt::behaviour
