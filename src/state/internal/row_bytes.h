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
  // The first so many columns, and one of them, as bytes.
  std::string_view first(std::size_t count) const;
  std::string_view bytes(std::size_t column) const;
  Column column(std::size_t column) const;

  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  ByteView blob(int column) const override;

 private:
  // Where the column begins, or where the last one ends. Precondition: there is one before it.
  const char* begin_of(std::size_t column) const;
  const char* at(int column) const { return begin_of(static_cast<std::size_t>(column)); }

  mutable std::array<const char*, kColumnsMax + 1> begins_;  // up to known_
  mutable std::size_t known_ = 0;
  const char* end_ = nullptr;
};

// Appends what has the order among bytes that SQLite gives a key among keys; nearly so for texts with a NUL in them.
void append_ordered(std::string& out, std::string_view key);

}  // namespace redoubt::state
