// Rows of the tables as values. A row that no fold wrote is kCorrupt.
#pragma once

#include "incident/alert.h"
#include "incident/response.h"
#include "state/tables.h"

namespace redoubt::incident {

// Of `SELECT *`.
Result<Alert> alert_of(const state::Row& row);
Result<Incident> incident_of(const state::Row& row);
Result<Response> response_of(const state::Row& row);

// Lists as a column holds them: JSON.
std::string pack(const std::vector<std::string>& list);
std::string pack(const std::vector<std::uint64_t>& list);

}  // namespace redoubt::incident
