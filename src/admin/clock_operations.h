// What laws want told of an incident, and the document about it: operations of /admin/v1.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> clock_operations();

}  // namespace redoubt::admin
