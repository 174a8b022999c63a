// Signals: what behaviour has found unusual, and how far it has read.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> signal_operations();

}  // namespace redoubt::admin
