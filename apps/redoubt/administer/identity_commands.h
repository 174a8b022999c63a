// `redoubt identity …`: who is known, and how much they may use; and `redoubt model …`. Each command is a call of
// /admin/v1.
#pragma once

#include "redoubt/administer/session.h"

namespace redoubt::app {

// Adds them to the program's. `commands` must live until the line is parsed.
void add_identity_commands(CLI::App& app, AdminCommands& commands);
void add_model_commands(CLI::App& app, AdminCommands& commands);

}  // namespace redoubt::app
