// The members of a JSON object, each read once, strictly: what is missing, of another type or never read is an error
// that the end tells. So a check cannot overlook what a test vector says.
//
//   Fields probe(object);
//   const std::uint64_t index = probe.number("leafIdx");
//   const bool refused = probe.flag("wantErr");
//   if (const Result<> read = probe.done(); !read) return read.error();
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "tlog/hash.h"

namespace redoubt::app::conform {

// The hash of these bytes; nothing when they are not as many as a hash has.
std::optional<tlog::Hash> to_hash(ByteView bytes);

// The number that the whole of `text` spells in decimal digits; false when it spells none.
bool parse_number(std::string_view text, std::uint64_t& value);

class Fields {
 public:
  // Views of the parser's document, which must outlive it.
  explicit Fields(simdjson::dom::object object) : object_(object) {}
  explicit Fields(simdjson::dom::element element);

  std::uint64_t number(std::string_view name);
  bool flag(std::string_view name);
  std::string_view text(std::string_view name);
  // Of an array, or of `null`, which reads as empty. Among the texts, a `null` reads as an empty one.
  std::vector<simdjson::dom::element> items(std::string_view name);
  std::vector<std::string_view> texts(std::string_view name);

  // The member's value when it is there at all.
  std::optional<simdjson::dom::element> optional(std::string_view name);
  void ignore(std::string_view name) { read_.emplace(name); }

  // The first thing that was wrong, or a member that nothing read: kMalformed.
  Result<> done() const;

 private:
  template <class T>
  T get(std::string_view name, const char* type);
  void fail(std::string message);

  simdjson::dom::object object_;
  std::set<std::string, std::less<>> read_;
  std::string wrong_;
};

}  // namespace redoubt::app::conform
