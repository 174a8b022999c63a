// A row as bytes: its columns one after the other. Those of the key come first, so that the key is the row's beginning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "state/tables.h"

namespace redoubt::state {

inline constexpr std::size_t kColumnsMax = 32;

void append_column(std::string& out, const Column& column);
void append_columns(std::string& out, std::span<const Column> columns);

// Looks at a row that lies elsewhere.
class BytesRow final : public Row {
 public:
  BytesRow() = default;
  explicit BytesRow(std::string_view bytes);

  std::size_t size() const { return size_; }
  // The first so many columns, and one of them, as bytes.
  std::string_view first(std::size_t count) const;
  std::string_view bytes(std::size_t column) const;
  Column column(std::size_t column) const;

  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  ByteView blob(int column) const override;

 private:
  std::array<const char*, kColumnsMax + 1> begins_{};  // of each column, and the end
  std::size_t size_ = 0;
};

// Appends what has the order among bytes that SQLite gives a key among keys; nearly so for texts with a NUL in them.
void append_ordered(std::string& out, std::string_view key);

}  // namespace redoubt::state
