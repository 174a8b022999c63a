// A record of any bytes: what is read of it is within its bounds, the same as of its activity, and the mesh takes it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "behaviour/activity.h"
#include "behaviour/mesh.h"

namespace {

std::string to_text(const redoubt::behaviour::NodeName& node) {
  return redoubt::behaviour::to_string(node);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::behaviour;
  static InteractionReader reader;
  static Mesh mesh = *Mesh::create({.max_nodes = 256, .max_edges = 1024});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = reader.read(text, mesh.next_index());
  static ActivityReader activities;
  if (const auto activity = activities.read(as_bytes(text)); activity && (*activity)->stage != record::Stage::kFact) {
    static InteractionReader other;
    const auto same = other.read(**activity, mesh.next_index());
    REDOUBT_CHECK(same.has_value() == read.has_value() && (!read || same->has_value() == read->has_value()));
    if (read && *read) {
      REDOUBT_CHECK((*same)->volumes == (*read)->volumes && (*same)->time == (*read)->time);
      REDOUBT_CHECK(std::ranges::equal((*same)->links(), (*read)->links()));
      REDOUBT_CHECK(std::ranges::equal((*same)->nodes(), (*read)->nodes(), {}, to_text, to_text));
    }
  }
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
