// Signals: what behaviour has found unusual, and how far it has read.
#pragma once

#include <span>
#include <string_view>

#include "admin/operation.h"
#include "behaviour/signal.h"

namespace redoubt::admin {

// Of what fits kSeverityShape.
behaviour::Severity severity_of(std::string_view text);

std::span<const Operation> signal_operations();

}  // namespace redoubt::admin
