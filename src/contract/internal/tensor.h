// Tensors of a request, read where they lie, and the rules that they are read by.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "contract/internal/table.h"
#include "contract/tensor_contract.h"

namespace redoubt::contract::internal {

enum class DataType : std::uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kBf16,
  kFp32,
  kFp64
};
inline constexpr std::array<std::string_view, 13> kDataTypeNames = {
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64"};

std::optional<DataType> data_type_named(std::string_view name);
std::size_t size_of(DataType type);  // bytes of a value
// What a value of a type that counts can be, as doubles; nothing for floating point.
struct Range {
  std::optional<double> least;
  std::optional<double> most;
};
std::optional<Range> range_of(DataType type);

struct Dimension {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_MAX;
};

struct TensorRule {
  std::string name;
  DataType type = DataType::kFp32;
  std::vector<Dimension> shape;
  bool samples = false;
  int channels = -1;
  std::vector<Range> ranges;  // none, one, or one for each channel
  double nan = 0;

  std::size_t channel_count() const { return channels < 0 ? 1 : shape[static_cast<std::size_t>(channels)].least; }
  const Range* range(std::size_t channel) const {
    return ranges.empty() ? nullptr : &ranges[ranges.size() == 1 ? 0 : channel];
  }
};

struct TensorRules {
  std::vector<TensorRule> tensors;
  bool others = false;
  std::shared_ptr<const Contract> reference;  // of properties; null: there is none
};

// One input of a request: its values are `json` or `binary`. Views into the request.
struct TensorInput {
  std::string_view name;
  std::string_view type;
  std::vector<std::uint64_t> shape;
  std::uint64_t values = 0;  // by the shape
  std::optional<simdjson::dom::array> json;
  ByteView binary;
};

// In order; the names differ. Errors: as TensorContract::check().
Result<std::vector<TensorInput>> read_inputs(simdjson::dom::element request, ByteView binary);

// Values in row-major order as `type` says: those of JSON into `buffer`. `wrong`: how many are no values of the type,
// and the first of them. Nothing when there are not as many as the shape says.
struct Wrong {
  std::uint64_t count = 0;
  std::uint64_t first = 0;
};
std::optional<ByteView> values_of(const TensorInput& input, DataType type, Bytes& buffer, Wrong& wrong);

// Of the finite values of one channel of one sample.
struct ChannelSummary {
  std::uint64_t count = 0;
  double sum = 0;
  double squares = 0;       // of what is left after `shift`
  double shift = 0;         // the first value
  double differences = 0;   // sum of |x[i+1] - x[i]| of neighbours in the last dimension
  std::uint64_t pairs = 0;  // of such neighbours
  double least = 0;
  double most = 0;

  double mean() const { return shift + (count == 0 ? 0 : sum / static_cast<double>(count)); }
  double deviation() const;
  double texture() const { return pairs == 0 ? 0 : differences / static_cast<double>(pairs); }
};

inline constexpr std::uint64_t kMaxSummaries = 1'000'000;

// What was seen in a tensor: summaries by sample, then by channel.
struct TensorScan {
  std::uint64_t samples = 1;
  std::size_t channels = 1;
  std::vector<ChannelSummary> summaries;
  std::uint64_t nan = 0;
  std::uint64_t first_nan = 0;
  struct Outside {
    std::uint64_t count = 0;
    std::uint64_t first = 0;
  };
  std::vector<Outside> outside;  // by channel: beyond the rule's range, or infinite
};
// Precondition: the values are as many as the shape says, which fits the rule, and at most kMaxSummaries channels of
// samples.
TensorScan scan_tensor(const TensorRule& rule, const std::vector<std::uint64_t>& shape, ByteView values);

inline constexpr std::size_t kProperties = 3;       // of a channel
inline constexpr std::size_t kScoredChannels = 16;  // of a tensor
// `image/1/mean`, …, of all tensors; and a sample's row in this order, NaN where nothing can be said.
std::vector<std::string> property_names(const std::vector<TensorRule>& rules);
void add_properties(const TensorScan& scan, std::uint64_t sample, std::vector<double>& row);

Result<TensorRules> tensor_rules_from_json(std::string_view json);
std::string tensor_rules_to_json(const TensorRules& rules);

}  // namespace redoubt::contract::internal
