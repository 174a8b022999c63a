// Contracts as JSON (input_contract.h), with what fit() adds: `median`, `scale`, `edges` and `shares` of columns, and
// `"reference":{"rows","precision","scores"}`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/internal/table.h"

namespace redoubt::contract::internal {

constexpr std::size_t kMaxColumns = 256;
constexpr std::size_t kUsualScores = 101;

// Errors: as InputContract::parse.
Result<Contract> contract_from_json(std::string_view json);
std::string contract_to_json(const Contract& contract);

}  // namespace redoubt::contract::internal
