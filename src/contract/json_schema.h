// JSON Schema, compiled once: do a tool's arguments, or a model's structured output, have the form they must have?
//
//   const auto schema = JsonSchema::compile(text);                  // once; errors say which keyword and why
//   const auto problems = schema->validate(*reader.parse(body));    // for each instance
//   if (!problems) return refuse();                                 // it needs more work than the limit
//   for (const SchemaProblem& problem : *problems) …                // empty: the instance is valid
//
// Two dialects: draft 2020-12 (Core and Validation, with all their keywords but `$vocabulary`), and draft 7, each with
// the meaning that it gives to `items`, `$ref` and `$id`. What is not a keyword there is ignored, as both say. Nothing
// is ever fetched: what `$ref` names must be in the document, by pointer, anchor or an `$id` inside.
//
// What differs from other validators, or is left open by the standard:
// - Numbers are decimals, exactly, as written with up to 17 digits (more are rounded as doubles are): 0.3 is a multiple
//   of 0.1. 1.0 is an integer, and equals 1.
// - `pattern` has the syntax of ECMA-262 with its flag `u`, matched by RE2 in linear time. Lookaround and
//   back-references, which RE2 lacks, are refused when the schema is compiled.
// - `format` is asserted for date, time, date-time, duration, email, hostname, ipv4, ipv6, uri, uri-reference, uuid and
//   json-pointer; others are ignored. An option turns it off.
// - `$dynamicRef` is followed where only one place in the document can be meant; otherwise the schema is refused.
// - `dependencies` and `definitions` are read in 2020-12, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"

namespace redoubt::contract {

enum class SchemaDialect : std::uint8_t { kDraft202012, kDraft7 };

struct JsonSchemaOptions {
  SchemaDialect dialect = SchemaDialect::kDraft202012;  // of a document without `$schema`
  bool assert_formats = true;
  // Of the instance's validation, in steps: a schema asked about a value, a member looked at, 64 bytes compared, 16
  // bytes matched by a pattern. 20 million take about a second.
  std::uint64_t max_work = 1'000'000;
  std::size_t max_problems = 16;  // at least 1; what is found beyond is not reported
};

struct SchemaProblem {
  // Where in the instance: a JSON Pointer (RFC 6901). It holds names of members, which are the sender's words; one of
  // more than 1,024 bytes gives way to that of the nearest place around it that is short enough.
  std::string instance;
  // Which keyword says so: a pointer into the schema as a URI fragment's text, `#/properties/age/minimum`. The same
  // bound.
  std::string keyword;
  // For a person, without content: `is below the minimum`. Lives as long as the program.
  std::string_view reason;
};

// Immutable: any thread. Movable, and not empty unless moved from.
class JsonSchema {
 public:
  // Of at most 1 MiB, 64 levels, 20,000 schemas and 256 patterns. Errors, each with the place: kMalformed (no JSON, or
  // a keyword's value has not the form it must have), kTooLarge, kUnsupported (another dialect, a pattern that RE2
  // cannot do, a reference out of the document).
  static Result<JsonSchema> compile(std::string_view text, const JsonSchemaOptions& options = {});

  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;
  ~JsonSchema();

  // What is wrong with the instance: nothing when it is valid. Does not allocate then, but for `uniqueItems` and
  // `unevaluated…`. Alternatives (`anyOf`, `oneOf`, `if`, `not`, `contains`) are one problem, not those of each branch.
  // Errors: kTooLarge when it takes more than max_work, or more than 512 schemas inside each other, which is how a
  // schema that refers to itself without end shows.
  Result<std::vector<SchemaProblem>> validate(simdjson::dom::element instance) const;

 private:
  struct Compiled;
  explicit JsonSchema(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace redoubt::contract
