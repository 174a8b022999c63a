// Values in Cedar's JSON (Cedar reference, "JSON format"), by the types that a schema expects or without.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "encoding/json_writer.h"
#include "policy/internal/json_place.h"
#include "policy/value.h"

namespace redoubt::policy {
struct Type;
}

namespace redoubt::policy::internal {

// `expected` decides only how the JSON is understood: where it says entity or extension, the escapes may be left out;
// where it says record, they are none. Whether the value has that type is check_value's business (conformance.h).
// Nothing, with a problem, for what is no value. Recursion is as deep as the JSON, which its reader bounds.
std::optional<Value> read_value(simdjson::dom::element json, const Type* expected, const JsonPlace& place,
                                ProblemList& problems);

// An entity's attributes and tags: an object that is never an escape. `expected` is null, or a record's type; of tags,
// the one that each has.
std::optional<Record> read_attributes(simdjson::dom::element json, const Type* expected, const JsonPlace& place,
                                      ProblemList& problems);
std::optional<Record> read_tags(simdjson::dom::element json, const Type* expected, const JsonPlace& place,
                                ProblemList& problems);

// An entity UID where it stands in the JSON: becomes one, in its place, where it is kept.
struct UidView {
  std::string_view type;
  std::string_view id;
  operator EntityUid() const { return {std::string(type), std::string(id)}; }  // NOLINT(google-explicit-constructor)
};

// {"type", "id"}, or that as the value of "__entity"; other members do not matter, as in the reference.
std::optional<UidView> read_uid(simdjson::dom::element json, const JsonPlace& place, ProblemList& problems);

// With explicit escapes.
void write_value(encoding::JsonWriter& json, const Value& value);
void write_uid(encoding::JsonWriter& json, const EntityUid& uid);  // {"type", "id"}

}  // namespace redoubt::policy::internal
