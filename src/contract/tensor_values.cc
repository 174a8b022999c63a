// The values of tensors as they arrive: in JSON, or as little-endian bytes behind it.
#include <algorithm>
#include <cmath>
#include <limits>

#include "contract/internal/tensor.h"

namespace redoubt::contract::internal {
namespace {

constexpr std::size_t kMaxJsonValues = 1'000'000;
constexpr std::size_t kMaxInputs = 256;
// Doubles of this size and more are whole numbers only.
constexpr double kAllWhole = 9007199254740992.0;

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "the request " + std::string(what)};
}
Error too_large() {
  return {Errc::kTooLarge, "the request has too many values"};
}

template <class T>
Range limits_of() {
  return {static_cast<double>(std::numeric_limits<T>::min()), static_cast<double>(std::numeric_limits<T>::max())};
}

Result<TensorInput> read_input(simdjson::dom::element json, ByteView& binary) {
  TensorInput input;
  simdjson::dom::array shape;
  if (json["name"].get(input.name) != simdjson::SUCCESS || json["shape"].get(shape) != simdjson::SUCCESS ||
      json["datatype"].get(input.type) != simdjson::SUCCESS) {
    return malformed("has an input without `name`, `shape` or `datatype`");
  }
  if (input.name.empty()) {
    return malformed("has an input with an empty name");
  }
  input.values = 1;
  for (const simdjson::dom::element size : shape) {
    std::uint64_t count = 0;
    if (size.get(count) != simdjson::SUCCESS) return malformed("has a shape that is none");
    if (input.shape.size() == TensorContract::kMaxDimensions) return malformed("has a tensor of too many dimensions");
    if (__builtin_mul_overflow(input.values, count, &input.values)) return too_large();
    input.shape.push_back(count);
  }
  if (input.values > TensorContract::kMaxValues) return too_large();
  simdjson::dom::element data;
  const bool has_data = json["data"].get(data) == simdjson::SUCCESS;
  simdjson::dom::element size;
  const bool has_size = json["parameters"]["binary_data_size"].get(size) == simdjson::SUCCESS;
  if (has_data == has_size) return malformed("has an input without `data` or `binary_data_size`, or with both");
  if (has_data) {
    simdjson::dom::array list;
    if (data.get(list) != simdjson::SUCCESS) return malformed("has `data` that are no list");
    input.json = list;
    return input;
  }
  std::uint64_t bytes = 0;
  if (size.get(bytes) != simdjson::SUCCESS || bytes > binary.size()) {
    return malformed("has fewer bytes behind its JSON than that says");
  }
  input.binary = binary.first(bytes);
  binary = binary.subspan(bytes);
  return input;
}

// Values as they come, whether they are nested or not; nothing when they are too many or too deep.
bool flatten(simdjson::dom::array from, std::size_t most, std::size_t depth, std::vector<simdjson::dom::element>& to) {
  for (const simdjson::dom::element item : from) {
    simdjson::dom::array inner;
    if (item.get(inner) == simdjson::SUCCESS) {
      if (depth == 0 || !flatten(inner, most, depth - 1, to)) return false;
    } else {
      if (to.size() == most) return false;
      to.push_back(item);
    }
  }
  return true;
}

template <class T>
void put(T value, std::byte* to) {
  store_le(MutableByteView(to, sizeof(T)), value);
}

// The nearest 16-bit number of floating point with so many bits of fraction, ties to even; for tests of ranges alone.
std::uint16_t narrow(double value, DataType type) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  if (type == DataType::kBf16) return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const float size = std::abs(static_cast<float>(value));
  if (size >= 65520.0F) return sign | 0x7c00;
  if (size < 6.103515625e-05F) {  // subnormal: multiples of 2^-24
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyint(size * 16777216.0F)));
  }
  const std::uint32_t rounded = (bits & 0x7fffffff) + 0xfff + ((bits >> 13) & 1);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000) >> 13));
}

