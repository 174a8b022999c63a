// Exercises: a playbook of the bundle in force, run in the server on an incident that is simulated. Whoever would be
// told is told, and that it is an exercise.
#pragma once

#include <span>

#include "admin/operation.h"

namespace redoubt::admin {

std::span<const Operation> exercise_operations();

}  // namespace redoubt::admin
