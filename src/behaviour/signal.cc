#include "behaviour/signal.h"

#include "encoding/json_writer.h"

namespace redoubt::behaviour {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kLow:
      return "low";
    case Severity::kMedium:
      return "medium";
    case Severity::kHigh:
      return "high";
    case Severity::kCritical:
      break;
  }
  return "critical";
}

std::string_view to_string(Attribution attribution) {
  return attribution == Attribution::kProven ? "proven" : "claimed";
}

std::string Signal::id() const {
  std::string out;
  out.reserve(rule.size() + key.size() + 22);
  out.append(rule).append(":").append(key).append(":").append(std::to_string(index));
  return out;
}

void append_signal(std::string& out, const Signal& signal) {
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("id", signal.id());
  json.member("rule", signal.rule);
  json.member("key", signal.key);
  json.member("index", signal.index);
  json.member("time", signal.time.value);
  json.member("severity", to_string(signal.severity));
  json.member("score", signal.score);
  json.member("confidence", signal.confidence);
  json.member("attribution", to_string(signal.attribution));
  if (!signal.tenant.empty()) json.member("tenant", signal.tenant);
  json.member("message", signal.message);
  json.key("entries");
  json.begin_array();
  for (const std::uint64_t entry : signal.entries) json.value(entry);
  json.end_array();
  json.key("tags");
  json.begin_array();
  for (const std::string& tag : signal.tags) json.value(tag);
  json.end_array();
  json.end_object();
}

}  // namespace redoubt::behaviour
