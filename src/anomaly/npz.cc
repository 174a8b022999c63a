#include "anomaly/npz.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "anomaly/internal/zip.h"

namespace redoubt::anomaly {
namespace {

constexpr std::size_t kDimensionsMax = 8;
constexpr std::size_t kHeaderMax = 65'536;

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "not a .npy file: " + std::string(what)};
}

struct Header {
  std::string_view type;  // as NumPy writes it: `<f8`
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

// The header is a Python dictionary literal of three keys; only what NumPy writes of that is read.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<Header> parse() {
    Header out;
    unsigned seen = 0;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      const auto key = quoted();
      if (!key || !take(':')) return std::nullopt;
      unsigned bit = 0;
      bool read = false;
      if (*key == "descr") {
        bit = 1;
        const auto type = quoted();
        read = type.has_value();
        if (type) out.type = *type;
      } else if (*key == "fortran_order") {
        bit = 2;
        out.fortran_order = word("True");
        read = out.fortran_order || word("False");
      } else if (*key == "shape") {
        bit = 4;
        read = tuple(out.shape);
      }
      if (!read || (seen & bit) != 0) return std::nullopt;
      seen |= bit;
      if (!take(',') && (text_.empty() || text_.front() != '}')) return std::nullopt;
    }
    skip();
    if (seen != 7 || !text_.empty()) return std::nullopt;
    return out;
  }

 private:
  void skip() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }
  bool take(char c) {
    skip();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    skip();
    return true;
  }
  bool word(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    skip();
    return true;
  }
  std::optional<std::string_view> quoted() {
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return std::nullopt;
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view out = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    skip();
    return out;
  }
  bool tuple(std::vector<std::size_t>& out) {
    if (!take('(')) return false;
    while (!take(')')) {
      std::size_t number = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
      if (error != std::errc() || out.size() == kDimensionsMax) return false;
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      out.push_back(number);
      if (!take(',') && (text_.empty() || text_.front() != ')')) return false;
    }
    return true;
  }

  std::string_view text_;
};

template <class T>
void convert(ByteView bytes, std::vector<double>& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<double>(value);
  }
}

struct NumberType {
  std::string_view name;
  std::size_t size;
  void (*convert)(ByteView, std::vector<double>&);
};

constexpr NumberType kTypes[] = {
    {"<f8", 8, convert<double>},        {"<f4", 4, convert<float>},         {"<i8", 8, convert<std::int64_t>},
    {"<i4", 4, convert<std::int32_t>},  {"<i2", 2, convert<std::int16_t>},  {"|i1", 1, convert<std::int8_t>},
    {"<u8", 8, convert<std::uint64_t>}, {"<u4", 4, convert<std::uint32_t>}, {"<u2", 2, convert<std::uint16_t>},
    {"|u1", 1, convert<std::uint8_t>},  {"|b1", 1, convert<std::uint8_t>},
};

// The number of values, if it is not above `most`.
std::optional<std::size_t> count(const std::vector<std::size_t>& shape, std::size_t most) {
  std::size_t out = 1;
  for (const std::size_t length : shape) {
    if (length > most) return std::nullopt;
    if (length == 0) return 0;
    if (out > most / length) return std::nullopt;
    out *= length;
  }
  return out;
}

std::vector<double> from_fortran_order(const std::vector<double>& values, const std::vector<std::size_t>& shape) {
  std::vector<double> out(values.size());
  std::vector<std::size_t> index(shape.size(), 0);
  for (double& to : out) {
    std::size_t at = 0;
    for (std::size_t i = shape.size(); i-- > 0;) at = at * shape[i] + index[i];
    to = values[at];
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (++index[i] < shape[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace

Result<NpyArray> read_npy(ByteView bytes, std::size_t values_max) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (bytes.size() < 10 || as_chars(bytes.first(6)) != kMagic) return malformed("no such beginning");
  const auto version = static_cast<unsigned>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != std::byte{0}) {
    return Error(Errc::kUnsupported, "a .npy file of an unknown version");
  }
  const std::size_t before = version == 1 ? 10 : 12;
  if (bytes.size() < before) return malformed("it is cut");
  const std::size_t size =
      version == 1 ? load_le<std::uint16_t>(bytes.subspan(8, 2)) : load_le<std::uint32_t>(bytes.subspan(8, 4));
  if (size > kHeaderMax) return Error(Errc::kTooLarge, "the header of a .npy file is too large");
  if (bytes.size() - before < size) return malformed("its header is cut");
  const auto header = HeaderParser(as_chars(bytes.subspan(before, size))).parse();
  if (!header) return malformed("its header is not as NumPy writes it");
  const auto* const type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const NumberType& t) { return t.name == header->type; });
  if (type == std::end(kTypes)) return Error(Errc::kUnsupported, "a .npy file of another type than real numbers");
  const auto values = count(header->shape, values_max);
  if (!values) return Error(Errc::kTooLarge, "a .npy file has too many values");
  const ByteView content = bytes.subspan(before + size);
  if (content.size() != *values * type->size) return malformed("it is not as long as its shape says");
  NpyArray out{.shape = header->shape, .values = std::vector<double>(*values)};
  type->convert(content, out.values);
  if (header->fortran_order && out.shape.size() > 1) out.values = from_fortran_order(out.values, out.shape);
  return out;
}

Result<std::map<std::string, NpyArray>> read_npz(ByteView bytes, const NpzLimits& limits) {
  const auto members = internal::zip_members(bytes, limits.members_max);
  if (!members) return members.error();
  std::map<std::string, NpyArray> out;
  std::size_t left = limits.values_max;
  for (const internal::ZipMember& member : *members) {
    constexpr std::string_view kSuffix = ".npy";
    if (!member.name.ends_with(kSuffix)) return Error(Errc::kMalformed, "a member of the .npz file is no array");
    const auto content = internal::unpack(member, left * sizeof(double) + kHeaderMax);
    if (!content) return content.error();
    auto array = read_npy(*content, left);
    if (!array) return array.error();
    left -= array->values.size();
    out.emplace(member.name.substr(0, member.name.size() - kSuffix.size()), *std::move(array));
  }
  return out;
}

Result<LabelledTable> read_npz_table(ByteView bytes) {
  auto arrays = read_npz(bytes);
  if (!arrays) return arrays.error();
  const auto x = arrays->find("X");
  if (x == arrays->end() || x->second.shape.size() != 2)
    return Error(Errc::kMalformed, "no array `X` of rows and columns");
  LabelledTable out;
  out.table = {.rows = x->second.shape[0], .columns = x->second.shape[1], .values = std::move(x->second.values)};
  if (const auto y = arrays->find("y"); y != arrays->end()) {
    const std::vector<double>& labels = y->second.values;
    if (labels.size() != out.table.rows) return Error(Errc::kMalformed, "`y` is not as long as `X`");
    for (const double label : labels) {
      if (label != 0 && label != 1) return Error(Errc::kMalformed, "`y` has labels other than 0 and 1");
      out.labels.push_back(label == 1);
    }
  }
  return out;
}

}  // namespace redoubt::anomaly
