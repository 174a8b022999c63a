#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "confine/internal/landlock.h"

namespace redoubt::confine::internal {
namespace {

// Newer than the kernel headers of Debian 12. Values are the kernel's interface, and do not change.
constexpr std::uint64_t kTruncate = 1ULL << 14;            // ABI 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;         // ABI 5
constexpr std::uint64_t kBindTcp = 1ULL << 0;              // ABI 4
constexpr std::uint64_t kConnectTcp = 1ULL << 1;           // ABI 4
constexpr std::uint64_t kScopeAbstractSocket = 1ULL << 0;  // ABI 6
constexpr std::uint64_t kScopeSignal = 1ULL << 1;          // ABI 6
constexpr int kRulePort = 2;                               // ABI 4

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

struct PortAttributes {
  std::uint64_t allowed_access = 0;
  std::uint64_t port = 0;
};

constexpr std::uint64_t kReadAccess = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriteAccess = kReadAccess | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                       LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_REFER | kTruncate;
// Those that make sense for a rule on a single file.
constexpr std::uint64_t kFileAccess = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

std::uint64_t known_file_access(int abi) {
  // Bits are given in order: ABI 1 has 13 of them, 2, 3 and 5 one more each.
  std::uint64_t bits = (1ULL << 13) - 1;
  if (abi >= 2) bits |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) bits |= kTruncate;
  if (abi >= 5) bits |= kIoctlDevice;
  return bits;
}

// The oldest kernels know only the first members; they are told no more than those.
std::size_t known_size(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  if (abi >= 4) return offsetof(RulesetAttributes, scoped);
  return offsetof(RulesetAttributes, handled_access_net);
}

Result<> allow_file(int ruleset, const FileRule& rule, std::uint64_t known) {
  const UniqueFd fd(::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) {
    if (rule.optional && (errno == ENOENT || errno == EACCES)) return {};
    return errno_error("cannot allow `" + rule.path + "`", errno);
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return errno_error("cannot examine `" + rule.path + "`", errno);
  std::uint64_t access = (rule.use == FileUse::kWrite ? kWriteAccess : kReadAccess) & known;
  if (!S_ISDIR(info.st_mode)) access &= kFileAccess;
  landlock_path_beneath_attr attributes{.allowed_access = access, .parent_fd = fd.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0) != 0) {
    return errno_error("cannot allow `" + rule.path + "`", errno);
  }
  return {};
}

Result<> allow_connect(int ruleset, std::uint16_t port) {
  const PortAttributes attributes{.allowed_access = kConnectTcp, .port = port};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePort, &attributes, 0) != 0) {
    return errno_error("cannot allow port " + std::to_string(port), errno);
  }
  return {};
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Result<> restrict_access(const Restrictions& wanted, Report& report) {
  const int abi = report.landlock_abi;
  if (abi < 2) return {};
  RulesetAttributes handled{.handled_access_fs = known_file_access(abi)};
  if (abi >= 4) handled.handled_access_net = kBindTcp | kConnectTcp;
  if (abi >= 6) handled.scoped = kScopeAbstractSocket | kScopeSignal;
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, known_size(abi), 0)));
  if (!ruleset.valid()) return errno_error("cannot make a Landlock ruleset", errno);
  for (const FileRule& rule : wanted.files) {
    if (auto done = allow_file(ruleset.get(), rule, handled.handled_access_fs); !done) return done;
  }
  if (abi >= 4) {
    for (const std::uint16_t port : wanted.connect_ports) {
      if (auto done = allow_connect(ruleset.get(), port); !done) return done;
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return errno_error("cannot apply Landlock rules", errno);
  }
  report.files = true;
  report.ports = abi >= 4;
  report.signals = abi >= 6;
  return {};
}

}  // namespace redoubt::confine::internal
