#include "confine/syscall_list.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace redoubt::confine {
namespace {

constexpr std::uint64_t kInt = 0xffff'ffff;

// Above the type, in the same argument, lie flags.
ArgumentRule socket_type_is(std::uint32_t type) {
  return {.index = 1, .mask = 0xf, .value = type};
}

}  // namespace

ArgumentRule argument_is(unsigned index, std::uint32_t value) {
  return {.index = index, .mask = kInt, .value = value};
}

ArgumentRule argument_lacks(unsigned index, std::uint32_t bits) {
  return {.index = index, .mask = bits, .value = 0};
}

SyscallList runtime_syscalls() {
  SyscallList list;
  list.add_names({"brk", "munmap", "mremap", "madvise"});
  // Memory is written or executed, and what is executed was mapped at start. A refusal, not the end: glibc's resolver
  // tries to load plug-ins, and does without them.
  for (const char* name : {"mmap", "mprotect"}) {
    list.add({.name = name, .when = {argument_lacks(2, PROT_EXEC)}});
    list.add({.name = name, .when = {{.index = 2, .mask = PROT_EXEC, .value = PROT_EXEC}}, .refuse_with = EACCES});
  }
  list.add_names({"read", "write", "readv", "writev", "lseek", "close", "fstat", "newfstatat"});
  list.add_names({"poll", "ppoll", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday"});
  list.add_names({"getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "uname", "sched_yield",
                  "sched_getaffinity", "restart_syscall"});
  list.add_names({"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "exit", "exit_group"});
  // abort() and raise(): a broken invariant must end the process by its own signal.
  list.add({.name = "tgkill", .when = {argument_is(0, static_cast<std::uint32_t>(::getpid()))}});
  // Not the commands that have a file send signals to other processes.
  for (const std::uint32_t command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC}) {
    list.add({.name = "fcntl", .when = {argument_is(1, command)}});
  }
  list.add({.name = "fcntl", .when = {argument_is(1, F_SETFL), argument_lacks(2, O_ASYNC)}});
  list.add({.name = "ioctl", .when = {argument_is(1, TCGETS)}, .refuse_with = ENOTTY});
  return list;
}

SyscallList thread_syscalls() {
  SyscallList list;
  list.add_names({"futex", "set_robust_list", "rseq"});
  // A thread of this process, in no namespace of its own. clone3 keeps its flags behind a pointer; glibc falls back.
  constexpr std::uint64_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  constexpr std::uint64_t kOther = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                   CLONE_NEWPID | CLONE_NEWNET | CLONE_VFORK | CLONE_PARENT | CLONE_PTRACE |
                                   CLONE_PIDFD;
  list.add({.name = "clone", .when = {{.index = 0, .mask = kThread | kOther, .value = kThread}}});
  list.add({.name = "clone3", .refuse_with = ENOSYS});
  list.add({.name = "prctl", .when = {argument_is(0, PR_SET_NAME)}});
  return list;
}

SyscallList short_turn_syscalls() {
  SyscallList list;
  list.add({.name = "sched_getattr", .when = {argument_is(0, 0)}});
  list.add({.name = "sched_setattr", .when = {argument_is(0, 0), argument_is(2, 0)}});
  return list;
}

SyscallList read_file_syscalls() {
  SyscallList list;
  list.add({.name = "openat", .when = {argument_lacks(2, O_ACCMODE | O_CREAT | O_TRUNC)}});
  list.add_names({"pread64", "statx", "getdents64", "readlink", "readlinkat"});
  return list;
}

SyscallList write_file_syscalls() {
  SyscallList list;
  list.add_names({"openat", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync"});
  list.add_names({"rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "statfs", "fstatfs"});
  return list;
}

SyscallList lock_file_syscalls() {
  SyscallList list;
  for (const std::uint32_t command : {F_GETLK, F_SETLK}) {
    list.add({.name = "fcntl", .when = {argument_is(1, command)}});
  }
  list.add_names({"access"});
  // A database wants its files to have one owner and one mode, and does without.
  for (const char* name : {"fchown", "fchmod"}) list.add({.name = name, .refuse_with = EPERM});
  return list;
}

SyscallList tcp_syscalls() {
  SyscallList list;
  for (const std::uint32_t family : {AF_INET, AF_INET6}) {
    for (const std::uint32_t protocol : {0U, std::uint32_t{IPPROTO_TCP}}) {
      list.add(
          {.name = "socket", .when = {argument_is(0, family), socket_type_is(SOCK_STREAM), argument_is(2, protocol)}});
    }
  }
  list.add_names(
      {"connect", "accept", "accept4", "shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt"});
  // MSG_FASTOPEN connects without connect(), and so past Landlock.
  list.add({.name = "sendto", .when = {argument_lacks(3, MSG_FASTOPEN)}});
  list.add({.name = "sendmsg", .when = {argument_lacks(2, MSG_FASTOPEN)}});
  list.add_names({"recvfrom", "recvmsg"});
  for (const std::uint32_t request : {FIONBIO, FIONREAD}) {
    list.add({.name = "ioctl", .when = {argument_is(1, request)}});
  }
  list.add_names({"epoll_ctl", "epoll_wait", "epoll_pwait", "timerfd_settime"});
  return list;
}

SyscallList name_lookup_syscalls() {
  SyscallList list;
  for (const std::uint32_t family : {AF_INET, AF_INET6}) {
    list.add({.name = "socket", .when = {argument_is(0, family), socket_type_is(SOCK_DGRAM)}});
  }
  // glibc asks a local cache and for the machine's addresses, and does without both.
  for (const std::uint32_t family : {AF_UNIX, AF_NETLINK}) {
    list.add({.name = "socket", .when = {argument_is(0, family)}, .refuse_with = EACCES});
  }
  list.add({.name = "sendmmsg", .when = {argument_lacks(3, MSG_FASTOPEN)}});
  return list;
}

}  // namespace redoubt::confine