// Writes the value as the type has it; false when it is none of the type.
bool encode(simdjson::dom::element json, DataType type, std::byte* to) {
  bool flag = false;
  if (json.get(flag) == simdjson::SUCCESS) {
    if (type != DataType::kBool) return false;
    put<std::uint8_t>(flag ? 1 : 0, to);
    return true;
  }
  double number = 0;
  if (!json.is_number() || json.get_double().get(number) != simdjson::SUCCESS) return false;
  if (const auto range = range_of(type)) {
    const bool whole = std::abs(number) >= kAllWhole || number == std::trunc(number);
    if (!whole || number < *range->least || number > *range->most) return false;
  }
  std::uint64_t positive = 0;
  std::int64_t whole = 0;
  switch (type) {
    case DataType::kBool:
    case DataType::kUint8:
      put(static_cast<std::uint8_t>(number), to);
      break;
    case DataType::kUint16:
      put(static_cast<std::uint16_t>(number), to);
      break;
    case DataType::kUint32:
      put(static_cast<std::uint32_t>(number), to);
      break;
    case DataType::kUint64:
      if (json.get(positive) != simdjson::SUCCESS) {
        if (number >= 18446744073709551616.0) return false;
        positive = static_cast<std::uint64_t>(number);
      }
      put(positive, to);
      break;
    case DataType::kInt8:
      put(static_cast<std::uint8_t>(static_cast<std::int8_t>(number)), to);
      break;
    case DataType::kInt16:
      put(static_cast<std::uint16_t>(static_cast<std::int16_t>(number)), to);
      break;
    case DataType::kInt32:
      put(static_cast<std::uint32_t>(static_cast<std::int32_t>(number)), to);
      break;
    case DataType::kInt64:
      if (json.get(whole) != simdjson::SUCCESS) {
        if (number >= 9223372036854775808.0) return false;
        whole = static_cast<std::int64_t>(number);
      }
      put(static_cast<std::uint64_t>(whole), to);
      break;
    case DataType::kFp16:
    case DataType::kBf16:
      put(narrow(number, type), to);
      break;
    case DataType::kFp32:
      put(std::bit_cast<std::uint32_t>(static_cast<float>(number)), to);
      break;
    case DataType::kFp64:
      put(std::bit_cast<std::uint64_t>(number), to);
      break;
  }
  return true;
}

}  // namespace

std::optional<DataType> data_type_named(std::string_view name) {
  const auto known = std::ranges::find(kDataTypeNames, name);
  if (known == kDataTypeNames.end()) return std::nullopt;
  return static_cast<DataType>(known - kDataTypeNames.begin());
}

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::kBool:
    case DataType::kUint8:
    case DataType::kInt8:
      return 1;
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kFp16:
    case DataType::kBf16:
      return 2;
    case DataType::kUint32:
    case DataType::kInt32:
    case DataType::kFp32:
      return 4;
    default:
      return 8;
  }
}

std::optional<Range> range_of(DataType type) {
  switch (type) {
    case DataType::kBool:
      return Range{0, 1};
    case DataType::kUint8:
      return limits_of<std::uint8_t>();
    case DataType::kUint16:
      return limits_of<std::uint16_t>();
    case DataType::kUint32:
      return limits_of<std::uint32_t>();
    case DataType::kUint64:
      return limits_of<std::uint64_t>();
    case DataType::kInt8:
      return limits_of<std::int8_t>();
    case DataType::kInt16:
      return limits_of<std::int16_t>();
    case DataType::kInt32:
      return limits_of<std::int32_t>();
    case DataType::kInt64:
      return limits_of<std::int64_t>();
    default:
      return std::nullopt;
  }
}

Result<std::vector<TensorInput>> read_inputs(simdjson::dom::element request, ByteView binary) {
  simdjson::dom::array list;
  if (request["inputs"].get(list) != simdjson::SUCCESS) return malformed("has no list of `inputs`");
  std::vector<TensorInput> inputs;
  std::uint64_t values = 0;
  for (const simdjson::dom::element json : list) {
    if (inputs.size() == kMaxInputs) return too_large();
    auto input = read_input(json, binary);
    if (!input) return input.error();
    if (std::ranges::find(inputs, input->name, &TensorInput::name) != inputs.end()) {
      return malformed("has two inputs of one name");
    }
    values += input->values;
    if (values > TensorContract::kMaxValues) return too_large();
    inputs.push_back(*std::move(input));
  }
  if (!binary.empty()) return malformed("has more bytes behind its JSON than that says");
  return inputs;
}

std::optional<ByteView> values_of(const TensorInput& input, DataType type, Bytes& buffer, Wrong& wrong) {
  if (!input.json) {
    if (input.binary.size() != input.values * size_of(type)) return std::nullopt;
    if (type == DataType::kBool) {
      for (std::uint64_t i = 0; i < input.values; ++i) {
        if (input.binary[i] > std::byte{1} && wrong.count++ == 0) wrong.first = i;
      }
    }
    return input.binary;
  }
  if (input.values > kMaxJsonValues) return std::nullopt;
  std::vector<simdjson::dom::element> values;
  if (!flatten(*input.json, input.values, input.shape.size(), values) || values.size() != input.values) {
    return std::nullopt;
  }
  buffer.assign(values.size() * size_of(type), std::byte{});
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!encode(values[i], type, buffer.data() + i * size_of(type)) && wrong.count++ == 0) wrong.first = i;
  }
  return ByteView(buffer);
}

}  // namespace redoubt::contract::internal
