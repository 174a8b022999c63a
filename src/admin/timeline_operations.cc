#include "admin/timeline_operations.h"

#include <charconv>

#include "admin/incident_events.h"
#include "admin/incident_shapes.h"
#include "admin/services.h"

namespace redoubt::admin {
namespace {

using incident::TimelineAfter;
using incident::TimelineItem;
using incident::TimelineOrder;
using net::Method;

// ---- shapes

constexpr std::string_view kHappenings[] = {
    "alert.raised",      "alert.grew",      "incident.opened",   "incident.changed", "incident.noted",
    "incident.merged",   "incident.closed", "response.proposed", "response.started", "response.rehearsed",
    "response.accepted", "response.undone", "response.refused",  "response.expired", "clock.aware",
    "clock.decided",     "clock.told",      "notice.attempted"};
static_assert(std::size(kHappenings) == incident::kHappeningCount);
constexpr Shape kHappening = one_of(kHappenings);
constexpr Shape kItemText = text_of({.kind = TextForm::Kind::kLine, .max = 1200});
constexpr Field kItemFields[] = {
    {"index", &kIndexShape, "Of the fact, in the system log.", kRequired},
    {"part", &kIndexShape, "Of the fact: one may raise an alert, open an incident and begin responses.", kRequired},
    {"what", &kHappening, "", kRequired},
    {"object", &kObjectShape,
     "What it happened to: `alert/ID`, `incident/ID`, `response/ID`, `clock/ID` or `notice/ID/ENDPOINT`.", kRequired},
    {"incident", &kIncidentIdShape, "That it belongs to now."},
    {"actor", &kTextShape, "Principal; `redoubt` is the server itself.", kRequired},
    {"event_time", &kTimeShape, "When it was: of an alert, that of the entry that raised its first or last signal.",
     kRequired},
    {"discovery_time", &kTimeShape, "When it became known: the fact's.", kRequired},
    {"text", &kItemText, "For people. What a note says is not in it."},
};
constexpr Shape kItem = object_of("TimelineItem", kItemFields);
constexpr Field kTimelineFields[] = {
    {"items", &kPageItems<kItem>, "The oldest first.", kRequired},
    {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last one."}};
constexpr Shape kTimeline = object_of("Timeline", kTimelineFields);

constexpr std::string_view kOrders[] = {"event", "discovery"};
constexpr Shape kOrder = one_of(kOrders);
constexpr Parameter kTimelineParameters[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The incident's name."},
    {.name = "order", .shape = &kOrder, .description = "By which time; else `event`."},
};

constexpr Shape kPlace = text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 40, .first = "0-9", .rest = "0-9."});
constexpr Parameter kEventsParameters[] = {
    {.name = "after",
     .shape = &kPlace,
     .description = "`INDEX.PART` of the last event seen, or `INDEX` for a whole fact."},
    {.name = "incident", .shape = &kIncidentIdShape, .description = "Of this incident alone."},
};

// ---- handlers

TimelineOrder order_of(const Call& call) {
  return call.query_value("order") == "discovery" ? TimelineOrder::kDiscovery : TimelineOrder::kEvent;
}

// `ORDER:TIME:INDEX.PART`: a cursor of one order begins nowhere in the other.
std::string key_of(const TimelineItem& item, TimelineOrder order) {
  return std::string(kOrders[static_cast<std::size_t>(order)])
      .append(":")
      .append(std::to_string(item.event.value))
      .append(":")
      .append(to_string(item.place));
}

Result<std::optional<TimelineAfter>> after_of(const Call& call, TimelineOrder order) {
  std::string_view key = call.arguments.page.after;
  if (key.empty()) return std::optional<TimelineAfter>();
  const Error foreign(Errc::kMalformed, "`cursor` is not one of this list");
  const std::string_view name = kOrders[static_cast<std::size_t>(order)];
  if (!key.starts_with(name) || !key.substr(name.size()).starts_with(':')) return foreign;
  key.remove_prefix(name.size() + 1);
  TimelineAfter after;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), after.event.value);
  if (error != std::errc()) return foreign;
  key.remove_prefix(static_cast<std::size_t>(end - key.data()));
  if (!key.starts_with(':')) return foreign;
  const auto place = parse_item_place(key.substr(1));
  if (!place) return foreign;
  after.place = *place;
  return std::optional(after);
}

Result<Answer> timeline(Call& call) {
  const std::string& id = call.path_value("id");
  const auto incident = incident::find_incident(call.services.engine.tables(), id);
  if (!incident) return incident.error();
  if (!*incident) return Error(Errc::kNotFound, "there is no incident `" + id + "`");
  const TimelineOrder order = order_of(call);
  const auto after = after_of(call, order);
  if (!after) return after.error();
  const auto items =
      incident::list_timeline(call.services.engine.tables(), id, order, *after, call.arguments.page.limit + 1);
  if (!items) return items.error();
  return list_answer(call, *items, [&](const TimelineItem& item) { return key_of(item, order); }, write_timeline_item);
}

constexpr std::string_view kTag = "incidents";
constexpr Operation kOperations[] = {
    {.id = "listTimeline",
     .tag = kTag,
     .summary = "List what happened in an incident, the oldest first",
     .description = "By when it was, or by when it became known. Of one that was merged, what happened is in the "
                    "timeline of the other. Recorded.",
     .method = Method::kGet,
     .path = "/incidents/{id}/timeline",
     .action = "readIncidents",
     .parameters = kTimelineParameters,
     .response = &kTimeline,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = timeline},
    {.id = "watchIncidents",
     .tag = kTag,
     .summary = "Watch alerts, incidents and responses as they come",
     .description =
         "Server-sent events: `data` is an item as listTimeline has it, `event` says what happened, `id` is "
         "its place. `Last-Event-ID` goes on where a stream was lost. A stream ends within an hour, and when "
         "its reader may no longer see it. Recorded when it begins.",
     .method = Method::kGet,
     .path = "/incidents/events",
     .action = "readIncidents",
     .parameters = kEventsParameters,
     .media_type = "text/event-stream",
     .recorded = true,
     .resource = server_resource,
     .events = make_event_source<IncidentEvents>},
};

}  // namespace

std::span<const Operation> timeline_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
