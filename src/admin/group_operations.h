// Groups: principals that are treated alike; what their members may do is the policies' business.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> group_operations();

}  // namespace redoubt::admin
