#include "state/internal/row_bytes.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace redoubt::state {

namespace {

// A column: its kind, then a number in eight bytes or a size in four and the bytes.
enum class Kind : char { kNull, kInteger, kText, kBytes };
constexpr std::size_t kNumberSize = sizeof(std::int64_t);
constexpr std::size_t kSizeSize = sizeof(std::uint32_t);

constexpr std::size_t kFirstCapacity = 512;  // of what is put together

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
char* put_head(char* at, Kind kind, T number) {
  *at = static_cast<char>(kind);
  std::memcpy(at + 1, &number, sizeof(number));
  return at + 1 + sizeof(number);
}

std::string_view content(const char* column) {
  return {column + 1 + kSizeSize, number_at<std::uint32_t>(column + 1)};
}

const char* after(const char* column) {
  if (*column >= static_cast<char>(Kind::kText)) {
    const std::string_view bytes = content(column);
    return bytes.data() + bytes.size();
  }
  return column + 1 + (kind_at(column) == Kind::kInteger ? kNumberSize : 0);
}

std::size_t size_of(const Column& column) {
  const Column::Held& held = column.held();
  if (const auto* text = std::get_if<std::string_view>(&held)) return 1 + kSizeSize + text->size();
  if (std::holds_alternative<std::int64_t>(held)) return 1 + kNumberSize;
  if (const auto* bytes = std::get_if<ByteView>(&held)) return 1 + kSizeSize + bytes->size();
  return 1;
}

char* put_sized(char* at, Kind kind, std::string_view bytes) {
  REDOUBT_CHECK(bytes.size() <= UINT32_MAX);
  at = put_head(at, kind, static_cast<std::uint32_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

// Where the next one is put. There are size_of() bytes.
char* put(char* at, const Column& column) {
  const Column::Held& held = column.held();
  if (const auto* text = std::get_if<std::string_view>(&held)) return put_sized(at, Kind::kText, *text);
  if (const auto* number = std::get_if<std::int64_t>(&held)) return put_head(at, Kind::kInteger, *number);
  if (const auto* bytes = std::get_if<ByteView>(&held)) return put_sized(at, Kind::kBytes, as_chars(*bytes));
  *at = static_cast<char>(Kind::kNull);
  return at + 1;
}

}  // namespace

void RowWriter::grow(std::size_t bytes) {
  capacity_ = std::max(2 * (size_ + bytes), kFirstCapacity);
  auto larger = std::make_unique<char[]>(capacity_);
  if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
}

void RowWriter::append(const Column& column) {
  put(add(size_of(column)), column);
}

void RowWriter::append(std::initializer_list<Column> columns) {
  std::size_t size = 0;
  for (const Column& column : columns) size += size_of(column);
  char* at = add(size);
  for (const Column& column : columns) at = put(at, column);
}

void RowWriter::append_bytes(std::string_view columns) {
  if (!columns.empty()) std::memcpy(add(columns.size()), columns.data(), columns.size());
}

void BytesRow::look_on(std::size_t column) const {
  REDOUBT_CHECK(column <= kColumnsMax);
  const char* at = begins_[known_];
  for (; known_ < column; begins_[++known_] = at) {
    REDOUBT_CHECK(at != end_);
    at = after(at);
  }
}

std::size_t BytesRow::size() const {
  while (begins_[known_] != end_) begin_of(known_ + 1);
  return known_;
}

std::string_view BytesRow::bytes(std::size_t from, std::size_t end) const {
  const char* const last = begin_of(end);
  return {begins_[from], static_cast<std::size_t>(last - begins_[from])};
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

std::string_view ordered(std::string_view key, std::string& scratch) {
  const BytesRow row(key);
  const std::size_t columns = row.size();
  if (columns == 1 && kind_at(key.data()) == Kind::kText) return content(key.data());
  const std::size_t begin = scratch.size();
  for (std::size_t i = 0; i < columns; ++i) {
    const char* const at = row.bytes(i).data();
    if (kind_at(at) == Kind::kInteger) {
      const std::uint64_t number = number_at<std::uint64_t>(at + 1) ^ (std::uint64_t{1} << 63);
      for (int shift = 56; shift >= 0; shift -= 8) scratch += static_cast<char>(number >> shift);
    } else {
      scratch.append(row.text(static_cast<int>(i))).append(1, '\0');
    }
  }
  return std::string_view(scratch).substr(begin);
}

}  // namespace redoubt::state
