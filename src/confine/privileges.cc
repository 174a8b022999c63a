#include "confine/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <vector>

#include "base/unique_fd.h"

namespace redoubt::confine {
namespace {

constexpr std::size_t kPasswordEntryBytes = 16 * 1024;

Result<> change_ids(const UserIds& ids) {
  if (::setgroups(0, nullptr) != 0) return errno_error("cannot leave the supplementary groups", errno);
  if (::setresgid(ids.group, ids.group, ids.group) != 0) {
    return errno_error("cannot become group " + std::to_string(ids.group), errno);
  }
  if (::setresuid(ids.user, ids.user, ids.user) != 0) {
    return errno_error("cannot become user " + std::to_string(ids.user), errno);
  }
  // Some systems answer success and stay what they were; being able to come back is the proof of that.
  if (::setuid(0) == 0) return Error(Errc::kIo, "root could be had again after it was given up");
  return {};
}

// The bounding set limits what an executed program could gain; dropping from it needs CAP_SETPCAP.
void drop_bounding_set() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

Result<> drop_capabilities() {
  // Kernels without ambient capabilities (before 4.3) have none to clear.
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return errno_error("cannot drop capabilities", errno);
  return {};
}

}  // namespace

Result<UserIds> find_user(std::string_view name_or_number) {
  uid_t number = 0;
  const char* end = name_or_number.data() + name_or_number.size();
  const auto [parsed, error] = std::from_chars(name_or_number.data(), end, number);
  UserIds ids{.user = number, .group = number};
  if (parsed != end || error != std::errc()) {
    const std::string name(name_or_number);
    std::vector<char> space(kPasswordEntryBytes);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 || found == nullptr) {
      return Error(Errc::kNotFound, "there is no user `" + name + "`");
    }
    ids = {.user = entry.pw_uid, .group = entry.pw_gid};
  }
  // The highest numbers mean "unchanged" to the system.
  constexpr uid_t kHighest = 0xffff'fffd;
  if (ids.user == 0 || ids.user > kHighest) {
    return Error(Errc::kInvalidArgument, "`" + std::string(name_or_number) + "` is not a user without privileges");
  }
  return ids;
}

Result<> shed_privileges(const std::optional<UserIds>& ids) {
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  const pid_t parent = ::getppid();

  drop_bounding_set();
  if (ids) {
    if (auto done = change_ids(*ids); !done) return done;
  } else if (::geteuid() == 0 && ::setgroups(0, nullptr) != 0) {
    return errno_error("cannot leave the supplementary groups", errno);
  }
  if (auto done = drop_capabilities(); !done) return done;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("cannot set no_new_privs", errno);
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return errno_error("cannot forbid core dumps", errno);
  // After the change of ids, which resets it.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("cannot become undumpable", errno);
  if (death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, death_signal);
    if (::getppid() != parent) return Error(Errc::kUnavailable, "the process that started this one is gone");
  }
  return {};
}

Result<> close_other_descriptors(std::span<const int> keep) {
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid() || ::dup2(nothing.get(), STDIN_FILENO) < 0) {
    return errno_error("cannot replace standard input", errno);
  }
  std::vector<int> sorted(keep.begin(), keep.end());
  sorted.push_back(nothing.get());
  std::sort(sorted.begin(), sorted.end());
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : sorted) {
    if (fd < static_cast<int>(from)) continue;
    const auto kept = static_cast<unsigned>(fd);
    if (kept > from && ::close_range(from, kept - 1, 0) != 0) return errno_error("cannot close descriptors", errno);
    from = kept + 1;
  }
  if (::close_range(from, ~0U, 0) != 0) return errno_error("cannot close descriptors", errno);
  return {};
}

}  // namespace redoubt::confine
