// Openings: the values and salts behind the commitments of one record, kept apart from it and sealed.
//
// A value may be left out when it is too large to keep: its salt and full size stay, so whoever holds the original can
// still prove it. The binary form is documented byte by byte in docs/formats/opening.md.
//
//   std::array values = {OpeningValue::of(kPromptField, salt, body)};
//   if (Result<> fits = fit_opening(values, budget_bytes); !fits) return fits.error();
//   if (Result<> done = encode_opening(out, values); !done) return done.error();
//
// Values are personal or confidential: they appear in no error message. All functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "record/commitment.h"

namespace redoubt::record {

inline constexpr std::size_t kOpeningFieldsMax = 16;
inline constexpr std::size_t kOpeningSizeMax = 2 * 1024 * 1024;  // bytes, encoded

struct OpeningValue {
  std::string_view field;  // see is_field_name
  Salt salt{};
  std::string_view value;        // any bytes; empty when it is left out
  std::uint64_t value_size = 0;  // bytes of the full value, whether or not it is here
  bool value_present = false;

  static OpeningValue of(std::string_view field, const Salt& salt, std::string_view value) {
    return {field, salt, value, value.size(), true};
  }
};

// At most one value a field.
struct Opening {
  std::vector<OpeningValue> values;

  // The value of `field`, or null. Valid while the opening is unchanged.
  const OpeningValue* find(std::string_view field) const;
};

// Bytes that `encode_opening` appends.
std::size_t encoded_opening_size(std::span<const OpeningValue> values);

// Leaves out values, the largest first, until the encoded opening has at most `budget_bytes` (and at most
// kOpeningSizeMax). kTooLarge when it does not fit without any value; all are then left out.
Result<> fit_opening(std::span<OpeningValue> values, std::size_t budget_bytes);

// Appends the binary form. Errors, nothing appended: kInvalidArgument for a bad or repeated field name, more than 16
// fields, or a size that contradicts the value; kTooLarge above kOpeningSizeMax.
Result<> encode_opening(std::string& out, std::span<const OpeningValue> values);

// Reads the binary form, strictly: every opening has exactly one. Views in the result point into `bytes`, which must
// outlive it. Errors: kTooLarge above kOpeningSizeMax or 16 fields; kMalformed for anything else that
// `encode_opening` would not have written; kUnsupported for another version.
Result<Opening> decode_opening(ByteView bytes);

// Whether every value that is present is what the record commits to. Errors: kVerifyFailed, naming the field, when a
// value does not recompute to the record's commitment, when the record has no commitment of that field (also for
// values left out), or when a field occurs twice; kMalformed when the record is not one; kTooLarge when it exceeds
// 65,535 bytes. Values left out are not checked: `value_present` says which those are. Commitments of the record
// that the opening does not name are no error.
Result<> check_opening(const Opening& opening, ByteView record_json);

}  // namespace redoubt::record
