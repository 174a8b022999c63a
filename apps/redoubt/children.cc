#include "redoubt/children.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "base/log.h"
#include "redoubt/commands.h"

namespace redoubt::app {

void become_child(const char* name, pid_t launcher) {
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != launcher) ::_exit(kFailure);
  ::signal(SIGPIPE, SIG_IGN);
}

std::string sibling_program(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / name).string();
}

Result<UniqueFd> open_program(const std::string& path) {
  UniqueFd program(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!program.valid()) return errno_error("cannot open `" + path + "`", errno);
  return program;
}

void exec_program(std::vector<std::string> arguments, const std::vector<int>& keep, int open) {
  for (const int fd : keep) ::fcntl(fd, F_SETFD, 0);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  if (open < 0) ::execv(argv[0], argv.data());
  if (open >= 0) ::fexecve(open, argv.data(), environ);
  log::error("launcher", "cannot run a program", {{"program", arguments[0]}, {"errno", errno}});
  ::_exit(kFailure);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return "a system call that its confinement forbids";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace redoubt::app
