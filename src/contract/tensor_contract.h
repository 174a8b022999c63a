// What a model for images, or any other tensors, may be given: how many dimensions, of which sizes, of what numbers, in
// which range, how many of them not numbers; and how far a sample is from those that the model knows.
//
//   const auto contract = TensorContract::parse(text);                        // once
//   const auto report = contract->check(*reader.parse(header), binary);       // for each request
//   if (!report || !report->violations.empty()) return refuse();
//   for (const RowScore& sample : report->scores) if (sample.score > 0.999) …
//
// A contract is JSON, written by hand or by fit():
//
//   {"tensors":[{"name":"image","datatype":"FP32","shape":[-1,3,[64,512],[64,512]],"samples":true,"channels":1,
//                "ranges":[[0,1],[0,1],[0,1]],"nan":0}]}
//
// `datatype` is one of the Open Inference Protocol's but BYTES: BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, FP64;
// and BF16. A dimension in `shape` is a size, -1 for any, or [least, most]. `samples`: the first dimension counts
// samples. `channels`: which dimension counts channels; none: there is one. `ranges`: inclusive, one for each channel,
// or a single one for all; `null` has no bound. `nan` is the share of a request's values that may be NaN, from 0
// (default) to 1; values that are infinite are out of every range. `"others":true` beside `tensors` lets requests have
// inputs that are not named. `reference` is what fit() knows of samples.
//
// Requests are those of the Open Inference Protocol (v2): `{"inputs":[{"name","shape","datatype","data"}]}`, nested or
// flat, in row-major order. With its binary tensor data extension, an input has
// `"parameters":{"binary_data_size":N}` in place of `data`, and its N bytes, little-endian, follow the JSON in the
// order of the inputs; what is JSON, `Inference-Header-Content-Length` says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "contract/input_contract.h"
#include "encoding/json_reader.h"

namespace redoubt::contract {

namespace internal {
struct TensorRules;
}

// Views live as long as the contract.
struct TensorViolation {
  static constexpr int kAllChannels = -1;

  std::string_view tensor;  // empty: the whole request
  // Of a tensor `missing`, `datatype`, `shape`, `size` (its data has another), `samples` (another tensor has others),
  // of values `type`, `range`, `nan`; of the request `others`.
  std::string_view rule;
  int channel = kAllChannels;  // of `range`, where the tensor has channels
  std::uint64_t count = 0;     // of values; 1 for a tensor's
  std::uint64_t first = 0;     // which value, in row-major order
};

struct TensorReport {
  std::uint64_t samples = 0;
  std::vector<TensorViolation> violations;  // at most one for each tensor, rule and channel
  // One for each sample; none without a reference, or where a tensor is not of its datatype, shape and size. The source
  // is a tensor's property: `image/1/mean`.
  std::vector<RowScore> scores;
};

// Immutable: any thread.
class TensorContract {
 public:
  static constexpr std::size_t kMaxTensors = 64;
  static constexpr std::size_t kMaxDimensions = 8;
  static constexpr std::size_t kMaxChannels = 64;
  static constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 28;  // of one request; of JSON, a million

  // Of at most 4 MiB. Errors: kMalformed with the place, kTooLarge.
  static Result<TensorContract> parse(std::string_view json);

  struct FitOptions {
    int channels = -1;  // which dimension counts channels; none: there is one
  };
  // A contract that this request keeps, of 20 samples at least: the first dimension of each input counts them. Shapes
  // are those of its inputs, but for the number of samples; ranges are wider than what was seen by a tenth, within what
  // the datatype can say; shares of NaN by three standard deviations. What is usual is learned from properties of each
  // channel of a sample (mean, deviation, and how much neighbours differ), as InputContract::fit() does from columns;
  // those of channels beyond the first 16 of a tensor are left out. Errors: as check(); kInvalidArgument for too few
  // samples, no inputs, infinite values, or a dimension of channels that there is not.
  static Result<TensorContract> fit(simdjson::dom::element request, ByteView binary, const FitOptions& options);

  TensorContract(TensorContract&&) noexcept;
  TensorContract& operator=(TensorContract&&) noexcept;
  ~TensorContract();

  // `binary`: what follows the JSON. Takes time in proportion to the values, and memory to those that are JSON. Errors:
  // kMalformed when the request has not the form above, or `binary` is not what it says; kTooLarge.
  Result<TensorReport> check(simdjson::dom::element request, ByteView binary) const;

  std::string to_json() const;

 private:
  friend class TensorDriftWindow;
  explicit TensorContract(std::shared_ptr<const internal::TensorRules> rules);
  std::shared_ptr<const internal::TensorRules> rules_;
};

// Whether samples have shifted from the reference: a DriftWindow over their properties. One thread at a time.
class TensorDriftWindow {
 public:
  // `window_samples` at least 2.
  explicit TensorDriftWindow(const TensorContract& contract, std::uint64_t window_samples = 1000);
  ~TensorDriftWindow();

  // Errors: as check(). Nothing is counted then, nor of a request without scores.
  Result<> add(simdjson::dom::element request, ByteView binary);
  // As DriftWindow::drift(); a column is a property, `image/1/mean`.
  std::vector<ColumnDrift> drift() const;

 private:
  std::shared_ptr<const internal::TensorRules> rules_;
  std::unique_ptr<DriftWindow> window_;  // null without a reference
};

}  // namespace redoubt::contract
