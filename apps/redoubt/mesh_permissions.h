// What the policies in force would permit those whom the mesh knows: for questions about what could be reached.
#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "behaviour/mesh_permissions.h"
#include "gateway/policy_bundle.h"
#include "identity/identities.h"

namespace redoubt::app {

// As of one moment: policies, and who is in which group then. Immutable; any thread.
class PermissionsInForce final : public behaviour::Permissions {
 public:
  PermissionsInForce(std::shared_ptr<const gateway::PolicyBundle> policies, identity::Identities identities,
                     UnixMillis now)
      : policies_(std::move(policies)), identities_(std::move(identities)), now_(now) {}

  // Of a principal that is not known any more nothing is permitted, and the answer says that it is not complete.
  Answer permitted(const behaviour::Mesh& mesh, behaviour::NodeId principal,
                   std::span<const behaviour::NodeId> resources) const override;

 private:
  const std::shared_ptr<const gateway::PolicyBundle> policies_;
  const identity::Identities identities_;
  const UnixMillis now_;
};

}  // namespace redoubt::app
