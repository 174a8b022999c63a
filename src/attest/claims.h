// What evidence says, as names and values that every kind of it shares: for people, policies and comparison.
//
// Byte strings are text in lower-case hexadecimal; a set of registers is an object by index; a list has an order that
// means something.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "encoding/json_writer.h"

namespace redoubt::attest {

class Claim;
using ClaimList = std::vector<Claim>;
// Members in the order in which they were added; a name stands once.
using ClaimObject = std::vector<std::pair<std::string, Claim>>;

class Claim {
 public:
  Claim(bool value) : value_(value) {}                      // NOLINT(google-explicit-constructor)
  Claim(std::uint64_t value) : value_(value) {}             // NOLINT(google-explicit-constructor)
  Claim(std::string value) : value_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
  Claim(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Claim(ByteView bytes);                                    // NOLINT(google-explicit-constructor) as hexadecimal
  Claim(ClaimList value) : value_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Claim(ClaimObject value);                                 // NOLINT(google-explicit-constructor)
  // An object that others have, too; not null.
  explicit Claim(std::shared_ptr<const ClaimObject> value) : value_(std::move(value)) {}

  // Null when it is of another kind.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::uint64_t* number() const { return std::get_if<std::uint64_t>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const ClaimList* list() const { return std::get_if<ClaimList>(&value_); }
  const ClaimObject* object() const {
    const auto* shared = std::get_if<std::shared_ptr<const ClaimObject>>(&value_);
    return shared == nullptr ? nullptr : shared->get();
  }

  // Whether this is what `expected` demands: an object has each member of it, covered in turn; everything else is
  // equal.
  bool covers(const Claim& expected) const;

  friend bool operator==(const Claim& a, const Claim& b);

 private:
  // Copies share an object, which nobody changes.
  std::variant<bool, std::uint64_t, std::string, ClaimList, std::shared_ptr<const ClaimObject>> value_;
};

// Of a TPM: the digest of the bundle that Redoubt's log of measurements has last, when it replays to what was quoted.
inline constexpr std::string_view kMeasuredBundle = "measured_bundle";

// The member's value; null when there is none.
const Claim* find_claim(const ClaimObject& claims, std::string_view name);

// From JSON: true and false, integers from 0, strings, arrays and objects of these. kMalformed for anything else and
// below eight levels.
Result<Claim> read_claim(const simdjson::dom::element& json);

void write_claim(encoding::JsonWriter& out, const Claim& claim);

}  // namespace redoubt::attest
