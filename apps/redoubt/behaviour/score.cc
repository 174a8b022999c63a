// `redoubt behaviour score`: how unusual each value of a series is, from what came before it.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "anomaly/series_scorer.h"
#include "anomaly/series_time.h"
#include "encoding/csv.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/csv_columns.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app {
namespace {

struct ScoreOptions {
  std::string file;
  std::string value;
  std::string time = "timestamp";
};

// Quoted where RFC 4180 §2 wants it.
std::string csv_field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

// Scores rows as they come and prints each at once.
class Scoring {
 public:
  Scoring(const ScoreOptions& options, bool json) : options_(options), json_(json) {}

  Result<> feed(std::string_view piece) {
    const auto fed = reader_.feed(piece, [this](encoding::CsvReader::Record& record) { return take(record); });
    std::fflush(stdout);  // whoever reads along waits for no full buffer
    return fed;
  }
  Result<> finish() {
    return reader_.finish([this](encoding::CsvReader::Record& record) { return take(record); });
  }

 private:
  Result<> take(const encoding::CsvReader::Record& record) {
    if (!time_column_) {
      const auto time = behaviour_verbs::find_column(record, options_.time);
      if (!time) return time.error();
      const auto value = behaviour_verbs::find_column(record, options_.value);
      if (!value) return value.error();
      time_column_ = *time;
      value_column_ = *value;
      if (!json_) std::puts("timestamp,value,score");
      return {};
    }
    const std::string& time_text = record[*time_column_];
    const std::string& value_text = record[value_column_];
    const auto time = anomaly::parse_series_time(time_text);
    if (!time) return time.error().in("line " + std::to_string(reader_.line()));
    const auto value = behaviour_verbs::parse_number(value_text);
    if (!value) return value.error().in("line " + std::to_string(reader_.line()));
    const double score = scorer_.score(*time, *value);
    if (json_) {
      std::string out;
      encoding::JsonWriter json(out);
      json.begin_object();
      json.member("timestamp", time_text);
      if (std::isfinite(*value)) {
        inspect_verbs::write_number(json, "value", *value, 6);
      } else {
        json.key("value");
        json.null();
      }
      inspect_verbs::write_number(json, "score", score, 6);
      json.end_object();
      std::puts(out.c_str());
    } else {
      std::printf("%s,%s,%.6f\n", csv_field(time_text).c_str(), csv_field(value_text).c_str(), score);
    }
    return {};
  }

  const ScoreOptions& options_;
  bool json_;
  encoding::CsvReader reader_;
  std::optional<std::size_t> time_column_;
  std::size_t value_column_ = 0;
  anomaly::SeriesScorer scorer_;
};

int score(const ScoreOptions& options, bool json) {
  Scoring scoring(options, json);
  auto done = inspect_verbs::each_piece(options.file, [&](std::string_view piece) { return scoring.feed(piece); });
  if (done) done = scoring.finish();
  return done ? kSuccess : report(done.error().in(options.file), json);
}

}  // namespace

void add_score_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand("score", "how unusual each value of a series is, from those before it");
  const auto options = std::make_shared<ScoreOptions>();
  verb->add_option("--csv", options->file, "the series, with a header (`-`: standard input)")->required();
  verb->add_option("--value", options->value, "the column of values")->required();
  verb->add_option("--time", options->time, "the column of times: dates in UTC, or seconds")->capture_default_str();
  verb->add_flag("--json", common.json, "a line of JSON for each row");
  verb->callback([options, &common, &status] { status = score(*options, common.json); });
}

}  // namespace redoubt::app
