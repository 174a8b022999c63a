#include "admin/changes.h"

#include "admin/timestamp.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {

void append_event(std::string& out, std::uint64_t index, const record::Fact& fact) {
  out.append("id: ").append(std::to_string(index));
  out.append("\nevent: ").append(fact.kind).append("\ndata: ");
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("index", index);
  json.member("time", format_timestamp(fact.time));
  json.member("kind", fact.kind);
  json.member("object", fact.object);
  json.member("version", fact.expects + 1);
  json.member("principal", fact.actor.principal);
  if (!fact.actor.credential.empty()) json.member("key", fact.actor.credential);
  if (!fact.actor.on_behalf_of.empty()) json.member("on_behalf_of", fact.actor.on_behalf_of);
  if (!fact.approval.empty()) json.member("approval", fact.approval);
  if (!fact.approved_by.empty()) {
    json.key("approved_by");
    json.begin_array();
    for (const std::string& principal : fact.approved_by) json.value(principal);
    json.end_array();
  }
  json.end_object();
  out.append("\n\n");
}

Result<std::uint64_t> append_events(state::FactSource& source, std::uint64_t after, std::uint64_t upto,
                                    record::FactReader& reader, std::string& out) {
  std::uint64_t reached = upto;
  std::uint64_t seen = after;
  std::size_t count = 0;
  const auto take = [&](const state::FactSource::Entry& entry) -> Result<bool> {
    if (entry.index > upto) return false;
    if (count == kEventsAtOnce) {
      reached = seen;
      return false;
    }
    seen = entry.index;
    const auto fact = reader.read(entry.record);
    // What the fold passes over is no change either.
    if (!fact || *fact == nullptr) return true;
    append_event(out, entry.index, **fact);
    ++count;
    return true;
  };
  if (auto read = source.read(after + 1, take); !read) {
    if (read.error().code() == Errc::kUnavailable) return seen;
    return read.error();
  }
  return reached;
}

}  // namespace redoubt::admin
