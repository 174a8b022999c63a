// Principals: who is known. Users, service accounts, applications, agents.
#pragma once

#include <span>

#include "admin/operation.h"
#include "encoding/json_writer.h"
#include "identity/identities.h"

namespace redoubt::admin {

std::span<const Operation> principal_operations();
void write_principal(encoding::JsonWriter& json, const identity::Principal& principal);

}  // namespace redoubt::admin
