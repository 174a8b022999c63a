// What happened: the timeline of an incident, and the stream of what happens to all. See operation.h.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> timeline_operations();

}  // namespace redoubt::admin
