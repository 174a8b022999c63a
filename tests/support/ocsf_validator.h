// An offline validator of OCSF events, for tests: what the schema says of an event, not what our records happen to be.
//
// It reads the resolved schema (classes and objects with inheritance, profiles and dictionary merged) and checks, at
// every depth:
//
//   - the class named by `class_uid`, its `category_uid`, `type_uid` = class_uid * 100 + activity_id, and that
//     `metadata.version` is the schema's;
//   - required attributes present, and no attribute that the class or object does not define (`unmapped` and JSON-typed
//     attributes hold anything);
//   - profiles: each name in `metadata.profiles` is one the class permits; an attribute that belongs to a profile is
//     required, or allowed at all, only when the event names that profile;
//   - types with their maximum length, range and pattern; arrays; values of enumerations;
//   - the pair of a number and its caption (`status_id`, `status`): the caption is the schema's unless the number is
//   99;
//   - the constraints `at_least_one` and `just_one`.
//
// Stricter than the schema in three things: null is never a value, duplicate names are refused, and integers have at
// most 64 bits. The resolved schema lists no attributes of the profile `datetime`, so an event cannot name it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::test {

struct OcsfProblem {
  std::string path;  // for example `metadata.product.version` or `authorizations[0].policy`; empty: the event itself
  std::string reason;
};

class OcsfValidator {
 public:
  // Errors: kNotFound or kIo for the file, kMalformed when it is not a resolved schema.
  static Result<OcsfValidator> load(const std::string& path);

  OcsfValidator(OcsfValidator&&) noexcept;
  OcsfValidator& operator=(OcsfValidator&&) noexcept;
  ~OcsfValidator();

  // Empty when the event is valid. One thread at a time an event; any number of threads an object.
  std::vector<OcsfProblem> validate(std::string_view event_json) const;

 private:
  struct Schema;
  explicit OcsfValidator(std::unique_ptr<const Schema> schema);
  std::unique_ptr<const Schema> schema_;
};

// Where the tests' data keeps the resolved schema 1.8.0: below $REDOUBT_DATA, or else beside the repository. The file
// may be absent; tests then skip.
std::string ocsf_schema_path();

// The problems as one text, a line each, for assertion messages.
std::string to_string(const std::vector<OcsfProblem>& problems);

}  // namespace redoubt::test
