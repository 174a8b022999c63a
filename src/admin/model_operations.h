// The registry of models.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> model_operations();

}  // namespace redoubt::admin
