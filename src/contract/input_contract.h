// What a model for tables may be given: columns, their ranges and categories, how much may be missing, and how far a
// row is from those that the model knows.
//
//   const auto contract = InputContract::parse(text);                // once
//   const auto report = contract->check(*reader.parse(body));        // for each request
//   if (!report || !report->violations.empty()) return refuse();
//   for (const RowScore& row : report->scores) if (row.score > 0.999) …
//
// A contract is JSON, written by hand or by fit():
//
//   {"columns":[{"name":"age","type":"integer","min":17,"max":90},
//               {"name":"work","type":"category","categories":["private","public"],"missing":0.05}]}
//
// `type` is integer, number, category, text, boolean or timestamp (RFC 3339 §5.6). `min` and `max` are inclusive.
// `missing` is the share of rows that may lack the value, from 0 (default: none may) to 1. `"others":true` beside
// `columns` lets rows have members that are no columns. `"drift":{"psi":0.2,"distance":0.15}` are the bounds of a
// DriftWindow, and their defaults.
//
// Rows arrive as a list of objects, one object, or a request of the Open Inference Protocol (v2):
// `{"inputs":[{"name","shape","datatype","data"}]}`, with one input of shape [N] or [N, 1] for each column, or a single
// one of shape [N, C], whose C columns are the contract's in their order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"

namespace redoubt::contract {

enum class ColumnType : std::uint8_t { kInteger, kNumber, kCategory, kText, kBoolean, kTimestamp };

namespace internal {
struct Contract;
struct Table;
}  // namespace internal

// Views live as long as the contract.
struct InputViolation {
  static constexpr std::size_t kRows = 4;

  std::string_view column;                        // empty: the whole row
  std::string_view rule;                          // `type`, `range`, `category`, `missing` or `others`
  std::uint64_t count = 0;                        // of rows
  std::array<std::uint64_t, kRows> first_rows{};  // from zero; as many as `count` says, at most all of them
};

// How unusual a row is: the share of the reference's rows that are less so. 1: none is more so. So of rows like the
// reference's, 1 in 100 has more than 0.99.
struct RowScore {
  float score = 0;
  std::string_view source;  // the column that does most to it
};

struct InputReport {
  std::uint64_t rows = 0;
  std::vector<InputViolation> violations;  // at most one for each column and rule
  std::vector<RowScore> scores;            // one for each row; none without a reference
};

// Immutable: any thread.
class InputContract {
 public:
  // Of at most 4 MiB and 256 columns. Errors: kMalformed with the place, kTooLarge.
  static Result<InputContract> parse(std::string_view json);

  // A contract that these rows (a list of objects, 20 at least) keep, with a reference made of them. Types are those
  // that all values have; strings of at most 64 kinds are categories. Ranges are wider than what was seen by a tenth,
  // shares of missing values by three standard deviations. Half of the rows (the odd ones) say what scores are usual,
  // the others what values are. Errors: kMalformed, kInvalidArgument for too few rows or no columns, kTooLarge.
  static Result<InputContract> fit(simdjson::dom::element rows);

  InputContract(InputContract&&) noexcept;
  InputContract& operator=(InputContract&&) noexcept;
  ~InputContract();

  // Errors: kMalformed when the request has another form than those above, kTooLarge for more than a million values.
  Result<InputReport> check(simdjson::dom::element request) const;

  std::string to_json() const;

 private:
  friend class DriftWindow;
  explicit InputContract(std::shared_ptr<const internal::Contract> contract);
  std::shared_ptr<const internal::Contract> contract_;
};

// One column over the last rows.
struct ColumnDrift {
  std::string_view column;
  double psi = 0;       // population stability index: from 0, the same; above 0.2 usually called a shift
  double distance = 0;  // the largest difference of the cumulative shares (of shares, for categories), 0 to 1
  double missing_share = 0;
  bool exceeds = false;  // one of the contract's bounds
};

// Whether what arrives has shifted from the reference: counts over the last `window` rows, at least the half of it, in
// memory that does not grow. One thread at a time.
class DriftWindow {
 public:
  // `window_rows` at least 2.
  explicit DriftWindow(const InputContract& contract, std::uint64_t window_rows = 1000);

  // Errors: as check(). Nothing is counted then.
  Result<> add(simdjson::dom::element request);
  // Empty until half a window was seen, and for a contract without a reference. Columns of text and timestamps have
  // none.
  std::vector<ColumnDrift> drift() const;

 private:
  struct Counts {
    std::uint64_t rows = 0;
    std::vector<std::vector<std::uint64_t>> bins;  // of each column; the last two count other values, and missing ones
  };
  friend class TensorDriftWindow;
  DriftWindow(std::shared_ptr<const internal::Contract> contract, std::uint64_t window_rows);
  void add(const internal::Table& table);
  Counts empty_counts() const;

  std::shared_ptr<const internal::Contract> contract_;
  std::uint64_t half_;
  Counts now_;
  Counts before_;  // the half window that ended before
};

}  // namespace redoubt::contract
