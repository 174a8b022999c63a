#include "redoubt/incident/commands.h"

#include <CLI/CLI.hpp>

namespace redoubt::app {

void add_incident_commands(CLI::App& app, Common& common, int& status) {
  auto* const incident = app.add_subcommand("incident", "alerts, incidents and what is done about them");
  incident->require_subcommand(1);
  add_exercise_command(*incident, common, status);
  add_playbook_command(*incident, common, status);
  add_review_command(*incident, common, status);
}

}  // namespace redoubt::app
