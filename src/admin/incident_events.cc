#include "admin/incident_events.h"

#include <charconv>
#include <limits>

#include "admin/call.h"
#include "admin/services.h"
#include "base/timestamp.h"

namespace redoubt::admin {
namespace {

constexpr std::uint64_t kWhole = std::numeric_limits<std::int64_t>::max();  // behind all parts of a fact

// Takes a decimal number off the front.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kWhole) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::optional<incident::ItemPlace> parse_item_place(std::string_view text) {
  const auto index = take_number(text);
  if (!index) return std::nullopt;
  if (text.empty()) return incident::ItemPlace{.index = *index, .part = kWhole};
  if (text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  const auto part = take_number(text);
  if (!part || !text.empty()) return std::nullopt;
  return incident::ItemPlace{.index = *index, .part = *part};
}

std::string to_string(const incident::ItemPlace& place) {
  return std::to_string(place.index).append(".").append(std::to_string(place.part));
}

void write_timeline_item(encoding::JsonWriter& json, const incident::TimelineItem& item) {
  json.begin_object();
  json.member("index", item.place.index);
  json.member("part", item.place.part);
  json.member("what", incident::to_string(item.what));
  json.member("object", item.object);
  if (!item.incident.empty()) json.member("incident", item.incident);
  json.member("actor", item.actor);
  json.member("event_time", format_timestamp(item.event));
  json.member("discovery_time", format_timestamp(item.discovered));
  if (!item.text.empty()) json.member("text", item.text);
  json.end_object();
}

std::optional<Problem> IncidentEvents::begin(Call& call, std::string_view last) {
  incident_ = call.query_value("incident");
  const auto applied = call.services.engine.applied();
  if (last.empty()) {
    if (applied) after_ = {.index = *applied, .part = kWhole};
    return std::nullopt;
  }
  after_ = parse_item_place(last);
  if (!after_) return Problem{.type = &problems::kMalformed, .detail = "`Last-Event-ID` is no place of an event"};
  if (!applied || after_->index > *applied) {
    return Problem{.type = &problems::kInvalid, .detail = "the log is not that long yet"};
  }
  return std::nullopt;
}

Result<bool> IncidentEvents::append(Call& call, std::string& out) {
  state::Tables& tables = call.services.engine.tables();
  const auto items =
      incident_ ? incident::list_timeline(
                      tables, *incident_, incident::TimelineOrder::kDiscovery,
                      after_ ? std::optional(incident::TimelineAfter{.event = {}, .place = *after_}) : std::nullopt,
                      kEventsAtOnce)
                : incident::items_after(tables, after_, kEventsAtOnce);
  if (!items) return items.error();
  for (const incident::TimelineItem& item : *items) {
    out.append("id: ").append(to_string(item.place));
    out.append("\nevent: ").append(incident::to_string(item.what)).append("\ndata: ");
    encoding::JsonWriter json(out);
    write_timeline_item(json, item);
    out.append("\n\n");
    after_ = item.place;
  }
  return items->size() == kEventsAtOnce;
}

}  // namespace redoubt::admin
