// Incidents: cases of several alerts, and who has taken them.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> incident_operations();

}  // namespace redoubt::admin
