// The commands `redoubt enclave …`. Each returns the exit status.
#pragma once

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

// Adds them to the program's. `common` and `status` must live until the line is parsed; `status` takes the exit status.
void add_enclave_commands(CLI::App& app, Common& common, int& status);

}  // namespace redoubt::app
