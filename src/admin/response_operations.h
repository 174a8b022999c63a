// Responses: what is done about somebody or something, for a time.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> response_operations();

}  // namespace redoubt::admin
