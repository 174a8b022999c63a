// A schema as it is asked about values: keywords read, references resolved, patterns compiled.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/internal/decimal.h"
#include "contract/internal/formats.h"
#include "contract/internal/pattern.h"
#include "encoding/json_reader.h"

namespace redoubt::contract::internal {

struct Schema;
struct Resource;

// A place in the schema's document that something looked at. Each has one, however it was come to.
struct Location {
  const Location* parent = nullptr;  // null for the root
  std::string step;                  // a member's name, or an index
  simdjson::dom::element json;
  Resource* resource = nullptr;
  bool indexed = false;
  const Schema* schema = nullptr;  // when it is used as one
  std::map<std::string, std::unique_ptr<Location>, std::less<>> children;
};

// `#/properties/age`, then `/keyword` unless that is empty. Shortened as SchemaProblem says.
std::string pointer_to(const Location& location, std::string_view keyword = {});
// Appends `/step` with RFC 6901's escapes.
void append_step(std::string& pointer, std::string_view step);

// Bits of `type`.
enum Types : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
};
constexpr std::uint8_t kAnyType = 0x7f;
constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

struct NumberRules {
  std::optional<Decimal> minimum;
  std::optional<Decimal> maximum;
  std::optional<Decimal> exclusive_minimum;
  std::optional<Decimal> exclusive_maximum;
  std::optional<Decimal> multiple_of;
};

struct StringRules {
  std::uint64_t min_length = 0;  // in code points
  std::uint64_t max_length = kNoBound;
  std::optional<Pattern> pattern;
  Format format = nullptr;
};

struct ArrayRules {
  std::uint64_t min_items = 0;
  std::uint64_t max_items = kNoBound;
  bool unique = false;
  std::vector<const Schema*> prefix;
  const Schema* rest = nullptr;   // of the items after the prefix
  std::string_view rest_keyword;  // what the dialect calls it
  const Schema* contains = nullptr;
  std::uint64_t min_contains = 1;
  std::uint64_t max_contains = kNoBound;
  bool contains_evaluates = false;
};

// `dependentRequired`, `dependentSchemas` and `dependencies`, for one member.
struct Dependent {
  std::string name;
  std::vector<std::string> required;
  const Schema* schema = nullptr;
  std::string_view keyword;
};

struct ObjectRules {
  std::uint64_t min_properties = 0;
  std::uint64_t max_properties = kNoBound;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, const Schema*>> properties;  // sorted by name
  std::vector<std::pair<Pattern, const Schema*>> patterns;
  const Schema* additional = nullptr;
  const Schema* names = nullptr;
  std::vector<Dependent> dependents;
};

// Whatever is absent says nothing. Rules of a type that no keyword speaks of are null.
struct Schema {
  const Location* location = nullptr;
  std::optional<bool> always;  // of `true` and `false`
  std::uint8_t types = kAnyType;
  std::vector<simdjson::dom::element> enumeration;  // of `enum`
  bool has_enumeration = false;
  std::optional<simdjson::dom::element> constant;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<StringRules> string;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  const Schema* reference = nullptr;
  std::string_view reference_keyword;
  std::vector<const Schema*> all_of;
  std::vector<const Schema*> any_of;
  std::vector<const Schema*> one_of;
  const Schema* negated = nullptr;
  const Schema* condition = nullptr;
  const Schema* consequence = nullptr;
  const Schema* alternative = nullptr;
  const Schema* unevaluated_items = nullptr;
  const Schema* unevaluated_properties = nullptr;
};

// The part of the document that an `$id` names, or all of it.
struct Resource {
  std::string uri;  // without a fragment; empty when it has no name
  Location* root = nullptr;
  std::map<std::string, Location*, std::less<>> anchors;
};

// All that a compiled schema consists of: elements point into the reader's document, schemas at locations.
struct Document {
  explicit Document(encoding::JsonLimits limits) : reader(limits) {}

  encoding::JsonReader reader;
  Location root;
  std::deque<Resource> resources;
  std::deque<Schema> schemas;  // the first one is the root's
};

}  // namespace redoubt::contract::internal
