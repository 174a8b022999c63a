#include "confine/restrict.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "confine/tests/child.h"
#include "tests/support/temp_dir.h"

namespace redoubt::confine {
namespace {

using testing_support::TempDir;

constexpr int kKilledByFilter = kSignalled + SIGSYS;

// All groups but sockets, and no file.
Restrictions typical() {
  Restrictions wanted;
  wanted.syscalls.add(runtime_syscalls());
  wanted.syscalls.add(thread_syscalls());
  wanted.syscalls.add(read_file_syscalls());
  wanted.syscalls.add(write_file_syscalls());
  return wanted;
}

// Runs `body` in a child restricted by what `make` returns there.
int restricted(const std::function<Restrictions()>& make, const std::function<int(const Report&)>& body) {
  return in_child([&] {
    if (!shed_privileges(std::nullopt)) return kSetUpFailed;
    const auto report = restrict_process(make());
    return report ? body(*report) : kSetUpFailed;
  });
}

int open_errno(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags, 0600));
  return fd.valid() ? 0 : errno;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

class RestrictFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (restricted(typical, [](const Report& report) { return report.files ? 0 : 1; }) == 1) {
      GTEST_SKIP() << "this kernel has no Landlock";
    }
    for (const char* folder : {"mine", "other"}) {
      ASSERT_EQ(::mkdir((dir_ / folder).c_str(), 0700), 0);
      write_file(dir_ / folder + "/file", "text");
    }
  }

  Restrictions with(FileUse use) {
    Restrictions wanted = typical();
    wanted.files.push_back({dir_ / "mine", use});
    return wanted;
  }

  TempDir dir_;
};

TEST_F(RestrictFiles, ReadMeansReadBelowTheFolderAndNowhereElse) {
  EXPECT_EQ(restricted([&] { return with(FileUse::kRead); },
                       [&](const Report&) {
                         if (open_errno(dir_ / "mine/file", O_RDONLY) != 0) return 1;
                         if (open_errno(dir_ / "other/file", O_RDONLY) != EACCES) return 2;
                         if (open_errno("/etc/passwd", O_RDONLY) != EACCES) return 3;
                         if (open_errno(dir_ / "mine/../other/file", O_RDONLY) != EACCES) return 4;
                         return 0;
                       }),
            0);
}

TEST_F(RestrictFiles, ReadDoesNotMeanWrite) {
  EXPECT_EQ(restricted([&] { return with(FileUse::kRead); },
                       [&](const Report&) {
                         if (open_errno(dir_ / "mine/file", O_WRONLY) != EACCES) return 1;
                         if (open_errno(dir_ / "mine/new", O_WRONLY | O_CREAT) != EACCES) return 2;
                         if (::unlink((dir_ / "mine/file").c_str()) == 0 || errno != EACCES) return 3;
                         if (::rename((dir_ / "mine/file").c_str(), (dir_ / "mine/name").c_str()) == 0) return 4;
                         if (::mkdir((dir_ / "mine/folder").c_str(), 0700) == 0) return 5;
                         return 0;
                       }),
            0);
}

TEST_F(RestrictFiles, WriteMeansMakeMoveAndRemoveBelowTheFolderAndNowhereElse) {
  EXPECT_EQ(restricted([&] { return with(FileUse::kWrite); },
                       [&](const Report&) {
                         if (::mkdir((dir_ / "mine/folder").c_str(), 0700) != 0) return 1;
                         if (open_errno(dir_ / "mine/new", O_WRONLY | O_CREAT) != 0) return 2;
                         if (::rename((dir_ / "mine/new").c_str(), (dir_ / "mine/folder/new").c_str()) != 0) return 3;
                         if (open_errno(dir_ / "mine/folder/new", O_RDWR | O_TRUNC) != 0) return 4;
                         if (::unlink((dir_ / "mine/folder/new").c_str()) != 0) return 5;
                         if (open_errno(dir_ / "other/file", O_WRONLY) != EACCES) return 6;
                         if (::rename((dir_ / "mine/file").c_str(), (dir_ / "other/moved").c_str()) == 0) return 7;
                         if (::unlink((dir_ / "other/file").c_str()) == 0 || errno != EACCES) return 8;
                         return 0;
                       }),
            0);
}

