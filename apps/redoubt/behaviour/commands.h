// The commands `redoubt behaviour …`. Each returns the exit status.
#pragma once

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

class AdminCommands;

// Adds them to the program's. `common` and `status` must live until the line is parsed; `status` takes the exit status.
void add_behaviour_commands(CLI::App& app, Common& common, int& status);

// `behaviour mesh`, which also asks a running server. `behaviour`: the command that it is added to.
void add_mesh_command(CLI::App& behaviour, AdminCommands& commands);

// One verb each, added to the noun, in the file of its name.
void add_bench_command(CLI::App& behaviour, Common& common, int& status);
void add_erase_features_command(CLI::App& behaviour, Common& common, int& status);
void add_outliers_command(CLI::App& behaviour, Common& common, int& status);
void add_replay_command(CLI::App& behaviour, Common& common, int& status);
void add_rules_command(CLI::App& behaviour, Common& common, int& status);
void add_score_command(CLI::App& behaviour, Common& common, int& status);

}  // namespace redoubt::app
