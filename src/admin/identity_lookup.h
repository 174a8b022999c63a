// Identities as operations look them up and ask policies about them.
#pragma once

#include <string>
#include <string_view>

#include "admin/call.h"
#include "identity/identities.h"

namespace redoubt::admin {

// kNotFound naming what there is not. Deleted principals and revoked keys are found.
Result<identity::Principal> find_principal(Call& call, std::string_view id);
Result<identity::Group> find_group(Call& call, std::string_view id);
Result<identity::Key> find_key(Call& call, std::string_view id);

Resource resource_of(const identity::Principal& principal);
Resource resource_of(const identity::Group& group);
Resource tenant_resource(std::string_view tenant);  // the server when it is empty

}  // namespace redoubt::admin
