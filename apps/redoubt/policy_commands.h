// The commands `redoubt policy …`. Each returns the exit status.
#pragma once

#include <string>

#include "redoubt/output.h"

namespace CLI {
class App;
}

namespace redoubt::app {

struct PolicyTestOptions {
  std::string cases;     // the YAML file
  std::string policies;  // folder; empty: Redoubt's
};
int run_policy_test(const Common& common, const PolicyTestOptions& options);

struct PolicyDiffOptions {
  std::string before;  // folders of policies
  std::string after;
  std::string against;  // a ledger's folder, or Redoubt's; empty: that of --dir
};
int run_policy_diff(const Common& common, const PolicyDiffOptions& options);

// Prints the schema that policies of Redoubt are written against; or, with `defaults`, what `redoubt init` writes.
int run_policy_schema(bool defaults);

// Whether Redoubt would take the folder's policies into force. Empty: its own; then also prints the bundle's digest.
int run_policy_bundle(const Common& common, const std::string& folder);

// What the command line fills in.
struct PolicyOptions {
  bool defaults = false;
  std::string bundle;
  PolicyTestOptions test;
  PolicyDiffOptions diff;
};
// Adds them to the program's. All that is passed must live until the line is parsed; `status` takes the exit status.
void add_policy_commands(CLI::App& app, Common& common, PolicyOptions& options, int& status);

}  // namespace redoubt::app
