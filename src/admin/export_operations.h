// Incidents for people and systems elsewhere: what happened, with proofs and without what is sealed; and as OCSF. See
// operation.h.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> export_operations();

}  // namespace redoubt::admin
