#include "redoubt/contract/judgement.h"

#include <cstdio>

#include "redoubt/inspect/inputs.h"

namespace redoubt::app::contract_verbs {

void write_drift(encoding::JsonWriter& json, const std::vector<contract::ColumnDrift>& drift, std::string_view what) {
  json.key("drift");
  json.begin_array();
  for (const auto& column : drift) {
    json.begin_object();
    json.member(what, column.column);
    inspect_verbs::write_number(json, "psi", column.psi, 4);
    inspect_verbs::write_number(json, "distance", column.distance, 4);
    inspect_verbs::write_number(json, "missing", column.missing_share, 4);
    json.member("exceeds", column.exceeds);
    json.end_object();
  }
  json.end_array();
}

void write_scores(encoding::JsonWriter& json, const std::vector<contract::RowScore>& scores) {
  json.key("scores");
  json.begin_array();
  for (const auto& row : scores) {
    json.begin_object();
    inspect_verbs::write_number(json, "score", static_cast<double>(row.score), 4);
    json.member("source", row.source);
    json.end_object();
  }
  json.end_array();
}

void print_drift(const std::vector<contract::ColumnDrift>& drift) {
  for (const auto& column : drift) {
    if (!column.exceeds) continue;
    std::printf("`%.*s` has drifted: psi %.3f, distance %.3f, missing %.3f\n", static_cast<int>(column.column.size()),
                column.column.data(), column.psi, column.distance, column.missing_share);
  }
}

void print_scores(const std::vector<contract::RowScore>& scores, std::string_view what) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto& [score, source] = scores[i];
    if (score < 1) continue;
    std::printf("%.*s %zu is further out than all of the reference, by `%.*s`\n", static_cast<int>(what.size()),
                what.data(), i, static_cast<int>(source.size()), source.data());
  }
}

}  // namespace redoubt::app::contract_verbs
