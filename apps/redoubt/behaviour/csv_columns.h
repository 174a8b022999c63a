// What the verbs read of files with columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "anomaly/npz.h"
#include "base/result.h"
#include "encoding/csv.h"

namespace redoubt::app::behaviour_verbs {

// The place of the column of that name in the header, which must have it once. Errors: kInvalidArgument, kMalformed.
Result<std::size_t> find_column(const encoding::CsvReader::Record& header, std::string_view name);

// A number as C++ and JSON write it, `nan` and `inf` too; an empty field is not a number (NaN). Errors: kMalformed.
Result<double> parse_number(std::string_view field);

// The columns of a CSV file with a header, all of them numbers, but for the label's: 0, 1, false or true, in any case.
// Errors: those of CsvReader, with the line; kInvalidArgument for a label that is no column; kTooLarge.
class CsvTable {
 public:
  explicit CsvTable(std::string label) : label_(std::move(label)) {}

  Result<> feed(std::string_view piece);
  Result<anomaly::LabelledTable> finish();

 private:
  Result<> take(encoding::CsvReader::Record& record);

  encoding::CsvReader reader_;
  std::string label_;  // empty: none
  bool header_seen_ = false;
  std::optional<std::size_t> label_column_;
  anomaly::LabelledTable out_;
};

}  // namespace redoubt::app::behaviour_verbs
