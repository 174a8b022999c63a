// Allow-lists of system calls, by what they are for. A process's list is the sum of the groups that it needs; whatever
// is not on it ends the process.
//
//   confine::SyscallList list;
//   list.add(confine::runtime_syscalls());
//   list.add(confine::thread_syscalls());
//   list.add({"bind", {confine::argument_is(0, fd)}});
//
// The groups are made for glibc on Linux and were found by tracing what our programs, glibc's resolver and OpenSSL do.
// None lets a process run a program, make memory executable, trace or read another process, or signal any but itself.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace redoubt::confine {

// Holds when (argument & mask) == value. Arguments count from 0. Only what lies in a register can be looked at: what a
// pointer points to cannot.
struct ArgumentRule {
  unsigned index = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// For `int` arguments, of which the kernel reads 32 bits.
ArgumentRule argument_is(unsigned index, std::uint32_t value);
ArgumentRule argument_lacks(unsigned index, std::uint32_t bits);

struct SyscallRule {
  std::string name;  // as in the manual, section 2; one that the machine does not have is passed over
  std::vector<ArgumentRule> when = {};  // all must hold; none: always
  int refuse_with = 0;                  // an errno: the call fails so, and the process lives; 0: the call is allowed
};

class SyscallList {
 public:
  void add(SyscallRule rule) { rules_.push_back(std::move(rule)); }
  void add(const SyscallList& list) { rules_.insert(rules_.end(), list.rules_.begin(), list.rules_.end()); }
  void add_names(std::initializer_list<const char*> names) {
    for (const char* name : names) rules_.push_back({.name = name});
  }

  const std::vector<SyscallRule>& rules() const { return rules_; }

 private:
  std::vector<SyscallRule> rules_;
};

// Memory (never executable), time, signals to itself, waiting, random bytes, reading and writing open descriptors.
// For the calling process alone: its id is part of the list.
SyscallList runtime_syscalls();
// Starting threads (not processes), and synchronising them.
SyscallList thread_syscalls();
// A thread's choice of the length of its own turns (base/short_turns.h). What it may choose besides, by a pointer that
// nobody can look behind, is to step back: more needs capabilities.
SyscallList short_turn_syscalls();
// Opening files to read them, and listing folders. Which files, Landlock says.
SyscallList read_file_syscalls();
// Making, writing, syncing, renaming and removing files.
SyscallList write_file_syscalls();
// With the two groups before: a database in such a folder, whose processes keep each other off parts of files.
SyscallList lock_file_syscalls();
// Serving on TCP sockets that listen already, and connecting out, over IPv4 and IPv6, with an event loop made before
// (Asio's). No new listeners. Which ports, Landlock says.
SyscallList tcp_syscalls();
// With the group before: looking up names by glibc. Opens UDP, for which Landlock has no rules.
SyscallList name_lookup_syscalls();

}  // namespace redoubt::confine
