// The verbs of `redoubt behaviour` that ask a running server.
#pragma once

#include "redoubt/administer/session.h"

namespace redoubt::app {

// `behaviour`: the command that they are added to.
void add_signal_commands(CLI::App& behaviour, AdminCommands& commands);

}  // namespace redoubt::app
