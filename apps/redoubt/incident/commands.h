// The commands `redoubt incident …`. Each returns the exit status.
#pragma once

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

// Adds them to the program's. `common` and `status` must live until the line is parsed; `status` takes the exit status.
void add_incident_commands(CLI::App& app, Common& common, int& status);

// One verb each, added to the noun, in the file of its name.
void add_exercise_command(CLI::App& incident, Common& common, int& status);
void add_playbook_command(CLI::App& incident, Common& common, int& status);
void add_review_command(CLI::App& incident, Common& common, int& status);

}  // namespace redoubt::app
