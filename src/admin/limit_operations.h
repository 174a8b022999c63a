// Limits, and how much of them is used.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> limit_operations();

}  // namespace redoubt::admin
