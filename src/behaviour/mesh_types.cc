#include "behaviour/mesh_types.h"

#include <algorithm>
#include <array>

namespace redoubt::behaviour {
namespace {

constexpr std::array<std::string_view, kNodeTypes> kTypeNames = {
    "principal",  "user",  "service_account", "application", "agent",    "group",  "tenant",
    "credential", "model", "upstream",        "tool",        "data_set", "network"};
constexpr std::array<std::string_view, kEdgeKinds> kKindNames = {"called",    "delegated_to", "acted_for",  "used_tool",
                                                                 "read",      "wrote",        "belongs_to", "came_from",
                                                                 "presented", "served_by",    "changed"};

template <class Enum, std::size_t N>
Result<Enum> parse(std::string_view name, const std::array<std::string_view, N>& names, std::string_view what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  std::string message = "there is no " + std::string(what) + " `" + std::string(name) + "`, only ";
  for (const std::string_view each : names) {
    message += each;
    message += each == names.back() ? "" : ", ";
  }
  return Error(Errc::kInvalidArgument, message);
}

}  // namespace

std::string_view to_string(NodeType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::string_view to_string(EdgeKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

Result<NodeType> parse_node_type(std::string_view name) {
  return parse<NodeType>(name, kTypeNames, "type of nodes");
}

Result<EdgeKind> parse_edge_kind(std::string_view name) {
  return parse<EdgeKind>(name, kKindNames, "kind of edges");
}

std::string to_string(const NodeName& node) {
  return std::string(to_string(node.type)) + ":" + std::string(node.name);
}

Result<NodeName> parse_node_name(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return Error(Errc::kInvalidArgument, "a node is written `TYPE:NAME`, not `" + std::string(text) + "`");
  }
  const auto type = parse_node_type(text.substr(0, colon));
  if (!type) return type.error();
  return NodeName{*type, text.substr(colon + 1)};
}

}  // namespace redoubt::behaviour
