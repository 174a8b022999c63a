// For tests: an item in diagnostic notation (RFC 8949 §8), and the same item written again.
#pragma once

#include <string>

#include "base/check.h"
#include "encoding/base64.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"

namespace redoubt::encoding {

inline std::string negative_text(std::uint64_t argument) {
  // -1 - argument, of which the largest does not fit in any integer of the language.
  return argument == ~std::uint64_t{0} ? "-18446744073709551616" : "-" + std::to_string(argument + 1);
}

inline std::string escaped(char c) {
  return c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
}

inline std::string cbor_text(const CborValue& value) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.size() > 1 ? ", " : "") + text; };
  switch (value.type()) {
    case CborType::kUnsigned:
      return std::to_string(*value.unsigned_integer());
    case CborType::kNegative:
      if (const auto small = value.integer()) return std::to_string(*small);
      return negative_text(load_be<std::uint64_t>(value.encoded().subspan(1)));
    case CborType::kBytes:
      return "h'" + hex(*value.bytes()) + "'";
    case CborType::kText:
      out = "\"";
      for (const char c : std::string(*value.text())) out += escaped(c);
      return out + "\"";
    case CborType::kArray:
      out = "[";
      for (const CborValue item : value.array()) add(cbor_text(item));
      return out + "]";
    case CborType::kMap:
      out = "{";
      for (const CborMember each : value.map()) add(cbor_text(each.key) + ": " + cbor_text(each.value));
      return out + "}";
    case CborType::kTag:
      return std::to_string(*value.tag()) + "(" + cbor_text(value.content()) + ")";
    case CborType::kSimple:
      if (value.boolean()) return *value.boolean() ? "true" : "false";
      if (value.is_null()) return "null";
      REDOUBT_CHECK(value.is_undefined());
      return "undefined";
    case CborType::kAbsent:
      break;
  }
  return "absent";
}

inline void write_cbor(CborWriter& cbor, const CborValue& value) {
  switch (value.type()) {
    case CborType::kUnsigned:
      return cbor.unsigned_integer(*value.unsigned_integer());
    case CborType::kNegative:
      // Below -2^63 the writer has no call: nothing that is written here needs one.
      return value.integer() ? cbor.integer(*value.integer()) : cbor.item(value.encoded());
    case CborType::kBytes:
      return cbor.bytes(*value.bytes());
    case CborType::kText:
      return cbor.text(*value.text());
    case CborType::kArray:
      cbor.begin_array();
      for (const CborValue item : value.array()) write_cbor(cbor, item);
      return cbor.end_array();
    case CborType::kMap:
      cbor.begin_map();
      for (const CborMember each : value.map()) {
        write_cbor(cbor, each.key);
        write_cbor(cbor, each.value);
      }
      return cbor.end_map();
    case CborType::kTag:
      cbor.tag(*value.tag());
      return write_cbor(cbor, value.content());
    case CborType::kSimple:
      if (value.boolean()) return cbor.boolean(*value.boolean());
      if (value.is_null()) return cbor.null();
      return cbor.item(value.encoded());
    case CborType::kAbsent:
      REDOUBT_CHECK(false);
  }
}

}  // namespace redoubt::encoding
