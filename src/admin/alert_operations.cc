#include "admin/alert_operations.h"

#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "admin/signal_operations.h"

namespace redoubt::admin {
namespace {

using incident::Alert;
using net::Method;

constexpr Shape kAlertList = newest_page_of<kAlertShape>("AlertList");

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kIncidentIdShape, .description = "The alert's name."}};
constexpr Parameter kFilters[] = {
    {.name = "rule", .shape = &kRuleShape, .description = "Of this rule."},
    {.name = "key", .shape = &kAboutShape, .description = "About this one."},
    {.name = "tenant", .shape = &kTenantShape, .description = "Of this tenant."},
    {.name = "incident", .shape = &kIncidentIdShape, .description = "Of this incident."},
    {.name = "severity", .shape = &kSeverityShape, .description = "At least so severe."},
};

Result<Answer> list(Call& call) {
  const auto after = place_of(call);
  if (!after) return after.error();
  incident::AlertFilter filter{.rule = call.query_value("rule"),
                               .key = call.query_value("key"),
                               .tenant = call.query_value("tenant"),
                               .incident = call.query_value("incident")};
  if (const auto severity = call.query_value("severity")) filter.least = severity_of(*severity);
  const auto alerts =
      incident::list_alerts(call.services.engine.tables(), filter, *after, call.arguments.page.limit + 1);
  if (!alerts) return alerts.error();
  return list_answer(call, *alerts, [](const Alert& alert) { return place_key(alert.raised, alert.id); }, write_alert);
}

Result<Answer> get(Call& call) {
  const std::string& id = call.path_value("id");
  const auto alert = incident::find_alert(call.services.engine.tables(), id);
  if (!alert) return alert.error();
  if (!*alert) return Error(Errc::kNotFound, "there is no alert `" + id + "`");
  Answer out{.version = (*alert)->version};
  encoding::JsonWriter json(out.body);
  write_alert(json, **alert);
  return out;
}

constexpr std::string_view kTag = "alerts";
constexpr Operation kOperations[] = {
    {.id = "listAlerts",
     .tag = kTag,
     .summary = "List causes for alarm, the newest first",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/alerts",
     .action = "readIncidents",
     .parameters = kFilters,
     .response = &kAlertList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .read = list},
    {.id = "getAlert",
     .tag = kTag,
     .summary = "Show an alert",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/alerts/{id}",
     .action = "readIncidents",
     .parameters = kOne,
     .response = &kAlertShape,
     .etag = true,
     .recorded = true,
     .resource = server_resource,
     .read = get},
};

}  // namespace

std::span<const Operation> alert_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
