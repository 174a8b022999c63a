// What the behaviour mesh is made of: types of nodes, kinds of edges, and their names.
//
// A node is written `TYPE:NAME`, for example `model:clinic-llm`. Principals, users, service accounts, applications and
// agents are named from one list of names, as Redoubt's principals are: `agent:ann` and `principal:ann` are one node,
// whose type is the most exact one that was heard of it last.
//
// Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::behaviour {

// Snapshots tell them by number: new ones come last.
enum class NodeType : std::uint8_t {
  kPrincipal,  // somebody who acts, of whom no more is known
  kUser,
  kServiceAccount,
  kApplication,
  kAgent,
  kGroup,
  kTenant,
  kCredential,  // an API key, by its id
  kModel,
  kUpstream,  // a server of models
  kTool,
  kDataSet,
  kNetwork,  // where calls come from
};
inline constexpr std::size_t kNodeTypes = 13;
std::string_view to_string(NodeType type);  // `data_set`

// Whether nodes of the type act: the first five.
constexpr bool is_actor(NodeType type) {
  return type <= NodeType::kAgent;
}

// Each reads from its first node to its second. Snapshots tell them by number: new ones come last.
enum class EdgeKind : std::uint8_t {
  kCalled,       // actor → model; actor → upstream, when no model is named
  kDelegatedTo,  // actor → who acts for it
  kActedFor,     // actor → on whose behalf
  kUsedTool,     // actor → tool
  kRead,         // actor or tool → data set
  kWrote,        // actor or tool → data set
  kBelongsTo,    // actor → tenant or group, group → group or tenant, credential → its holder
  kCameFrom,     // actor → network
  kPresented,    // actor → credential
  kServedBy,     // model → upstream
  kChanged,      // administrator → what was changed
};
inline constexpr std::size_t kEdgeKinds = 11;
std::string_view to_string(EdgeKind kind);  // `used_tool`

// Sets of types and of kinds: bit n for the value n.
using TypeSet = std::uint32_t;
using KindSet = std::uint32_t;
inline constexpr TypeSet kAllTypes = (1U << kNodeTypes) - 1;
inline constexpr KindSet kAllKinds = (1U << kEdgeKinds) - 1;
constexpr TypeSet set_of(NodeType type) {
  return 1U << static_cast<unsigned>(type);
}
constexpr KindSet set_of(EdgeKind kind) {
  return 1U << static_cast<unsigned>(kind);
}
// Kinds along which content or authority passes on: what reachability follows unless it is told otherwise.
inline constexpr KindSet kFlows = set_of(EdgeKind::kCalled) | set_of(EdgeKind::kDelegatedTo) |
                                  set_of(EdgeKind::kUsedTool) | set_of(EdgeKind::kRead) | set_of(EdgeKind::kWrote) |
                                  set_of(EdgeKind::kServedBy);

// kInvalidArgument, naming those there are.
Result<NodeType> parse_node_type(std::string_view name);
Result<EdgeKind> parse_edge_kind(std::string_view name);

// Longer names are cut to this many bytes. Records hold none that is longer.
inline constexpr std::size_t kNodeNameMax = 256;

struct NodeName {
  NodeType type = NodeType::kPrincipal;
  std::string_view name;
  friend bool operator==(const NodeName&, const NodeName&) = default;
};
std::string to_string(const NodeName& node);  // `model:clinic-llm`
// The view is of `text`. kInvalidArgument.
Result<NodeName> parse_node_name(std::string_view text);

}  // namespace redoubt::behaviour
