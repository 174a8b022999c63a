// The server itself: health, the document, the state, tenants, the stream of changes.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> server_operations();

}  // namespace redoubt::admin
