// The behaviour mesh: who and what touched which, what could have been reached, what changed, and who is risky.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> mesh_operations();

}  // namespace redoubt::admin
