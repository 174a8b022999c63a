#include "redoubt/mesh_permissions.h"

#include "behaviour/mesh_policy.h"

namespace redoubt::app {

behaviour::Permissions::Answer PermissionsInForce::permitted(const behaviour::Mesh& mesh, behaviour::NodeId principal,
                                                             std::span<const behaviour::NodeId> resources) const {
  const identity::Principal* const known = identities_.principal(mesh.name_of(principal).name);
  if (known == nullptr) return {.complete = false};
  const auto entities = policy::EntityStore::build(identities_.entities_of(*known, now_), &gateway::policy_schema());
  if (!entities) return {.complete = false};
  return behaviour::PolicyPermissions(policies_->policies(), **entities).permitted(mesh, principal, resources);
}

}  // namespace redoubt::app
