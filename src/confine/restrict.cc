#include "confine/restrict.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/log.h"
#include "confine/internal/landlock.h"

namespace redoubt::confine {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

bool kernel_has_seccomp() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Result<> add_rule(void* filter, const SyscallRule& rule) {
  const int number = seccomp_syscall_resolve_name(rule.name.c_str());
  // Unknown to this libseccomp, so that no list could allow it; it stays forbidden.
  if (number == __NR_SCMP_ERROR) return {};
  std::vector<scmp_arg_cmp> when;
  for (const ArgumentRule& argument : rule.when) {
    when.push_back(
        {.arg = argument.index, .op = SCMP_CMP_MASKED_EQ, .datum_a = argument.mask, .datum_b = argument.value});
  }
  const std::uint32_t action =
      rule.refuse_with == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(static_cast<std::uint32_t>(rule.refuse_with));
  const int error = seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(when.size()), when.data());
  if (error != 0 && error != -EEXIST) return errno_error("cannot make a rule for `" + rule.name + "`", -error);
  return {};
}

Result<> restrict_syscalls(const SyscallList& list) {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return Error(Errc::kIo, "cannot make a filter of system calls");
  // Calls of another machine's form (32-bit, x32) end the process too. SYNC: threads there may be get the same filter.
  // A tree instead of a list: the frequent calls are as cheap as the rare ones.
  if (seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
      seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
      seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
    return Error(Errc::kIo, "cannot set up a filter of system calls");
  }
  for (const SyscallRule& rule : list.rules()) {
    if (auto done = add_rule(filter.get(), rule); !done) return done;
  }
  if (const int error = seccomp_load(filter.get()); error != 0) {
    return errno_error("cannot apply the filter of system calls", -error);
  }
  return {};
}

}  // namespace

std::vector<std::string_view> Report::missing() const {
  std::vector<std::string_view> out;
  if (!files) out.emplace_back("files are not restricted (Landlock, Linux 5.19)");
  if (!ports) out.emplace_back("TCP ports are not restricted (Landlock, Linux 6.7)");
  if (!signals) out.emplace_back("signals are not restricted by Landlock (Linux 6.12)");
  if (!syscalls) out.emplace_back("system calls are not restricted (seccomp)");
  return out;
}

Result<> log_confinement(std::string_view component, const Report& report, bool all_required) {
  const auto word = [](bool applied) { return applied ? "restricted" : "free"; };
  log::info(component, "confined",
            {{"user", static_cast<std::uint64_t>(::geteuid())},
             {"files", word(report.files)},
             {"ports", word(report.ports)},
             {"signals", word(report.signals)},
             {"syscalls", word(report.syscalls)},
             {"landlock_abi", report.landlock_abi}});
  const std::vector<std::string_view> missing = report.missing();
  for (const std::string_view what : missing) log::warning(component, "confinement is incomplete", {{"why", what}});
  if (all_required && !missing.empty()) {
    return Error(Errc::kUnsupported, "`process.require_confinement` is set, and " + std::string(missing.front()));
  }
  return {};
}

Result<Report> restrict_process(const Restrictions& wanted) {
  Report report{.landlock_abi = internal::landlock_abi()};
  if (auto done = internal::restrict_access(wanted, report); !done) return done.error();
  // Last: the filter forbids what the rest needs.
  if (kernel_has_seccomp()) {
    if (auto done = restrict_syscalls(wanted.syscalls); !done) return done.error();
    report.syscalls = true;
  }
  return report;
}

}  // namespace redoubt::confine
