// `redoubt behaviour outliers`: which rows of a table are unlike the others.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "anomaly/npz.h"
#include "anomaly/outliers.h"
#include "base/bytes.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/csv_columns.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app {
namespace {

// The most of a .npz file.
constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;

struct OutliersOptions {
  std::string file;
  std::string label;
  std::uint64_t seed = 1;
};

Result<anomaly::LabelledTable> read_table(const OutliersOptions& options) {
  if (options.file.ends_with(".npz")) {
    std::string bytes;
    const auto read = inspect_verbs::each_piece(options.file, [&](std::string_view piece) -> Result<> {
      if (bytes.size() + piece.size() > kFileSizeMax) return Error(Errc::kTooLarge, "the file is too large");
      bytes += piece;
      return {};
    });
    if (!read) return read.error();
    return anomaly::read_npz_table(as_bytes(bytes));
  }
  behaviour_verbs::CsvTable table(options.label);
  const auto read = inspect_verbs::each_piece(options.file, [&](std::string_view piece) { return table.feed(piece); });
  if (!read) return read.error();
  return table.finish();
}

void print_json(const std::vector<double>& scores, const std::optional<anomaly::OutlierQuality>& quality) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("rows", static_cast<std::uint64_t>(scores.size()));
  if (quality) {
    inspect_verbs::write_number(json, "auc_roc", quality->auc, 6);
    inspect_verbs::write_number(json, "average_precision", quality->average_precision, 6);
  }
  json.key("rows_scored");
  json.begin_array();
  for (std::size_t row = 0; row < scores.size(); ++row) {
    json.begin_object();
    json.member("row", static_cast<std::uint64_t>(row));
    inspect_verbs::write_number(json, "score", scores[row], 6);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::puts(out.c_str());
}

int outliers(const OutliersOptions& options, bool json) {
  const auto table = read_table(options);
  if (!table) return report(table.error().in(options.file), json);
  const auto scores = anomaly::outlier_scores(table->table, options.seed);
  if (!scores) return report(scores.error().in(options.file), json);
  const auto quality = anomaly::outlier_quality(*scores, table->labels);
  if (json) {
    print_json(*scores, quality);
    return kSuccess;
  }
  std::puts("row,score");
  for (std::size_t row = 0; row < scores->size(); ++row) std::printf("%zu,%.6f\n", row, (*scores)[row]);
  // Beside the scores, so that they stay a table.
  if (quality) {
    std::fprintf(stderr, "auc_roc %.6f\naverage_precision %.6f\n", quality->auc, quality->average_precision);
  } else if (!table->labels.empty()) {
    std::fputs("no quality: the labels are all alike\n", stderr);
  }
  return kSuccess;
}

}  // namespace

void add_outliers_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand("outliers", "which rows of a table are unlike the others");
  const auto options = std::make_shared<OutliersOptions>();
  verb->add_option("--csv", options->file,
                   "numbers in columns, with a header (`-`: standard input); or a .npz file "
                   "with X, and y as labels")
      ->required();
  verb->add_option("--label", options->label, "the column that says which rows are outliers (1) and which not (0)");
  verb->add_option("--seed", options->seed, "of what is left to chance")->capture_default_str();
  verb->add_flag("--json", common.json, "answer in JSON");
  verb->callback([options, &common, &status] { status = outliers(*options, common.json); });
}

}  // namespace redoubt::app