TEST_F(RestrictFiles, FolderEnteredBeforeIsStillRelativeRoot) {
  EXPECT_EQ(restricted(
                [&] {
                  EXPECT_EQ(::chdir((dir_ / "mine").c_str()), 0);
                  Restrictions wanted = typical();
                  wanted.files.push_back({".", FileUse::kRead});
                  return wanted;
                },
                [&](const Report&) {
                  if (open_errno("file", O_RDONLY) != 0) return 1;
                  return open_errno("../other/file", O_RDONLY) == EACCES ? 0 : 2;
                }),
            0);
}

TEST_F(RestrictFiles, RuleForAFileThatIsNotThereFails) {
  const auto result = [&](bool optional) {
    return restricted(
        [&] {
          Restrictions wanted = typical();
          wanted.files.push_back({dir_ / "absent", FileUse::kRead, optional});
          return wanted;
        },
        [](const Report&) { return 0; });
  };
  EXPECT_EQ(result(false), kSetUpFailed);
  EXPECT_EQ(result(true), 0);
}

int loopback_listener(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

int connect_errno(std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  if (!fd.valid()) return errno;
  const sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

TEST(RestrictPorts, OnlyThoseNamedCanBeConnectedTo) {
  std::uint16_t allowed = 0;
  std::uint16_t other = 0;
  const UniqueFd first(loopback_listener(allowed));
  const UniqueFd second(loopback_listener(other));
  ASSERT_TRUE(first.valid() && second.valid());
  const int ended = restricted(
      [&] {
        Restrictions wanted = typical();
        wanted.syscalls.add(tcp_syscalls());
        wanted.connect_ports = {allowed};
        return wanted;
      },
      [&](const Report& report) {
        if (!report.ports) return 77;
        if (connect_errno(allowed) != 0) return 1;
        return connect_errno(other) == EACCES ? 0 : 2;
      });
  if (ended == 77) GTEST_SKIP() << "this kernel's Landlock knows no ports";
  EXPECT_EQ(ended, 0);
}

TEST(RestrictSyscalls, NoNewListenerEvenWithTheTcpGroup) {
  const auto with_tcp = [] {
    Restrictions wanted = typical();
    wanted.syscalls.add(tcp_syscalls());
    return wanted;
  };
  EXPECT_EQ(restricted(with_tcp, [](const Report&) { return ::listen(::socket(AF_INET, SOCK_STREAM, 0), 1); }),
            kKilledByFilter);
  EXPECT_EQ(restricted(with_tcp,
                       [](const Report&) {
                         const sockaddr_in any{.sin_family = AF_INET};
                         return ::bind(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&any),
                                       sizeof any);
                       }),
            kKilledByFilter);
}

TEST(RestrictSyscalls, TcpGroupOpensTcpSocketsAlone) {
  const auto with_tcp = [] {
    Restrictions wanted = typical();
    wanted.syscalls.add(tcp_syscalls());
    return wanted;
  };
  const auto open_socket = [&](int family, int type, int protocol) {
    return restricted(with_tcp, [=](const Report&) { return ::socket(family, type, protocol) < 0 ? 1 : 0; });
  };
  EXPECT_EQ(open_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), 0);
  EXPECT_EQ(open_socket(AF_INET, SOCK_DGRAM, 0), kKilledByFilter);
  EXPECT_EQ(open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), kKilledByFilter);
  EXPECT_EQ(open_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), kKilledByFilter);
  EXPECT_EQ(open_socket(AF_UNIX, SOCK_STREAM, 0), kKilledByFilter);
  EXPECT_EQ(restricted(with_tcp,
                       [](const Report&) {
                         const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
                         const sockaddr_in any{.sin_family = AF_INET, .sin_port = htons(9)};
                         return ::sendto(fd, "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&any),
                                         sizeof any) < 0
                                    ? 1
                                    : 0;
                       }),
            kKilledByFilter);
}

