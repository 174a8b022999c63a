// Nodes and edges in JSON, as every answer of a mesh has them.
#pragma once

#include <string_view>

#include "behaviour/mesh.h"
#include "encoding/json_writer.h"

namespace redoubt::behaviour::internal {

// A number with at most four decimals.
void write_real(encoding::JsonWriter& json, std::string_view name, double value);
// RFC 3339 in UTC, with milliseconds.
void write_time(encoding::JsonWriter& json, std::string_view name, UnixMillis time);

// `"NAME":{"type":…,"name":…}`.
void write_node_name(encoding::JsonWriter& json, std::string_view name, const Mesh& mesh, NodeId node);
// Members of an object that was begun: counts, and when it was seen.
void write_seen(encoding::JsonWriter& json, const MeshNode& node);
// Members likewise: kind, both ends, counts, rates as of `now`, and when it was seen.
void write_edge(encoding::JsonWriter& json, const Mesh& mesh, EdgeId edge, UnixMillis now);
void write_volumes(encoding::JsonWriter& json, const Volumes& volumes);

}  // namespace redoubt::behaviour::internal
