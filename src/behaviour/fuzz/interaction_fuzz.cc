// A record of any bytes: what is read of it is within its bounds, and the mesh takes it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "behaviour/mesh.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::behaviour;
  static InteractionReader reader;
  static Mesh mesh = *Mesh::create({.max_nodes = 256, .max_edges = 1024});
  const auto read = reader.read({reinterpret_cast<const char*>(data), size}, mesh.next_index());
  if (!read || !*read) return 0;
  const Interaction& interaction = **read;
  REDOUBT_CHECK(!interaction.links().empty() && interaction.nodes().size() <= Interaction::kNodesMax);
  for (const auto& link : interaction.links()) {
    REDOUBT_CHECK(link.from < interaction.nodes().size() && link.to < interaction.nodes().size() &&
                  link.from != link.to);
  }
  for (const NodeName& node : interaction.nodes()) REDOUBT_CHECK(!node.name.empty());
  REDOUBT_CHECK(interaction.volumes.denials <= interaction.volumes.count);
  mesh.apply(interaction);
  for (const auto& link : interaction.links()) {
    const auto from = mesh.find(interaction.nodes()[link.from]);
    const auto to = mesh.find(interaction.nodes()[link.to]);
    REDOUBT_CHECK(from && to && mesh.find(*from, *to, link.kind));
  }
  return 0;
}
