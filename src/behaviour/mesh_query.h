// Questions about a mesh as they are asked from outside, and their answers in JSON: what `redoubt behaviour mesh query`
// and `GET /admin/v1/mesh…` have in common.
//
//   MeshQuery query;
//   query.question = MeshQuestion::kTouched;
//   query.node = "model:clinic-llm";
//   encoding::JsonWriter json(out);
//   if (auto done = answer(mesh, query, {}, json); !done) return done.error();
//
// Lists have `items`, and `next` when there is more, as those of /admin/v1 have; `next` is the `cursor` of the next
// page, opaque, and of the same question alone. Times are RFC 3339 in UTC. `complete` is false when a bound on what may
// be examined cut an answer short. docs/mesh.md shows all of it.
//
// On the thread of the mesh.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "behaviour/mesh.h"
#include "behaviour/mesh_permissions.h"
#include "behaviour/mesh_questions.h"
#include "behaviour/mesh_search.h"
#include "encoding/json_writer.h"

namespace redoubt::behaviour {

enum class MeshQuestion : std::uint8_t {
  kStats,    // how large it is, and what was dropped
  kNode,     // one node, its risk and where that comes from
  kTouched,  // who touched it
  kTouches,  // what it touched
  kReach,    // what it could have reached
  kReaches,  // who could have reached it
  kPath,     // the shortest way to another
  kChanges,  // what is new, or grew
  kTop,      // who stands out
};
std::string_view to_string(MeshQuestion question);  // `touched`
Result<MeshQuestion> parse_mesh_question(std::string_view name);

struct MeshQuery {
  MeshQuestion question = MeshQuestion::kStats;
  std::string node;              // `TYPE:NAME`: of all but stats, changes and top
  std::string to;                // of a path
  TypeSet types = kAllTypes;     // of the nodes in the answer; of paths not used
  std::optional<KindSet> kinds;  // of edges; nothing: kFlows for reach, all for others
  Window window;
  std::optional<MeshOrder> order;  // of top (nothing: risk), touched and touches (nothing: last seen)
  unsigned depth = 0;              // of reach and paths: 1 to kDepthMax; 0: as ReachQuery and PathQuery have it
  bool in_time_order = false;      // likewise
  bool against_edges = false;      // of paths
  bool only_did = false;           // of touched, touches and paths
  double growth = 2;               // of changes
  std::size_t limit = 50;          // items, 1 to kPageMax
  std::string cursor;              // empty: the first page
};

// What else answers rest on. Lives for the call.
struct MeshBeside {
  const Mesh* before = nullptr;              // of changes: the mesh of the earlier moment
  const Permissions* permissions = nullptr;  // of reach
  std::optional<UnixMillis> now;             // of risk and rates; nothing: mesh.newest()
};

// Writes one JSON object. Nothing is written when it fails: kInvalidArgument for what is not as MeshQuery says,
// kNotFound when the mesh has no such node, kMalformed for a cursor that this question did not give.
Result<> answer(const Mesh& mesh, const MeshQuery& query, const MeshBeside& beside, encoding::JsonWriter& json);

}  // namespace redoubt::behaviour
