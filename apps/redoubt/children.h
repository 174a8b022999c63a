// What the launcher's children have in common: how they begin, and how they are described when they end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt::app {

// What every child does first: goes when the launcher goes. Each confines itself when it has what it needs.
void become_child(const char* name, pid_t launcher);

// A program that lies beside this one.
std::string sibling_program(const std::string& name);

// Its file, to be run later whatever lies at its path by then. An error of the system, naming the path.
Result<UniqueFd> open_program(const std::string& path);

// Becomes the program, which keeps the descriptors `keep`; ends the process when there is no such program. `open`: the
// program's file, open, which is taken rather than what lies at its path now; -1: it is not open.
[[noreturn]] void exec_program(std::vector<std::string> arguments, const std::vector<int>& keep, int open = -1);

// How a process ended, by its status of waitpid().
std::string describe_end(int status);

}  // namespace redoubt::app
