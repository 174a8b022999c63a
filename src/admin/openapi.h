// The OpenAPI 3.1 document of /admin/v1, made from the table of operations: true because nothing else says what is
// routed, required and checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/operation.h"

namespace redoubt::admin {

// JSON. `version`: of Redoubt.
std::string openapi_document(const std::vector<const Operation*>& operations, std::string_view version);

// The statuses an operation may be answered with that are problems; ascending.
std::vector<int> problem_statuses(const Operation& operation);
// Whether the operation may be answered 202: its act may need two persons.
bool may_need_approval(const Operation& operation);

}  // namespace redoubt::admin
