#include "behaviour/simulation/mesh_traffic.h"

#include <cmath>
#include <string_view>

namespace redoubt::behaviour::simulation {
namespace {

std::vector<std::string> numbered(std::string_view what, std::size_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(std::string(what) + "-" + std::to_string(i * 7919 + 1'000'000));
  }
  return out;
}

}  // namespace

MeshTraffic::MeshTraffic(std::size_t nodes, unsigned seed)
    : random_(seed),
      principals_(numbered("svc-department-unit", nodes / 2)),
      credentials_(numbered("k", nodes * 3 / 10)),
      networks_(numbered("net", nodes / 10)),
      data_sets_(numbered("warehouse-table", nodes * 6 / 100)),
      tools_(numbered("tool", nodes * 3 / 100)),
      models_(numbered("org/model", nodes * 9 / 1000)),
      tenants_(numbered("tenant", nodes / 1000)) {}

Interaction MeshTraffic::next() {
  const std::size_t who = random_() % principals_.size();
  Interaction out;
  out.index = index_++;
  time_ms_ += static_cast<std::int64_t>(random_() % 8);
  out.time = {time_ms_};
  out.volumes = {.count = 1, .bytes = random_() % 65'536, .tokens = random_() % 2048};
  const auto actor = out.add({NodeType::kAgent, principals_[who]});
  const auto tool = out.add({NodeType::kTool, popular(tools_, who)});
  out.actor = actor;
  out.link(actor, out.add({NodeType::kModel, popular(models_, who)}), EdgeKind::kCalled);
  out.link(actor, tool, EdgeKind::kUsedTool);
  out.link(tool, out.add({NodeType::kDataSet, popular(data_sets_, who)}), EdgeKind::kRead);
  out.link(actor, out.add({NodeType::kTenant, tenants_[who % tenants_.size()]}), EdgeKind::kBelongsTo);
  out.link(actor, out.add({NodeType::kCredential, credentials_[who % credentials_.size()]}), EdgeKind::kPresented);
  out.link(actor, out.add({NodeType::kNetwork, popular(networks_, who)}), EdgeKind::kCameFrom);
  if (random_() % 64 == 0) out.volumes.matches = 1;
  return out;
}

// One of eight that `who` has of these, of which the small numbers are most people's.
const std::string& MeshTraffic::popular(const std::vector<std::string>& all, std::size_t who) {
  std::uint64_t mixed = (who * 8 + random_() % 8 + 1) * 0x9e3779b97f4a7c15;
  mixed ^= mixed >> 31;
  const double at = static_cast<double>(mixed * 0xbf58476d1ce4e5b9 >> 11) / 9007199254740992.0;
  return all[static_cast<std::size_t>(std::pow(at, 3) * static_cast<double>(all.size()))];
}

}  // namespace redoubt::behaviour::simulation
