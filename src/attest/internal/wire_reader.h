// Reads binary structures from their beginning. A reader that ran out of bytes stays so and gives zeros: read a whole
// structure, then ask once.
#pragma once

#include "base/bytes.h"

namespace redoubt::attest {

// Views into bytes that must outlive them.
class WireReader {
 public:
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  ByteView bytes(std::size_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
    }
    if (!good_) return {};
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  template <class T>
  T le() {
    const ByteView field = bytes(sizeof(T));
    return good_ ? load_le<T>(field) : T{0};
  }
  template <class T>
  T be() {
    const ByteView field = bytes(sizeof(T));
    return good_ ? load_be<T>(field) : T{0};
  }
  // Bytes behind their size, as a TPM has them (TPM2B, TPM 2.0 Part 2 §10.4).
  ByteView sized_be16() { return bytes(be<std::uint16_t>()); }

  bool good() const { return good_; }
  ByteView rest() const { return rest_; }
  // Everything was there, and nothing is left.
  bool finished() const { return good_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool good_ = true;
};

}  // namespace redoubt::attest
