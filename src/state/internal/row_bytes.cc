#include "state/internal/row_bytes.h"

#include <cstring>

#include "base/check.h"

namespace redoubt::state {

namespace {

// A column: its kind, then a number in eight bytes or a size in four and the bytes.
enum class Kind : char { kNull, kInteger, kText, kBytes };
constexpr std::size_t kNumberSize = sizeof(std::int64_t);
constexpr std::size_t kSizeSize = sizeof(std::uint32_t);

Kind kind_at(const char* column) {
  return static_cast<Kind>(*column);
}

template <class T>
T number_at(const char* at) {
  T number{};
  std::memcpy(&number, at, sizeof(number));
  return number;
}

template <class T>
void append_head(std::string& out, Kind kind, T number) {
  std::array<char, 1 + sizeof(T)> bytes{static_cast<char>(kind)};
  std::memcpy(bytes.data() + 1, &number, sizeof(number));
  out.append(bytes.data(), bytes.size());
}

void append_sized(std::string& out, Kind kind, std::string_view bytes) {
  REDOUBT_CHECK(bytes.size() <= UINT32_MAX);
  append_head(out, kind, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

std::string_view content(const char* column) {
  return {column + 1 + kSizeSize, number_at<std::uint32_t>(column + 1)};
}

const char* after(const char* column) {
  switch (kind_at(column)) {
    case Kind::kNull:
      return column + 1;
    case Kind::kInteger:
      return column + 1 + kNumberSize;
    case Kind::kText:
    case Kind::kBytes:
      break;
  }
  const std::string_view bytes = content(column);
  return bytes.data() + bytes.size();
}

}  // namespace

void append_column(std::string& out, const Column& column) {
  const Column::Held& held = column.held();
  if (const auto* number = std::get_if<std::int64_t>(&held)) {
    append_head(out, Kind::kInteger, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&held)) {
    append_sized(out, Kind::kText, *text);
  } else if (const auto* bytes = std::get_if<ByteView>(&held)) {
    append_sized(out, Kind::kBytes, as_chars(*bytes));
  } else {
    out += static_cast<char>(Kind::kNull);
  }
}

void append_columns(std::string& out, std::span<const Column> columns) {
  for (const Column& column : columns) append_column(out, column);
}

const char* BytesRow::begin_of(std::size_t column) const {
  for (; known_ < column; ++known_) {
    REDOUBT_CHECK(known_ < kColumnsMax && begins_[known_] != end_);
    begins_[known_ + 1] = after(begins_[known_]);
  }
  return begins_[column];
}

std::size_t BytesRow::size() const {
  while (begins_[known_] != end_) begin_of(known_ + 1);
  return known_;
}

std::string_view BytesRow::first(std::size_t count) const {
  return {begins_[0], static_cast<std::size_t>(begin_of(count) - begins_[0])};
}

std::string_view BytesRow::bytes(std::size_t column) const {
  const char* const end = begin_of(column + 1);
  return {begins_[column], static_cast<std::size_t>(end - begins_[column])};
}

Column BytesRow::column(std::size_t column) const {
  const char* const at = begin_of(column);
  switch (kind_at(at)) {
    case Kind::kInteger:
      return number_at<std::int64_t>(at + 1);
    case Kind::kText:
      return content(at);
    case Kind::kBytes:
      return as_bytes(content(at));
    case Kind::kNull:
      break;
  }
  return std::nullopt;
}

bool BytesRow::is_null(int column) const {
  return kind_at(at(column)) == Kind::kNull;
}

std::int64_t BytesRow::integer(int column) const {
  const char* const begin = at(column);
  return kind_at(begin) == Kind::kInteger ? number_at<std::int64_t>(begin + 1) : 0;
}

std::string_view BytesRow::text(int column) const {
  const char* const begin = at(column);
  return kind_at(begin) == Kind::kText || kind_at(begin) == Kind::kBytes ? content(begin) : std::string_view();
}

ByteView BytesRow::blob(int column) const {
  return as_bytes(text(column));
}

void append_ordered(std::string& out, std::string_view key) {
  const BytesRow row(key);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const char* const at = row.bytes(i).data();
    if (kind_at(at) == Kind::kInteger) {
      const std::uint64_t number = number_at<std::uint64_t>(at + 1) ^ (std::uint64_t{1} << 63);
      for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
    } else {
      out.append(row.text(static_cast<int>(i))).append(1, '\0');
    }
  }
}

}  // namespace redoubt::state
