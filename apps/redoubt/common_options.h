// Options that many commands share, as the command line has them.
#pragma once

#include <CLI/CLI.hpp>

#include "redoubt/output.h"

namespace redoubt::app {

// `--dir` and `--json`.
inline void add_common(CLI::App& command, Common& common) {
  command.add_option("--dir", common.dir, "Redoubt's folder")
      ->capture_default_str()
      ->each([&common](const std::string&) { common.dir_given = true; });
  command.add_flag("--json", common.json, "answer in JSON");
}

}  // namespace redoubt::app
