// A row as bytes: its columns one after the other. Those of the key come first, so that the key is the row's beginning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "state/tables.h"

namespace redoubt::state {

inline constexpr std::size_t kColumnsMax = 32;

// Puts a row or a key together, and keeps its memory for the next one.
class RowWriter {
 public:
  void clear() { size_ = 0; }
  void append(const Column& column);
  void append(std::initializer_list<Column> columns);
  // Columns as they lie in another row.
  void append_bytes(std::string_view columns);
  // Until it is changed.
  std::string_view bytes() const { return {bytes_.get(), size_}; }

 private:
  // Where so many bytes more are to be written, which count from now on.
  char* add(std::size_t bytes) {
    if (capacity_ - size_ < bytes) grow(bytes);
    char* const at = bytes_.get() + size_;
    size_ += bytes;
    return at;
  }
  void grow(std::size_t bytes);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Of a row's bytes, for tables in memory. Inline: each change of a row takes some.
inline std::uint64_t hash_bytes(std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  __extension__ using Wide = unsigned __int128;
  std::uint64_t hash = (bytes.size() + 1) * kOdd;
  const auto mix = [&](std::uint64_t word) {
    const Wide product = Wide{hash ^ word} * kOdd;
    hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t word = 0;
  if (bytes.size() < kWord) {
    for (const char c : bytes) word = word << 8 | static_cast<unsigned char>(c);
  } else {
    const char* const last = bytes.data() + bytes.size() - kWord;
    for (const char* at = bytes.data(); at < last; at += kWord) {
      std::memcpy(&word, at, kWord);
      mix(word);
    }
    std::memcpy(&word, last, kWord);
  }
  mix(word);
  return hash;
}

// Looks at a row that lies elsewhere, as far as it is asked about: most rows are for one or two of their columns.
class BytesRow final : public Row {
 public:
  BytesRow() = default;
  explicit BytesRow(std::string_view bytes) { look_at(bytes); }
  BytesRow(const BytesRow&) = delete;
  BytesRow& operator=(const BytesRow&) = delete;

  void look_at(std::string_view bytes) {
    begins_[0] = bytes.data();
    end_ = bytes.data() + bytes.size();
    known_ = 0;
  }

  std::size_t size() const;
  // The first so many columns, one of them, and some, as bytes.
  std::string_view first(std::size_t count) const { return bytes(0, count); }
  std::string_view bytes(std::size_t column) const { return bytes(column, column + 1); }
  // Those from the first one on, before the other.
  std::string_view bytes(std::size_t from, std::size_t end) const;
  Column column(std::size_t column) const;

  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  ByteView blob(int column) const override;

 private:
  // Where the column begins, or where the last one ends. Precondition: there is one before it.
  const char* begin_of(std::size_t column) const {
    if (known_ < column) look_on(column);
    return begins_[column];
  }
  void look_on(std::size_t column) const;
  const char* at(int column) const { return begin_of(static_cast<std::size_t>(column)); }

  mutable std::array<const char*, kColumnsMax + 1> begins_;  // up to known_
  mutable std::size_t known_ = 0;
  const char* end_ = nullptr;
};

// What has the order among bytes that SQLite gives a key among keys; nearly so for texts with a NUL in them. It lies in
// the key, or is appended to `scratch`: no more bytes than the key has.
std::string_view ordered(std::string_view key, std::string& scratch);

}  // namespace redoubt::state
