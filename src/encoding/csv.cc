#include "encoding/csv.h"

#include <utility>

namespace redoubt::encoding {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Error CsvReader::error(Errc code, std::string_view what) const {
  return {code, "line " + std::to_string(line_) + ": " + std::string(what)};
}

Result<> CsvReader::end_field() {
  if (record_.size() >= limits_.fields_max) return error(Errc::kTooLarge, "too many fields");
  record_.push_back(std::move(field_));
  field_.clear();
  return {};
}

Result<> CsvReader::end_record(const Take& take) {
  if (const auto ended = end_field(); !ended) return ended;
  if (width_ == 0) width_ = record_.size();
  if (record_.size() != width_) return error(Errc::kMalformed, "another number of fields than in the first line");
  const auto taken = take(record_);
  record_.clear();
  record_size_ = 0;
  record_begun_ = false;
  at_ = At::kFieldStart;
  ++line_;
  return taken;
}

Result<> CsvReader::step(char c, const Take& take) {
  if (c == '\0') return error(Errc::kMalformed, "a zero byte");
  if (at_ == At::kReturn) {
    if (c != '\n') return error(Errc::kMalformed, "a carriage return without a line feed");
    return end_record(take);
  }
  if (++record_size_ > limits_.record_size_max) return error(Errc::kTooLarge, "the record is too large");
  if (at_ == At::kQuoted) {
    if (c == '"') {
      at_ = At::kQuoteInQuoted;
    } else {
      if (c == '\n') ++line_;
      field_ += c;
    }
    return {};
  }
  record_begun_ = true;
  switch (c) {
    case '\n':
      return end_record(take);
    case '\r':
      at_ = At::kReturn;
      return {};
    case ',':
      at_ = At::kFieldStart;
      return end_field();
    case '"':
      if (at_ == At::kPlain) return error(Errc::kMalformed, "a quotation mark inside a field without them");
      if (at_ == At::kQuoteInQuoted) field_ += '"';
      at_ = At::kQuoted;
      return {};
    default:
      if (at_ == At::kQuoteInQuoted) return error(Errc::kMalformed, "something behind a field in quotation marks");
      at_ = At::kPlain;
      field_ += c;
      return {};
  }
}

Result<> CsvReader::feed(std::string_view piece, const Take& take) {
  for (const char c : piece) {
    if (mark_bytes_ < kByteOrderMark.size()) {
      if (c == kByteOrderMark[mark_bytes_]) {
        ++mark_bytes_;
        continue;
      }
      // What only began like a mark is content.
      const std::string_view begun = kByteOrderMark.substr(0, mark_bytes_);
      mark_bytes_ = kByteOrderMark.size();
      for (const char b : begun) {
        if (const auto stepped = step(b, take); !stepped) return stepped;
      }
    }
    if (const auto stepped = step(c, take); !stepped) return stepped;
  }
  return {};
}

Result<> CsvReader::finish(const Take& take) {
  if (mark_bytes_ > 0 && mark_bytes_ < kByteOrderMark.size()) {
    const std::string_view begun = kByteOrderMark.substr(0, mark_bytes_);
    mark_bytes_ = kByteOrderMark.size();
    for (const char b : begun) {
      if (const auto stepped = step(b, take); !stepped) return stepped;
    }
  }
  if (at_ == At::kQuoted) return error(Errc::kMalformed, "a quotation mark is not closed");
  if (at_ == At::kReturn) return error(Errc::kMalformed, "a carriage return without a line feed");
  if (!record_begun_) return {};
  return end_record(take);
}

}  // namespace redoubt::encoding
