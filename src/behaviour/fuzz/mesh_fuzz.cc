// A saved mesh of any bytes: what is read of it is saved as the same bytes, and every question about it ends.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "behaviour/mesh.h"
#include "behaviour/mesh_query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::behaviour;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  auto mesh = Mesh::restore(bytes, {.max_nodes = 64, .max_edges = 64});
  if (!mesh) return 0;
  const Bytes again = mesh->save();
  REDOUBT_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));

  MeshQuery query;
  for (NodeId id = 0; id < mesh->nodes_end(); ++id) {
    if (mesh->has_node(id))
      query.node = query.to.empty() ? (query.to = to_string(mesh->name_of(id))) : to_string(mesh->name_of(id));
  }
  for (int question = 0; question < 9; ++question) {
    query.question = static_cast<MeshQuestion>(question);
    query.in_time_order = !query.in_time_order;
    std::string out;
    encoding::JsonWriter json(out);
    const auto done = answer(*mesh, query, {}, json);
    REDOUBT_CHECK(done || query.node.empty());
  }

  // It goes on.
  Interaction interaction;
  for (int i = 0; i < 200 && mesh->next_index() < std::uint64_t{1} << 62; ++i) {
    interaction = {};
    interaction.index = mesh->next_index();
    interaction.volumes.count = 1;
    const std::string tool = "t" + std::to_string(i);
    interaction.link(interaction.add({NodeType::kAgent, "a"}), interaction.add({NodeType::kTool, tool}),
                     EdgeKind::kUsedTool);
    mesh->apply(interaction);
  }
  REDOUBT_CHECK(Mesh::restore(mesh->save(), mesh->options()).has_value());
  return 0;
}
