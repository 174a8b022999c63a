#include "admin/changes.h"

#include <charconv>

#include "admin/call.h"
#include "base/timestamp.h"
#include "encoding/json_writer.h"

namespace redoubt::admin {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Problem> ChangeEvents::begin(Call& call, std::string_view last) {
  const std::uint64_t applied = call.services.engine.applied().value_or(0);
  after_ = applied;
  if (!last.empty()) {
    const auto number = number_in(last);
    if (!number) return Problem{.type = &problems::kMalformed, .detail = "`Last-Event-ID` is no index"};
    if (*number > applied) return Problem{.type = &problems::kInvalid, .detail = "the log is not that long yet"};
    after_ = *number;
  }
  const auto first = call.services.source.first();
  if (!first) return problem_of(first.error());
  if (after_ + 1 < *first) {
    return Problem{.type = &problems::kGone, .detail = "changes that old are no longer there: read the lists anew"};
  }
  return std::nullopt;
}

Result<bool> ChangeEvents::append(Call& call, std::string& out) {
  const std::uint64_t applied = call.services.engine.applied().value_or(0);
  if (applied <= after_) return false;
  const auto reached = append_events(call.services.source, after_, applied, reader_, out);
  if (!reached) return reached.error();
  after_ = *reached;
  return after_ < applied;
}

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
