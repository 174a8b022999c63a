#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {

void add_incident_server_verbs(CLI::App& incident, AdminCommands& commands) {
  add_alert_verbs(incident, commands);
  add_case_verbs(incident, commands);
  add_clock_verbs(incident, commands);
  add_response_verbs(incident, commands);
  add_drill_verb(incident, commands);
  add_watch_verb(incident, commands);
  add_export_verbs(incident, commands);
}

}  // namespace redoubt::app
