#include "record/opening.h"

#include <simdjson.h>

#include <algorithm>

#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "record/exchange_record.h"

namespace redoubt::record {
namespace {

constexpr std::byte kVersion{1};
constexpr std::byte kFlagPresent{1};
constexpr std::size_t kHeaderSize = 2;                   // version, count
constexpr std::size_t kEntryFixedSize = 1 + 1 + 32 + 8;  // name length, flags, salt, value size

bool repeats(std::span<const OpeningValue> values, std::size_t index) {
  return std::any_of(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                     [&](const OpeningValue& earlier) { return earlier.field == values[index].field; });
}

std::string quoted(std::string_view field) {
  return "`" + std::string(field) + "`";
}

// Takes pieces off the front of untrusted bytes; once something was missing, `failed` stays set and pieces are empty.
struct Cursor {
  ByteView rest;
  bool failed = false;

  ByteView take(std::uint64_t size) {
    if (failed || size > rest.size()) {
      failed = true;
      return {};
    }
    const ByteView piece = rest.first(static_cast<std::size_t>(size));
    rest = rest.subspan(static_cast<std::size_t>(size));
    return piece;
  }
  std::byte take_byte() {
    const ByteView piece = take(1);
    return failed ? std::byte{0} : piece[0];
  }
};

Error truncated() {
  return {Errc::kMalformed, "opening ends too early"};
}

}  // namespace

const OpeningValue* Opening::find(std::string_view field) const {
  for (const OpeningValue& value : values) {
    if (value.field == field) return &value;
  }
  return nullptr;
}

std::size_t encoded_opening_size(std::span<const OpeningValue> values) {
  std::size_t size = kHeaderSize;
  for (const OpeningValue& value : values) {
    size += kEntryFixedSize + value.field.size() + (value.value_present ? value.value.size() : 0);
  }
  return size;
}

Result<> fit_opening(std::span<OpeningValue> values, std::size_t budget_bytes) {
  const std::size_t limit = std::min(budget_bytes, kOpeningSizeMax);
  std::size_t size = encoded_opening_size(values);
  while (size > limit) {
    OpeningValue* largest = nullptr;
    for (OpeningValue& value : values) {
      if (value.value_present && (largest == nullptr || value.value.size() > largest->value.size())) largest = &value;
    }
    if (largest == nullptr) return Error(Errc::kTooLarge, "opening exceeds its budget even without values");
    size -= largest->value.size();
    largest->value = {};
    largest->value_present = false;
  }
  return {};
}

Result<> encode_opening(std::string& out, std::span<const OpeningValue> values) {
  if (values.size() > kOpeningFieldsMax) return Error(Errc::kInvalidArgument, "opening has more than 16 fields");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const OpeningValue& value = values[i];
    if (!is_field_name(value.field)) return Error(Errc::kInvalidArgument, "opening has a bad field name");
    if (repeats(values, i)) return Error(Errc::kInvalidArgument, "opening has field " + quoted(value.field) + " twice");
    const bool consistent = value.value_present ? value.value.size() == value.value_size : value.value.empty();
    if (!consistent) {
      return Error(Errc::kInvalidArgument, "size of field " + quoted(value.field) + " contradicts its value");
    }
  }
  const std::size_t size = encoded_opening_size(values);
  if (size > kOpeningSizeMax) return Error(Errc::kTooLarge, "opening exceeds 2 MiB");

  out.reserve(out.size() + size);
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(values.size()));
  for (const OpeningValue& value : values) {
    out.push_back(static_cast<char>(value.field.size()));
    out.append(value.field);
    out.push_back(value.value_present ? static_cast<char>(kFlagPresent) : '\0');
    out.append(as_chars(value.salt));
    std::array<std::byte, 8> value_size;
    store_le<std::uint64_t>(value_size, value.value_size);
    out.append(as_chars(value_size));
    out.append(value.value);
  }
  return {};
}

Result<Opening> decode_opening(ByteView bytes) {
  if (bytes.size() > kOpeningSizeMax) return Error(Errc::kTooLarge, "opening exceeds 2 MiB");
  Cursor cursor{bytes};
  const std::byte version = cursor.take_byte();
  const std::size_t count = std::to_integer<std::size_t>(cursor.take_byte());
  if (cursor.failed) return truncated();
  if (version != kVersion) return Error(Errc::kUnsupported, "opening is of an unknown version");
  if (count > kOpeningFieldsMax) return Error(Errc::kTooLarge, "opening has more than 16 fields");

  Opening opening;
  opening.values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    OpeningValue value;
    value.field = as_chars(cursor.take(std::to_integer<std::size_t>(cursor.take_byte())));
    if (cursor.failed) return truncated();
    if (!is_field_name(value.field)) return Error(Errc::kMalformed, "opening has a bad field name");
    const std::byte flags = cursor.take_byte();
    const ByteView salt = cursor.take(value.salt.size());
    const ByteView value_size = cursor.take(8);
    if (cursor.failed) return truncated();
    if ((flags & ~kFlagPresent) != std::byte{0}) return Error(Errc::kMalformed, "opening has unknown flags");
    value.value_present = flags == kFlagPresent;
    std::copy(salt.begin(), salt.end(), value.salt.begin());
    value.value_size = load_le<std::uint64_t>(value_size);
    if (value.value_present) {
      value.value = as_chars(cursor.take(value.value_size));
      if (cursor.failed) return truncated();
    }
    opening.values.push_back(value);
    if (repeats(opening.values, i)) {
      return Error(Errc::kMalformed, "opening has field " + quoted(value.field) + " twice");
    }
  }
  if (!cursor.rest.empty()) return Error(Errc::kMalformed, "opening has bytes after its end");
  return opening;
}

Result<> check_opening(const Opening& opening, ByteView record_json) {
  encoding::JsonReader reader({.max_bytes = kRecordSizeMax});
  const Result<simdjson::dom::element> record = reader.parse(as_chars(record_json));
  if (!record) return record.error().in("record");
  if (!record->is_object()) return Error(Errc::kMalformed, "record is not a JSON object");

  simdjson::dom::object commitments;
  const bool has_commitments =
      record->at_pointer("/unmapped/redoubt/commitments").get(commitments) == simdjson::SUCCESS;
  for (std::size_t i = 0; i < opening.values.size(); ++i) {
    const OpeningValue& value = opening.values[i];
    // The name is checked before it is printed or hashed: an opening need not have come through decode_opening.
    if (!is_field_name(value.field)) return Error(Errc::kVerifyFailed, "opening has a bad field name");
    const std::string name = quoted(value.field);
    if (repeats(opening.values, i)) return Error(Errc::kVerifyFailed, "opening has field " + name + " twice");
    const std::string_view recorded =
        has_commitments ? encoding::string_member(commitments, value.field) : std::string_view();
    if (recorded.empty()) return Error(Errc::kVerifyFailed, "record has no commitment to field " + name);
    if (!value.value_present) continue;
    const bool holds = value.value.size() == value.value_size &&
                       encoding::hex(commit(value.salt, value.field, as_bytes(value.value))) == recorded;
    if (!holds) return Error(Errc::kVerifyFailed, "value of field " + name + " is not what the record commits to");
  }
  return {};
}

}  // namespace redoubt::record
