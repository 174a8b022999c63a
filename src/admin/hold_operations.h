// Holds: what waits for somebody's decision.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> hold_operations();

}  // namespace redoubt::admin
