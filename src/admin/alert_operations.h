// Alerts: what was unusual, by cause.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> alert_operations();

}  // namespace redoubt::admin
