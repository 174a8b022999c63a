// `redoubt state …`: what is in force, and the tables that the ledger makes.
#pragma once

#include "redoubt/administer/session.h"

namespace redoubt::app {

// Adds them to the program's. `commands` must live until the line is parsed.
void add_state_commands(CLI::App& app, AdminCommands& commands);

}  // namespace redoubt::app
