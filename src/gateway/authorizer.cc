#include "gateway/authorizer.h"

#include <algorithm>

namespace redoubt::gateway {

Decision GrantAuthorizer::decide(const AccessRequest& request) const {
  if (request.principal->role != Role::kCaller) return {.permit = false, .policy_uid = "role-may-not-call"};
  if (request.action == "models.list") return {.permit = true, .policy_uid = "caller-may-list"};
  if (request.action != "chat.completions") return {.permit = false, .policy_uid = "default-deny"};
  const bool granted = std::any_of(request.principal->models.begin(), request.principal->models.end(),
                                   [&](const std::string& model) { return model == "*" || model == request.model; });
  return granted ? Decision{.permit = true, .policy_uid = "key-names-model"}
                 : Decision{.permit = false, .policy_uid = "default-deny"};
}

}  // namespace redoubt::gateway