TEST(RestrictSyscalls, NameLookupGroupAddsUdpAndRefusesTheRest) {
  const auto with_lookup = [] {
    Restrictions wanted = typical();
    wanted.syscalls.add(tcp_syscalls());
    wanted.syscalls.add(name_lookup_syscalls());
    return wanted;
  };
  const auto open_socket = [&](int family, int type) {
    return restricted(with_lookup, [=](const Report&) { return ::socket(family, type, 0) < 0 ? errno : 0; });
  };
  EXPECT_EQ(open_socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK), 0);
  EXPECT_EQ(open_socket(AF_UNIX, SOCK_STREAM), EACCES);
  EXPECT_EQ(open_socket(AF_NETLINK, SOCK_RAW), EACCES);
}

struct Forbidden {
  const char* name;
  std::function<long()> call;
};

class ForbiddenCall : public testing::TestWithParam<Forbidden> {};

TEST_P(ForbiddenCall, EndsTheProcess) {
  EXPECT_EQ(restricted(typical, [](const Report&) { return GetParam().call() == 0 ? 0 : 1; }), kKilledByFilter);
}

INSTANTIATE_TEST_SUITE_P(
    RestrictSyscalls, ForbiddenCall,
    testing::Values(
        Forbidden{"execve", [] { return static_cast<long>(::execl("/bin/true", "true", nullptr)); }},
        Forbidden{"execveat", [] { return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }},
        Forbidden{"fork", [] { return static_cast<long>(::fork()); }},
        Forbidden{"socket", [] { return static_cast<long>(::socket(AF_INET, SOCK_STREAM, 0)); }},
        Forbidden{"kill_parent", [] { return static_cast<long>(::kill(::getppid(), 0)); }},
        Forbidden{"kill_self", [] { return static_cast<long>(::kill(::getpid(), 0)); }},
        Forbidden{"tgkill_parent", [] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
        Forbidden{"ptrace", [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr); }},
        Forbidden{"process_vm_readv",
                  [] { return static_cast<long>(::process_vm_readv(::getppid(), nullptr, 0, nullptr, 0, 0)); }},
        Forbidden{"pidfd_open", [] { return ::syscall(SYS_pidfd_open, ::getppid(), 0); }},
        Forbidden{"unshare", [] { return static_cast<long>(::unshare(CLONE_NEWUSER)); }},
        Forbidden{"memfd_create", [] { return static_cast<long>(::memfd_create("x", 0)); }},
        Forbidden{"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
        Forbidden{"io_uring_setup", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
        Forbidden{"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
        Forbidden{"keyctl", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
        Forbidden{"personality", [] { return ::syscall(SYS_personality, 0); }},
        Forbidden{"signal_by_file", [] { return static_cast<long>(::fcntl(0, F_SETOWN, ::getppid())); }},
        Forbidden{"chmod", [] { return static_cast<long>(::fchmod(0, 0777)); }},
        Forbidden{"dumpable", [] { return static_cast<long>(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
        Forbidden{"new_namespace_thread",
                  [] {
                    return ::syscall(SYS_clone,
                                     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWPID,
                                     nullptr, nullptr, nullptr, nullptr);
                  }}),
    [](const auto& param) { return param.param.name; });

TEST(RestrictSyscalls, MemoryIsNeverMadeExecutable) {
  EXPECT_EQ(restricted(typical,
                       [](const Report&) {
                         const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
                         if (::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, flags, -1, 0) != MAP_FAILED) return 1;
                         if (errno != EACCES) return 2;
                         void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
                         if (page == MAP_FAILED) return 3;
                         if (::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 || errno != EACCES) return 4;
                         return ::mprotect(page, 4096, PROT_READ) == 0 ? 0 : 5;
                       }),
            0);
}

TEST(RestrictSyscalls, ThreadsStartAndAreRestrictedToo) {
  EXPECT_EQ(restricted(typical,
                       [](const Report&) {
                         int done = 1;
                         std::thread([&] { done = 0; }).join();
                         return done;
                       }),
            0);
  EXPECT_EQ(restricted(typical,
                       [](const Report&) {
                         std::thread([] { ::kill(::getppid(), 0); }).join();
                         return 0;
                       }),
            kKilledByFilter);
}

TEST(RestrictSyscalls, ThreadsThatRunAlreadyAreRestrictedToo) {
  EXPECT_EQ(in_child([] {
              if (!shed_privileges(std::nullopt)) return kSetUpFailed;
              int pipe[2];
              if (::pipe(pipe) != 0) return kSetUpFailed;
              std::thread early([&] {
                char byte = 0;
                if (::read(pipe[0], &byte, 1) == 1) ::kill(::getppid(), 0);
              });
              if (!restrict_process(typical())) return kSetUpFailed;
              if (::write(pipe[1], "x", 1) != 1) return kSetUpFailed;
              early.join();
              return 0;
            }),
            kKilledByFilter);
}

TEST(RestrictSyscalls, AbortStillEndsByItsOwnSignal) {
  EXPECT_EQ(restricted(typical, [](const Report&) -> int { std::abort(); }), kSignalled + SIGABRT);
}

TEST(RestrictSyscalls, ReadingGroupAloneOpensNothingForWriting) {
  const auto reader = [] {
    Restrictions wanted;
    wanted.syscalls.add(runtime_syscalls());
    wanted.syscalls.add(read_file_syscalls());
    wanted.files.push_back({"/dev", FileUse::kWrite});
    return wanted;
  };
  EXPECT_EQ(restricted(reader, [](const Report&) { return open_errno("/dev/null", O_RDONLY); }), 0);
  EXPECT_EQ(restricted(reader, [](const Report&) { return open_errno("/dev/null", O_WRONLY); }), kKilledByFilter);
  EXPECT_EQ(restricted(reader, [](const Report&) { return open_errno("/dev/null", O_RDWR); }), kKilledByFilter);
}

TEST(Report, NamesWhatAnOldKernelLacks) {
  EXPECT_EQ(Report{}.missing().size(), 4U);
  EXPECT_TRUE(
      (Report{.landlock_abi = 7, .files = true, .ports = true, .signals = true, .syscalls = true}.missing().empty()));
  const auto missing = Report{.landlock_abi = 3, .files = true, .syscalls = true}.missing();
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_NE(missing[0].find("ports"), std::string_view::npos);
}

TEST(RestrictProcess, KernelWithoutLandlockIsReportedAndRefusedWhereAllIsRequired) {
  const auto without_landlock = [] {
    Restrictions wanted = typical();
    wanted.syscalls.add({.name = "landlock_create_ruleset", .refuse_with = ENOSYS});
    wanted.syscalls.add_names({"seccomp", "prctl"});
    return wanted;
  };
  EXPECT_EQ(restricted(without_landlock,
                       [](const Report&) {
                         const auto report = restrict_process(typical());
                         if (!report || report->files || report->ports || report->signals) return 1;
                         if (!report->syscalls || report->missing().size() != 3) return 2;
                         if (!log_confinement("test", *report, false)) return 3;
                         const auto required = log_confinement("test", *report, true);
                         return !required && required.error().code() == Errc::kUnsupported ? 0 : 4;
                       }),
            0);
}

TEST(RestrictProcess, WithoutNoNewPrivilegesAnOrdinaryUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user without no_new_privs";
  EXPECT_EQ(in_child([] {
              if (::setresuid(60'799, 60'799, 60'799) != 0) return kSetUpFailed;
              return restrict_process(typical()) ? 1 : 0;
            }),
            0);
}

}  // namespace
}  // namespace redoubt::confine
