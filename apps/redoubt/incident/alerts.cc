// `redoubt incident alerts|alert`: what was unusual, by cause.
#include <memory>
#include <string>

#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

struct AlertOptions {
  std::string id;
  std::string rule;
  std::string key;
  std::string tenant;
  std::string incident;
  std::string severity;
};

}  // namespace

void add_alert_verbs(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<AlertOptions>();
  auto* const list =
      commands.add(incident, "alerts", "list causes for alarm, the newest first", [options](AdminSession& session) {
        return session.list(AdminSession::query("/alerts", {{"rule", options->rule},
                                                            {"key", options->key},
                                                            {"tenant", options->tenant},
                                                            {"incident", options->incident},
                                                            {"severity", options->severity}}),
                            {"id", "raised", "severity", "rule", "key", "signals", "incident", "message"});
      });
  list->add_option("--rule", options->rule, "of this rule");
  list->add_option("--key", options->key, "about this one: principal/NAME, model/NAME, …");
  list->add_option("--tenant", options->tenant, "of this tenant");
  list->add_option("--incident", options->incident, "of this incident");
  list->add_option("--severity", options->severity, "at least low, medium, high or critical");
  auto* const show = commands.add(incident, "alert", "show an alert", [options](AdminSession& session) {
    return session.show("/alerts/" + path_segment(options->id));
  });
  show->add_option("id", options->id, "the alert")->required();
}

}  // namespace redoubt::app
