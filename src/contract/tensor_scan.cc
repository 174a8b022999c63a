// One pass over a tensor: what is out of range, what is no number, and the properties of its samples.
#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

#include "contract/internal/tensor.h"

namespace redoubt::contract::internal {
namespace {

// IEEE 754 binary16.
double from_half(std::uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  if (exponent == 0x1f) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 1024, exponent - 25);
}

template <class T>
T load(const std::byte* at) {
  return load_le<T>(ByteView(at, sizeof(T)));
}

template <class T>
double signed_value(const std::byte* at) {
  return static_cast<double>(static_cast<std::make_signed_t<T>>(load<T>(at)));
}

template <DataType kType>
double value_at(const std::byte* at) {
  if constexpr (kType == DataType::kBool || kType == DataType::kUint8) return std::to_integer<std::uint8_t>(*at);
  if constexpr (kType == DataType::kUint16) return load<std::uint16_t>(at);
  if constexpr (kType == DataType::kUint32) return load<std::uint32_t>(at);
  if constexpr (kType == DataType::kUint64) return static_cast<double>(load<std::uint64_t>(at));
  if constexpr (kType == DataType::kInt8) return signed_value<std::uint8_t>(at);
  if constexpr (kType == DataType::kInt16) return signed_value<std::uint16_t>(at);
  if constexpr (kType == DataType::kInt32) return signed_value<std::uint32_t>(at);
  if constexpr (kType == DataType::kInt64) return signed_value<std::uint64_t>(at);
  if constexpr (kType == DataType::kFp16) return from_half(load<std::uint16_t>(at));
  if constexpr (kType == DataType::kBf16) {
    return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16));
  }
  if constexpr (kType == DataType::kFp32) return static_cast<double>(std::bit_cast<float>(load<std::uint32_t>(at)));
  if constexpr (kType == DataType::kFp64) return std::bit_cast<double>(load<std::uint64_t>(at));
}

// Where runs of one channel lie: `outer` times, for each channel, `inner` values in a row.
struct Layout {
  std::uint64_t outer = 1;
  std::uint64_t inner = 1;
  std::uint64_t row = 1;  // the last dimension, in which neighbours are compared; 1: none are
};

Layout layout_of(const TensorRule& rule, const std::vector<std::uint64_t>& shape) {
  Layout layout;
  for (std::size_t i = rule.samples ? 1 : 0; i < shape.size(); ++i) {
    if (static_cast<int>(i) == rule.channels) continue;
    (static_cast<int>(i) > rule.channels ? layout.inner : layout.outer) *= shape[i];
  }
  // Channels in the last dimension lie side by side: then values of one channel are compared from pixel to pixel.
  const bool channels_last = rule.channels >= 0 && rule.channels + 1 == static_cast<int>(shape.size());
  const std::size_t along = shape.size() - (channels_last ? 2 : 1);
  if (shape.size() > (channels_last ? 1U : 0U) && along >= (rule.samples ? 1U : 0U)) layout.row = shape[along];
  return layout;
}

class Scan {
 public:
  Scan(const TensorRule& rule, TensorScan& out) : out_(out) {
    for (std::size_t channel = 0; channel < out.channels; ++channel) {
      const Range* const range = rule.range(channel);
      least_.push_back(range != nullptr && range->least ? *range->least : -INFINITY);
      most_.push_back(range != nullptr && range->most ? *range->most : INFINITY);
    }
  }

  template <DataType kType>
  void all(const Layout& layout, ByteView values) {
    const std::byte* at = values.data();
    const std::size_t step = size_of(kType);
    std::uint64_t index = 0;
    const bool channels_last = layout.inner == 1 && out_.channels > 1;
    std::vector<double> before(out_.channels);
    for (std::uint64_t sample = 0; sample < out_.samples; ++sample) {
      for (std::uint64_t outer = 0; outer < layout.outer; ++outer) {
        for (std::size_t channel = 0; channel < out_.channels; ++channel) {
          ChannelSummary& summary = out_.summaries[sample * out_.channels + channel];
          for (std::uint64_t i = 0; i < layout.inner; ++i, ++index, at += step) {
            const std::uint64_t along = channels_last ? outer : i;
            add(value_at<kType>(at), channel, index, along % layout.row != 0, before[channel], summary);
          }
        }
      }
    }
  }

