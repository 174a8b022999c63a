// Runs something in a child process, since what a process gives up it never gets back.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace redoubt::confine {

// How the child ended: its exit status, or 1000 and the signal.
inline constexpr int kSignalled = 1000;
inline constexpr int kSetUpFailed = 99;

inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace redoubt::confine
