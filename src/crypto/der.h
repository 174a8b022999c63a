// The few forms of DER (X.690) that signatures, and vendors' extensions of certificates, are written in, read strictly.
//
//   DerReader reader(bytes);
//   const auto members = reader.next(DerElement::kSequence);
//   if (!members || !reader.at_end()) …
//
// Nothing is copied and nothing is looked for: who reads says what must come next. Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace redoubt::crypto {

struct DerElement {
  static constexpr std::uint8_t kBoolean = 0x01;
  static constexpr std::uint8_t kInteger = 0x02;
  static constexpr std::uint8_t kOctetString = 0x04;
  static constexpr std::uint8_t kObjectIdentifier = 0x06;
  static constexpr std::uint8_t kEnumerated = 0x0a;
  static constexpr std::uint8_t kIa5String = 0x16;
  static constexpr std::uint8_t kSequence = 0x30;

  std::uint8_t tag = 0;
  ByteView value;
};

// Reads one element after the other; what it returns is valid as long as the bytes.
class DerReader {
 public:
  static constexpr std::size_t kMaxLengthBytes = 3;

  explicit DerReader(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }

  // Nothing at the end, for tags of more than one byte, and for a length that is not in its shortest form (§10.1) or
  // beyond the bytes, or of more than kMaxLengthBytes.
  std::optional<DerElement> next() {
    if (rest_.size() < 2 || (rest_[0] & std::byte{0x1f}) == std::byte{0x1f}) return std::nullopt;
    std::size_t length = static_cast<std::size_t>(rest_[1]);
    std::size_t begin = 2;
    if (length >= 0x80) {
      const std::size_t count = length - 0x80;
      if (count == 0 || count > kMaxLengthBytes || rest_.size() < 2 + count) return std::nullopt;
      length = 0;
      for (const std::byte each : rest_.subspan(2, count)) length = length << 8 | static_cast<std::size_t>(each);
      if (length < (count == 1 ? 0x80U : std::size_t{1} << 8 * (count - 1))) return std::nullopt;
      begin += count;
    }
    if (length > rest_.size() - begin) return std::nullopt;
    const DerElement out{static_cast<std::uint8_t>(rest_[0]), rest_.subspan(begin, length)};
    rest_ = rest_.subspan(begin + length);
    return out;
  }
  // The next element, if it has this tag.
  std::optional<ByteView> next(std::uint8_t tag) {
    const auto element = next();
    if (!element || element->tag != tag) return std::nullopt;
    return element->value;
  }

 private:
  ByteView rest_;
};

// The value of an INTEGER from 0 to 65,535 in its shortest form (§8.3.2).
inline std::optional<std::uint16_t> der_small_integer(ByteView value) {
  if (value.empty() || value.size() > 3) return std::nullopt;
  if (value.size() > 1 && value[0] == std::byte{0} && (value[1] & std::byte{0x80}) == std::byte{0}) return std::nullopt;
  if ((value[0] & std::byte{0x80}) != std::byte{0}) return std::nullopt;
  std::uint32_t number = 0;
  for (const std::byte each : value) number = (number << 8) | static_cast<std::uint32_t>(each);
  if (number > 0xffff) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace redoubt::crypto
