#include "confine/privileges.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

#include "confine/tests/child.h"

namespace redoubt::confine {
namespace {

constexpr UserIds kSomebody{.user = 60'799, .group = 60'799};

// The value of a line of /proc/self/status. Undumpable processes of an ordinary user can still read their own.
std::string status_line(const std::string& name) {
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

TEST(FindUser, NumberIsUserAndGroup) {
  const auto ids = find_user("60710");
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (UserIds{.user = 60'710, .group = 60'710}));
}

TEST(FindUser, NameHasItsPrimaryGroup) {
  const auto ids = find_user("nobody");
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->user, 65'534U);
}

TEST(FindUser, UnknownNameIsNotFound) {
  EXPECT_EQ(find_user("no-such-user-here").error().code(), Errc::kNotFound);
  EXPECT_EQ(find_user("").error().code(), Errc::kNotFound);
  EXPECT_EQ(find_user("60710x").error().code(), Errc::kNotFound);
}

TEST(FindUser, RootAndNumbersThatMeanUnchangedAreRefused) {
  for (const char* user : {"root", "0", "4294967295", "4294967294"}) {
    EXPECT_EQ(find_user(user).error().code(), Errc::kInvalidArgument) << user;
  }
}

TEST(ShedPrivileges, RootBecomesTheUserWithoutGroupsOrCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(in_child([] {
              if (!shed_privileges(kSomebody)) return kSetUpFailed;
              if (status_line("Uid") != "60799\t60799\t60799\t60799") return 1;
              if (status_line("Gid") != "60799\t60799\t60799\t60799") return 2;
              if (::getgroups(0, nullptr) != 0) return 3;
              for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
                if (status_line(set) != "0000000000000000") return 4;
              }
              return ::setuid(0) == 0 ? 5 : 0;
            }),
            0);
}

TEST(ShedPrivileges, RootThatStaysRootHasNoCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(in_child([] {
              if (!shed_privileges(std::nullopt)) return kSetUpFailed;
              if (::getuid() != 0) return 1;
              for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
                if (status_line(set) != "0000000000000000") return 2;
              }
              return 0;
            }),
            0);
}

TEST(ShedPrivileges, AnyUserLosesNewPrivilegesAndCoreDumpsAndDumpability) {
  EXPECT_EQ(in_child([] {
              if (!shed_privileges(std::nullopt)) return kSetUpFailed;
              rlimit core{1, 1};
              if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
              if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
              if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 3;
              return 0;
            }),
            0);
}

TEST(ShedPrivileges, OrdinaryUserCannotBecomeAnother) {
  EXPECT_EQ(in_child([] {
              if (::geteuid() == 0 && !shed_privileges(kSomebody)) return kSetUpFailed;
              return shed_privileges(UserIds{.user = 60'798, .group = 60'798}) ? 1 : 0;
            }),
            0);
}

TEST(ShedPrivileges, KeepsTheParentDeathSignal) {
  EXPECT_EQ(in_child([] {
              ::prctl(PR_SET_PDEATHSIG, SIGTERM);
              const auto ids = ::geteuid() == 0 ? std::optional(kSomebody) : std::nullopt;
              if (!shed_privileges(ids)) return kSetUpFailed;
              int signal = 0;
              ::prctl(PR_GET_PDEATHSIG, &signal);
              return signal == SIGTERM ? 0 : 1;
            }),
            0);
}

TEST(CloseOtherDescriptors, KeepsThoseNamedAndNoOthers) {
  EXPECT_EQ(in_child([] {
              const int first = ::open("/dev/null", O_RDONLY);
              const int second = ::open("/dev/null", O_RDONLY);
              const int third = ::open("/dev/null", O_RDONLY);
              const std::array keep{third, first};
              if (!close_other_descriptors(keep)) return kSetUpFailed;
              if (::fcntl(first, F_GETFD) < 0 || ::fcntl(third, F_GETFD) < 0) return 1;
              if (::fcntl(second, F_GETFD) >= 0 || errno != EBADF) return 2;
              for (int fd = third + 1; fd < third + 32; ++fd) {
                if (::fcntl(fd, F_GETFD) >= 0) return 3;
              }
              char byte = 0;
              if (::read(STDIN_FILENO, &byte, 1) != 0) return 4;
              return ::fcntl(STDERR_FILENO, F_GETFD) >= 0 ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace redoubt::confine
