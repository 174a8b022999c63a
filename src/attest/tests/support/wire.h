// Binary structures made by hand, for tests.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace redoubt::attest::testing {

// Bytes put one after the other.
struct Wire {
  Bytes bytes;

  template <class T>
  Wire& le(T value) {
    bytes.resize(bytes.size() + sizeof(T));
    store_le<T>(MutableByteView(bytes).last(sizeof(T)), value);
    return *this;
  }
  template <class T>
  Wire& be(T value) {
    bytes.resize(bytes.size() + sizeof(T));
    store_be<T>(MutableByteView(bytes).last(sizeof(T)), value);
    return *this;
  }
  Wire& raw(ByteView more) {
    append(bytes, more);
    return *this;
  }
  Wire& raw(std::string_view more) { return raw(as_bytes(more)); }
  Wire& zeros(std::size_t count) {
    bytes.resize(bytes.size() + count);
    return *this;
  }
};

}  // namespace redoubt::attest::testing
