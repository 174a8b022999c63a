// Calls of extension functions on values, for whatever evaluates.
#pragma once

#include <span>
#include <tl/expected.hpp>

#include "policy/authorizer.h"
#include "policy/extension.h"
#include "policy/value.h"

namespace redoubt::policy::internal {

// A value, or why there is none.
using Evaluated = tl::expected<Value, EvalError>;

// kType for arguments of another type or number than the function takes; kExtension for text that a constructor does
// not read, and for a datetime or duration that does not fit. Allocates only where the result is a new string, which
// none is. Any thread.
Evaluated call(Function function, std::span<const Value> arguments);

}  // namespace redoubt::policy::internal
