// What a process may still do once it is confined: which files, which ports, which system calls.
//
//   confine::Restrictions wanted;
//   wanted.files.push_back({"var/ledger", confine::FileUse::kRead});
//   wanted.connect_ports = {443};
//   wanted.syscalls.add(confine::runtime_syscalls());
//   auto report = confine::restrict_process(wanted);
//   if (!report) return report.error();                 // fail closed: do not go on
//   return confine::log_confinement("gateway", *report, false);
//
// Files, ports and signals are Landlock's (Linux Documentation/userspace-api/landlock.rst), calls are seccomp's. Both
// hold for every thread started afterwards and for every program run, and cannot be taken back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "confine/syscall_list.h"

namespace redoubt::confine {

enum class FileUse : std::uint8_t {
  kRead,   // read files and list folders
  kWrite,  // that, and make, write, cut, rename and remove files, and make folders
};

struct FileRule {
  std::string path;  // a file, or a folder with everything below it; it must exist
  FileUse use = FileUse::kRead;
  bool optional = false;  // one that does not exist is passed over
};

struct Restrictions {
  std::vector<FileRule> files;               // every other file is out of reach, save descriptors open already
  std::vector<std::uint16_t> connect_ports;  // TCP; no other port can be connected to, and none bound
  SyscallList syscalls;
};

// What was applied.
struct Report {
  int landlock_abi = 0;  // of the kernel; 0: it has none, or has it switched off
  bool files = false;    // from Landlock ABI 2, Linux 5.19: before that a file could not be moved between folders
  bool ports = false;    // from ABI 4, Linux 6.7
  bool signals = false;  // from ABI 6, Linux 6.12: no signal and no abstract socket leaves the process
  bool syscalls = false;

  // What the kernel could not do, for a person; empty when nothing is missing.
  std::vector<std::string_view> missing() const;
};

// Tells the log what was applied, as `component`, with a warning for each thing that is missing. kUnsupported when
// something is missing and `all_required`.
Result<> log_confinement(std::string_view component, const Report& report, bool all_required);

// Applies everything that the kernel can do. Call from the only thread, after shed_privileges() or at least with
// no_new_privs set. Errors: something that the kernel can do failed; the process must not go on.
Result<Report> restrict_process(const Restrictions& wanted);

}  // namespace redoubt::confine
