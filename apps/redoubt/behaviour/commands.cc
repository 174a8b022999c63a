#include "redoubt/behaviour/commands.h"

#include <CLI/CLI.hpp>

namespace redoubt::app {

void add_behaviour_commands(CLI::App& app, Common& common, int& status) {
  auto* const behaviour = app.add_subcommand("behaviour", "how principals, agents, models, tools and data behave");
  behaviour->require_subcommand(1);
  add_bench_command(*behaviour, common, status);
  add_erase_features_command(*behaviour, common, status);
  add_outliers_command(*behaviour, common, status);
  add_replay_command(*behaviour, common, status);
  add_rules_command(*behaviour, common, status);
  add_score_command(*behaviour, common, status);
}

}  // namespace redoubt::app
