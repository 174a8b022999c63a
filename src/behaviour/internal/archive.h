// Writing and reading of saved states: little-endian, every length checked, nothing left over.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace redoubt::behaviour {

class ArchiveWriter {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void put(const T& value) {
    append(out_, {reinterpret_cast<const std::byte*>(&value), sizeof(T)});
  }
  // At most 65,535 bytes.
  void text(std::string_view text) {
    put(static_cast<std::uint16_t>(text.size()));
    append(out_, as_bytes(text));
  }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  Bytes finish() { return std::move(out_); }

 private:
  Bytes out_;
};

// After something did not fit, everything reads as failed.
class ArchiveReader {
 public:
  explicit ArchiveReader(ByteView bytes) : rest_(bytes) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  bool get(T& out) {
    if (failed_ || rest_.size() < sizeof(T)) return fail();
    std::memcpy(&out, rest_.data(), sizeof(T));
    rest_ = rest_.subspan(sizeof(T));
    return true;
  }
  bool text(std::string& out, std::size_t max) {
    std::uint16_t size = 0;
    if (!get(size) || size > max || rest_.size() < size) return fail();
    out.assign(as_chars(rest_.first(size)));
    rest_ = rest_.subspan(size);
    return true;
  }
  std::size_t left() const { return rest_.size(); }
  bool good() const { return !failed_; }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  ByteView rest_;
  bool failed_ = false;
};

}  // namespace redoubt::behaviour
