#include "behaviour/mesh_policy.h"

namespace redoubt::behaviour {
namespace {

using policy::Decision;
using policy::EntityUid;

struct Question {
  std::string_view action;
  EdgeKind kind;
  NodeType type;
};
constexpr Question kQuestions[] = {{"invoke", EdgeKind::kCalled, NodeType::kModel},
                                   {"call", EdgeKind::kUsedTool, NodeType::kTool},
                                   {"read", EdgeKind::kRead, NodeType::kDataSet}};

// Of types that are asked about; empty for others.
std::string_view entity_type(NodeType type) {
  switch (type) {
    case NodeType::kUser:
      return "User";
    case NodeType::kServiceAccount:
      return "ServiceAccount";
    case NodeType::kApplication:
      return "Application";
    case NodeType::kAgent:
      return "Agent";
    case NodeType::kModel:
      return "Model";
    case NodeType::kTool:
      return "Tool";
    case NodeType::kDataSet:
      return "DataSet";
    default:
      return {};
  }
}

EntityUid entity_of(const Mesh& mesh, NodeId node) {
  const NodeName name = mesh.name_of(node);
  return {std::string(entity_type(name.type)), std::string(name.name)};
}

Could could_of(const std::optional<Decision>& decision) {
  if (!decision) return Could::kDepends;
  return *decision == Decision::kAllow ? Could::kAlways : Could::kNever;
}

}  // namespace

Permissions::Answer PolicyPermissions::permitted(const Mesh& mesh, NodeId principal,
                                                 std::span<const NodeId> resources) const {
  Answer out;
  if (!is_actor(mesh.node(principal).type) || entity_type(mesh.node(principal).type).empty()) {
    out.complete = false;
    return out;
  }
  for (const Question& question : kQuestions) {
    policy::PartialRequest request;
    request.principal.uid = entity_of(mesh, principal);
    request.action.uid = EntityUid{"Action", std::string(question.action)};
    request.resource.type = std::string(entity_type(question.type));
    // Once for all resources; what is left is small, and asked for each.
    const auto any = policy::authorize_partially(policies_, entities_, request);
    if (!any) {
      out.complete = false;
      continue;
    }
    out.asked |= set_of(question.kind);
    for (const NodeId resource : resources) {
      if (mesh.node(resource).type != question.type) continue;
      Could could = could_of(any->decision);
      if (!any->decision) {
        request.resource.uid = entity_of(mesh, resource);
        const auto one = policy::authorize_partially(any->policies, entities_, request);
        out.complete = out.complete && one.has_value();
        could = one ? could_of(one->decision) : Could::kUnknown;
      }
      if (could == Could::kDepends || could == Could::kAlways)
        out.permitted.push_back({resource, question.kind, could});
    }
  }
  return out;
}

}  // namespace redoubt::behaviour
