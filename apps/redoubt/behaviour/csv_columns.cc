#include "redoubt/behaviour/csv_columns.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace redoubt::app::behaviour_verbs {

Result<std::size_t> find_column(const encoding::CsvReader::Record& header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return Error(Errc::kInvalidArgument, "no column `" + std::string(name) + "`");
  if (std::find(found + 1, header.end(), name) != header.end()) {
    return Error(Errc::kMalformed, "two columns `" + std::string(name) + "`");
  }
  return static_cast<std::size_t>(found - header.begin());
}

Result<double> parse_number(std::string_view field) {
  if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
  double out = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
  // Beyond what a double holds: missing, rather than an error in a million rows.
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::quiet_NaN();
  if (error != std::errc() || end != field.data() + field.size()) {
    return Error(Errc::kMalformed, "`" + std::string(field.substr(0, 40)) + "` is not a number");
  }
  return out;
}

namespace {

Result<bool> parse_label(std::string_view field) {
  std::string lower(field);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "1" || lower == "true" || lower == "1.0") return true;
  if (lower == "0" || lower == "false" || lower == "0.0") return false;
  return Error(Errc::kMalformed, "`" + std::string(field.substr(0, 40)) + "` is not a label: 0 or 1");
}

}  // namespace

Result<> CsvTable::take(encoding::CsvReader::Record& record) {
  if (!header_seen_) {
    header_seen_ = true;
    out_.table.columns = record.size();
    if (label_.empty()) return {};
    const auto column = find_column(record, label_);
    if (!column) return column.error();
    label_column_ = *column;
    --out_.table.columns;
    return {};
  }
  const std::string line = "line " + std::to_string(reader_.line());
  if (out_.table.values.size() + record.size() > anomaly::kTableValuesMax ||
      out_.table.rows == anomaly::kTableRowsMax) {
    return Error(Errc::kTooLarge, line + ": the table is too large");
  }
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (label_column_ == i) {
      const auto label = parse_label(record[i]);
      if (!label) return label.error().in(line);
      out_.labels.push_back(*label);
    } else {
      const auto number = parse_number(record[i]);
      if (!number) return number.error().in(line);
      out_.table.values.push_back(*number);
    }
  }
  ++out_.table.rows;
  return {};
}

Result<> CsvTable::feed(std::string_view piece) {
  return reader_.feed(piece, [this](encoding::CsvReader::Record& record) { return take(record); });
}

Result<anomaly::LabelledTable> CsvTable::finish() {
  const auto finished = reader_.finish([this](encoding::CsvReader::Record& record) { return take(record); });
  if (!finished) return finished.error();
  if (!header_seen_) return Error(Errc::kMalformed, "no header");
  return std::move(out_);
}

}  // namespace redoubt::app::behaviour_verbs
