// Descriptors that are made two at a time, for a process and its child. All are closed by exec.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt::app {

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  // `flags` as of pipe2(), O_CLOEXEC aside. Errors: those of the system.
  static Result<Pipe> make(int flags = 0);
};

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;

  // `type`: SOCK_STREAM or SOCK_SEQPACKET. Errors: those of the system.
  static Result<SocketPair> make(int type);
};

}  // namespace redoubt::app
