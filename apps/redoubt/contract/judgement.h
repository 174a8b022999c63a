// How drift and scores are shown, of rows and of samples.
#pragma once

#include <string_view>
#include <vector>

#include "contract/input_contract.h"
#include "encoding/json_writer.h"

namespace redoubt::app::contract_verbs {

// Members `drift` and `scores`. `what` names what drifts: `column`.
void write_drift(encoding::JsonWriter& json, const std::vector<contract::ColumnDrift>& drift, std::string_view what);
void write_scores(encoding::JsonWriter& json, const std::vector<contract::RowScore>& scores);

// Lines about what exceeds a bound. `what` is scored: `row`.
void print_drift(const std::vector<contract::ColumnDrift>& drift);
void print_scores(const std::vector<contract::RowScore>& scores, std::string_view what);

}  // namespace redoubt::app::contract_verbs
