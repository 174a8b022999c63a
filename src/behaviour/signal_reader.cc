#include "behaviour/signal_reader.h"

#include <optional>
#include <string>

#include "encoding/json_reader.h"

namespace redoubt::behaviour {
namespace {

// Members of the wrong type are left as they are: the comparison at the end finds that.
template <class T>
void take_number(const simdjson::dom::object& object, const char* name, T& out) {
  std::uint64_t number = 0;
  if (object.at_key(name).get(number) == simdjson::SUCCESS) out = static_cast<T>(number);
}

std::string text_of(const simdjson::dom::object& object, const char* name) {
  return std::string(encoding::string_member(object, name));
}

}  // namespace

Result<Signal> read_signal(std::string_view line) {
  encoding::JsonReader reader({.max_bytes = kSignalLineMax, .max_depth = 2});
  auto root = reader.parse(line);
  if (!root) return root.error();
  const Error malformed(Errc::kMalformed, "it is not a signal as they are written");
  simdjson::dom::object object;
  if (root->get(object) != simdjson::SUCCESS) return malformed;
  Signal out{.rule = text_of(object, "rule"), .key = text_of(object, "key")};
  take_number(object, "index", out.index);
  std::int64_t time = 0;
  if (object.at_key("time").get(time) == simdjson::SUCCESS) out.time = {time};
  const std::string_view severity = encoding::string_member(object, "severity");
  for (const Severity each : {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    if (severity == to_string(each)) out.severity = each;
  }
  take_number(object, "score", out.score);
  take_number(object, "confidence", out.confidence);
  const std::string_view attribution = encoding::string_member(object, "attribution");
  for (const Attribution each : {Attribution::kProven, Attribution::kClaimed}) {
    if (attribution == to_string(each)) out.attribution = each;
  }
  out.tenant = text_of(object, "tenant");
  out.message = text_of(object, "message");
  simdjson::dom::array entries;
  if (object.at_key("entries").get(entries) == simdjson::SUCCESS) {
    for (const simdjson::dom::element entry : entries) {
      std::uint64_t number = 0;
      if (entry.get(number) != simdjson::SUCCESS || out.entries.size() == kSignalEntriesMax) return malformed;
      out.entries.push_back(number);
    }
  }
  simdjson::dom::array tags;
  if (object.at_key("tags").get(tags) == simdjson::SUCCESS) {
    for (const simdjson::dom::element tag : tags) {
      std::string_view text;
      if (tag.get(text) != simdjson::SUCCESS || out.tags.size() == kSignalTagsMax) return malformed;
      out.tags.emplace_back(text);
    }
  }
  std::string written;
  append_signal(written, out);
  if (written != line) return malformed;
  return out;
}

}  // namespace redoubt::behaviour
