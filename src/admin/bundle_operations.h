// What is in force: configuration, policies and prices, as one.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> bundle_operations();

}  // namespace redoubt::admin
