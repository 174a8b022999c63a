// Small meshes for tests, and interactions in few words.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>

#include "base/check.h"
#include "behaviour/mesh.h"

namespace redoubt::behaviour::testing {

inline constexpr std::int64_t kHour = 3'600'000;
inline constexpr std::int64_t kNoon = 1'795'000'000'000;

// `user:ann` and the like. Text must outlive the name.
inline NodeName named(std::string_view text) {
  const auto name = parse_node_name(text);
  REDOUBT_CHECK(name.has_value());
  return *name;
}

using LinkNames = std::tuple<std::string_view, EdgeKind, std::string_view>;

// The first name acts. Text must outlive the interaction.
inline Interaction interaction(std::uint64_t index, std::int64_t time_ms, std::initializer_list<LinkNames> links,
                               const Volumes& volumes = {.count = 1}) {
  Interaction out;
  out.index = index;
  out.time = {time_ms};
  out.volumes = volumes;
  for (const auto& [from, kind, to] : links) {
    const auto first = out.add(named(from));
    if (!out.actor) out.actor = first;
    out.link(first, out.add(named(to)), kind);
  }
  return out;
}

inline Mesh mesh_of(const MeshOptions& options = {.max_nodes = 4096, .max_edges = 16384, .hash_key = {1, 2}}) {
  auto mesh = Mesh::create(options);
  REDOUBT_CHECK(mesh.has_value());
  return *std::move(mesh);
}

// Of things that must be there.
inline NodeId node_of(const Mesh& mesh, std::string_view text) {
  const auto id = mesh.find(named(text));
  REDOUBT_CHECK(id.has_value());
  return *id;
}
inline const MeshEdge& edge_of(const Mesh& mesh, std::string_view from, EdgeKind kind, std::string_view to) {
  const auto id = mesh.find(node_of(mesh, from), node_of(mesh, to), kind);
  REDOUBT_CHECK(id.has_value());
  return mesh.edge(*id);
}
inline std::string text_of(const Mesh& mesh, NodeId node) {
  return to_string(mesh.name_of(node));
}

}  // namespace redoubt::behaviour::testing