 private:
  void add(double value, std::size_t channel, std::uint64_t index, bool has_neighbour, double& before,
           ChannelSummary& summary) {
    if (std::isnan(value)) {
      if (out_.nan++ == 0) out_.first_nan = index;
      before = value;
      return;
    }
    if (!(value >= least_[channel] && value <= most_[channel]) || std::isinf(value)) {
      TensorScan::Outside& outside = out_.outside[channel];
      if (outside.count++ == 0) outside.first = index;
    }
    if (!std::isinf(value)) {
      if (summary.count == 0) summary.shift = summary.least = summary.most = value;
      const double moved = value - summary.shift;
      ++summary.count;
      summary.sum += moved;
      summary.squares += moved * moved;
      summary.least = std::min(summary.least, value);
      summary.most = std::max(summary.most, value);
      if (has_neighbour && std::isfinite(before)) {
        summary.differences += std::abs(value - before);
        ++summary.pairs;
      }
    }
    before = value;
  }

  TensorScan& out_;
  std::vector<double> least_;
  std::vector<double> most_;
};

}  // namespace

double ChannelSummary::deviation() const {
  if (count == 0) return 0;
  const auto n = static_cast<double>(count);
  return std::sqrt(std::max(squares / n - (sum / n) * (sum / n), 0.0));
}

TensorScan scan_tensor(const TensorRule& rule, const std::vector<std::uint64_t>& shape, ByteView values) {
  TensorScan out;
  out.samples = rule.samples ? shape.front() : 1;
  out.channels = rule.channel_count();
  // Samples of nothing have no properties, however many they are said to be.
  if (values.empty()) out.samples = rule.samples ? 0 : 1;
  out.summaries.resize(out.samples * out.channels);
  out.outside.resize(out.channels);
  if (values.empty()) return out;
  const Layout layout = layout_of(rule, shape);
  Scan scan(rule, out);
  switch (rule.type) {
    case DataType::kBool:
      scan.all<DataType::kBool>(layout, values);
      break;
    case DataType::kUint8:
      scan.all<DataType::kUint8>(layout, values);
      break;
    case DataType::kUint16:
      scan.all<DataType::kUint16>(layout, values);
      break;
    case DataType::kUint32:
      scan.all<DataType::kUint32>(layout, values);
      break;
    case DataType::kUint64:
      scan.all<DataType::kUint64>(layout, values);
      break;
    case DataType::kInt8:
      scan.all<DataType::kInt8>(layout, values);
      break;
    case DataType::kInt16:
      scan.all<DataType::kInt16>(layout, values);
      break;
    case DataType::kInt32:
      scan.all<DataType::kInt32>(layout, values);
      break;
    case DataType::kInt64:
      scan.all<DataType::kInt64>(layout, values);
      break;
    case DataType::kFp16:
      scan.all<DataType::kFp16>(layout, values);
      break;
    case DataType::kBf16:
      scan.all<DataType::kBf16>(layout, values);
      break;
    case DataType::kFp32:
      scan.all<DataType::kFp32>(layout, values);
      break;
    case DataType::kFp64:
      scan.all<DataType::kFp64>(layout, values);
      break;
  }
  return out;
}

std::vector<std::string> property_names(const std::vector<TensorRule>& rules) {
  std::vector<std::string> names;
  for (const TensorRule& rule : rules) {
    for (std::size_t channel = 0; channel < std::min(rule.channel_count(), kScoredChannels); ++channel) {
      const std::string of = rule.name + "/" + (rule.channels < 0 ? "" : std::to_string(channel) + "/");
      for (const char* property : {"mean", "deviation", "texture"}) names.push_back(of + property);
    }
  }
  return names;
}

void add_properties(const TensorScan& scan, std::uint64_t sample, std::vector<double>& row) {
  for (std::size_t channel = 0; channel < std::min(scan.channels, kScoredChannels); ++channel) {
    const ChannelSummary& summary = scan.summaries[sample * scan.channels + channel];
    for (const double property : {summary.mean(), summary.deviation(), summary.texture()}) {
      row.push_back(summary.count == 0 || !std::isfinite(property) ? NAN : property);
    }
  }
}

}  // namespace redoubt::contract::internal
