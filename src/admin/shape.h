// The shapes of what callers send and get: from one constexpr description come the check of a body and the schema that
// the OpenAPI document shows of it, so that neither can say what the other does not.
//
//   inline constexpr Field kFields[] = {{"id", &kIdShape, "its name", kRequired}, {"groups", &kIdsShape, "…"}};
//   inline constexpr Shape kPrincipalShape = object_of("NewPrincipal", kFields, kClosed);
//   auto faults = check(kPrincipalShape, element);           // empty: it fits
//
// Shapes are constants with static lifetime; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {

// What a text may be.
struct TextForm {
  enum class Kind : std::uint8_t {
    kName,       // one character of `first`, the others of `rest`; `min` is at least 1
    kLine,       // no control characters
    kLines,      // no control characters but tab, line feed and carriage return
    kAny,        // whatever JSON can say
    kTimestamp,  // RFC 3339 in UTC (timestamp.h)
  };

  Kind kind = Kind::kLine;
  std::size_t min = 0;  // characters: code points of Unicode, as JSON Schema counts (Validation §6.3.1)
  std::size_t max = 0;
  std::string_view first;  // of kName: the inside of a regular expression's class of ASCII characters, `a-z0-9._-`
  std::string_view rest;
};
// Whether it fits. Time depends on the text.
bool fits(const TextForm& form, std::string_view text);
// The same as a regular expression (ECMA-262 with `u`, anchored); of the length only what kName says.
std::string pattern_of(const TextForm& form);

struct Shape;

enum class Presence : std::uint8_t {
  kOptional,
  kRequired,
  kNullable,          // optional, and may be null: in a merge patch, to take it away
  kRequiredNullable,  // there, perhaps as null
};
inline constexpr Presence kOptional = Presence::kOptional;
inline constexpr Presence kRequired = Presence::kRequired;
inline constexpr Presence kNullable = Presence::kNullable;
inline constexpr Presence kRequiredNullable = Presence::kRequiredNullable;

struct Field {
  std::string_view name;
  const Shape* shape = nullptr;
  std::string_view description;
  Presence presence = kOptional;

  constexpr bool required() const { return presence == kRequired || presence == kRequiredNullable; }
  constexpr bool nullable() const { return presence == kNullable || presence == kRequiredNullable; }
};

struct Shape {
  enum class Type : std::uint8_t { kObject, kArray, kText, kInteger, kNumber, kBoolean, kAnyObject };

  Type type = Type::kObject;
  std::string_view name;                      // of the component in the document; empty: written out where it is used
  std::span<const Field> fields;              // kObject
  bool closed = false;                        // kObject: other members are a fault
  std::size_t min_fields = 0;                 // kObject: of those that are there
  const Shape* items = nullptr;               // kArray
  std::size_t max_items = 0;                  // kArray
  bool unique = false;                        // kArray of texts
  TextForm form;                              // kText without choices
  std::span<const std::string_view> choices;  // kText
  std::uint64_t min = 0;                      // kInteger
  std::uint64_t max = 0;
};

// The largest integer that every reader of JSON has exactly (RFC 8259 §6).
inline constexpr std::uint64_t kIntegerMax = (std::uint64_t{1} << 53) - 1;

inline constexpr bool kClosed = true;
constexpr Shape object_of(std::string_view name, std::span<const Field> fields, bool closed = false,
                          std::size_t min_fields = 0) {
  return {.type = Shape::Type::kObject, .name = name, .fields = fields, .closed = closed, .min_fields = min_fields};
}
constexpr Shape list_of(const Shape& items, std::size_t max_items, bool unique = false) {
  return {.type = Shape::Type::kArray, .items = &items, .max_items = max_items, .unique = unique};
}
constexpr Shape text_of(const TextForm& form) {
  return {.type = Shape::Type::kText, .form = form};
}
constexpr Shape one_of(std::span<const std::string_view> choices) {
  return {.type = Shape::Type::kText, .choices = choices};
}
constexpr Shape integer_of(std::uint64_t min, std::uint64_t max) {
  return {.type = Shape::Type::kInteger, .min = min, .max = max};
}
inline constexpr Shape kNumber = {.type = Shape::Type::kNumber};  // 0 or more, with a fraction; in answers alone
inline constexpr Shape kBoolean = {.type = Shape::Type::kBoolean};
inline constexpr Shape kAnyObject = {.type = Shape::Type::kAnyObject};  // its members are another's business

// Where a value does not fit, as an RFC 6901 pointer, and why.
struct Fault {
  std::string pointer;
  std::string detail;
};
inline constexpr std::size_t kMaxFaults = 20;

// Every place where `value` does not fit, the first kMaxFaults of them.
std::vector<Fault> check(const Shape& shape, simdjson::dom::element value);
// One text, as it stands in a path, a query or a header, read as the shape's type: text, integer (decimal digits, no
// leading zero), boolean (`true`, `false`). Why it does not fit, or empty.
std::string check_text(const Shape& shape, std::string_view text);

// JSON Schema (2020-12) of the shape: a reference when it has a name, or else written out.
void append_schema(encoding::JsonWriter& json, const Shape& shape);
// Written out, also when it has a name: for the document's components.
void append_definition(encoding::JsonWriter& json, const Shape& shape);

}  // namespace redoubt::admin
