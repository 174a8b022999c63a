// Permissions by Cedar policies: each actor of the mesh is asked about with nothing known of the circumstances (partial
// evaluation), so that the answer is what they may at all.
//
// Nodes stand for entities as the gateway's schema has them: `user:ann` for User::"ann", `model:m` for Model::"m", and
// likewise ServiceAccount, Application, Agent, Tool and DataSet. Of a node that is only a principal nobody knows which
// type it has: it cannot be asked about. What is asked: `invoke` on models, `call` on tools, `read` on data sets.
//
// Immutable; any thread.
#pragma once

#include <memory>

#include "behaviour/mesh_permissions.h"
#include "policy/authorizer.h"

namespace redoubt::behaviour {

class PolicyPermissions final : public Permissions {
 public:
  // The policies in force, and who is in which group. Both must outlive this.
  PolicyPermissions(const policy::PolicySet& policies, const policy::EntityStore& entities)
      : policies_(policies), entities_(entities) {}

  Answer permitted(const Mesh& mesh, NodeId principal, std::span<const NodeId> resources) const override;

 private:
  const policy::PolicySet& policies_;
  const policy::EntityStore& entities_;
};

}  // namespace redoubt::behaviour
