// The nouns of `redoubt identity`, each with its verbs. `identity`: the command that they are added to.
#pragma once

#include "redoubt/administer/session.h"

namespace redoubt::app {

void add_principal_commands(CLI::App& identity, AdminCommands& commands);
void add_group_commands(CLI::App& identity, AdminCommands& commands);
void add_key_commands(CLI::App& identity, AdminCommands& commands);
void add_approval_commands(CLI::App& identity, AdminCommands& commands);  // and `marks`
void add_limit_commands(CLI::App& identity, AdminCommands& commands);
void add_hold_commands(CLI::App& identity, AdminCommands& commands);
void add_profile_commands(CLI::App& identity, AdminCommands& commands);

}  // namespace redoubt::app
