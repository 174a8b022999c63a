// The verbs of `redoubt incident` that ask a running server.
#pragma once

#include "redoubt/administer/session.h"

namespace redoubt::app {

// `incident`: the command that they are added to.
void add_incident_server_verbs(CLI::App& incident, AdminCommands& commands);

// A group of verbs each, in the file of its name.
void add_alert_verbs(CLI::App& incident, AdminCommands& commands);
void add_case_verbs(CLI::App& incident, AdminCommands& commands);
void add_clock_verbs(CLI::App& incident, AdminCommands& commands);
void add_response_verbs(CLI::App& incident, AdminCommands& commands);
void add_drill_verb(CLI::App& incident, AdminCommands& commands);
void add_watch_verb(CLI::App& incident, AdminCommands& commands);
void add_export_verbs(CLI::App& incident, AdminCommands& commands);

}  // namespace redoubt::app
