#include "redoubt/confinement.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "confine/common_needs.h"
#include "confine/restrict.h"
#include "crypto/secret.h"

namespace redoubt::app {
namespace {

// In a range that systemd leaves to nobody (systemd.io/UIDS-GIDS): for systems without users of these names.
constexpr confine::UserIds kKeeperIds{.user = 60'710, .group = 60'710};
constexpr confine::UserIds kGatewayIds{.user = 60'711, .group = 60'711};
constexpr confine::UserIds kNotifierIds{.user = 60'712, .group = 60'712};
constexpr confine::UserIds kAttesterIds{.user = 60'713, .group = 60'713};

constexpr int kMaxDepth = 4;

Result<std::optional<confine::UserIds>> find_process_user(const std::string& key, const std::string& configured,
                                                          std::string_view usual, const confine::UserIds& fallback) {
  if (configured.empty()) return std::optional<confine::UserIds>();
  auto found = confine::find_user(configured);
  if (found) return std::optional(*found);
  if (configured == usual && found.error().code() == Errc::kNotFound) return std::optional(fallback);
  return found.error().in("`" + key + "`");
}

// Gives folders away, as root; see take_over().
class Giver {
 public:
  struct Rights {
    uid_t user;
    gid_t group;
    mode_t folder_mode;
    mode_t file_mode;
  };

  Giver(uid_t folder_owner, const Rights& rights) : trusted_{0, folder_owner, rights.user}, rights_(rights) {}

  Result<> give(const std::string& path) {
    const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) return errno_error("cannot open `" + path + "`", errno);
    struct stat info{};
    if (::fstat(folder.get(), &info) != 0) return errno_error("cannot examine `" + path + "`", errno);
    // Its folder is the operator's, so nobody else can have put it here: who has it was given it by us.
    trusted_.push_back(info.st_uid);
    return give_folder(folder, path, kMaxDepth);
  }

 private:
  // What is inside comes first: an interrupted start leaves the folder with its old owner, who is still trusted then.
  Result<> give_folder(const UniqueFd& folder, const std::string& path, int depth) {
    if (depth == 0) return refused(path, "lies too deep");
    auto names = list(folder, path);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (auto done = give_entry(folder, name, path + "/" + name, depth); !done) return done;
    }
    return change(folder, path, rights_.folder_mode);
  }

  Result<> give_entry(const UniqueFd& folder, const std::string& name, const std::string& path, int depth) {
    struct stat info{};
    if (::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error("cannot examine `" + path + "`", errno);
    }
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return refused(path, "is neither a file nor a folder");
    const UniqueFd fd(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return errno_error("cannot open `" + path + "`", errno);
    if (S_ISDIR(info.st_mode)) return give_folder(fd, path, depth - 1);
    return change(fd, path, rights_.file_mode);
  }

  // Judges what is open, not what had the name before.
  Result<> change(const UniqueFd& fd, const std::string& path, mode_t mode) {
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error("cannot examine `" + path + "`", errno);
    if (!S_ISDIR(info.st_mode) && (!S_ISREG(info.st_mode) || info.st_nlink != 1)) {
      return refused(path, "is not a file with one name");
    }
    if (std::find(trusted_.begin(), trusted_.end(), info.st_uid) == trusted_.end()) {
      return refused(path, "belongs to user " + std::to_string(info.st_uid));
    }
    if ((info.st_uid != rights_.user || info.st_gid != rights_.group) &&
        ::fchown(fd.get(), rights_.user, rights_.group) != 0) {
      return errno_error("cannot give `" + path + "` to user " + std::to_string(rights_.user), errno);
    }
    if ((info.st_mode & 07777) != mode && ::fchmod(fd.get(), mode) != 0) {
      return errno_error("cannot set the mode of `" + path + "`", errno);
    }
    return {};
  }

  static Result<std::vector<std::string>> list(const UniqueFd& folder, const std::string& path) {
    UniqueFd copy(::dup(folder.get()));
    const auto close = [](DIR* open) { ::closedir(open); };
    const std::unique_ptr<DIR, decltype(close)> dir(copy.valid() ? ::fdopendir(copy.get()) : nullptr, close);
    if (!dir) return errno_error("cannot list `" + path + "`", errno);
    [[maybe_unused]] const int owned_by_dir = copy.release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
  }

  static Error refused(const std::string& path, const std::string& why) {
    return Error(Errc::kPermissionDenied, "`" + path + "` is not given to another user: it " + why);
  }

  std::vector<uid_t> trusted_;
  const Rights rights_;
};

confine::Restrictions gateway_restrictions(const Settings& settings, const net::UpstreamUrl& upstream,
                                           std::span<const net::UpstreamUrl> witnesses, int state_folder) {
  confine::Restrictions wanted;
  wanted.files.push_back({".", confine::FileUse::kRead});
  wanted.files.push_back({path_of_descriptor(state_folder), confine::FileUse::kWrite});
  bool by_name = !confine::is_address(upstream.host);
  bool anchors = upstream.tls && settings.upstream_ca_file.empty();
  wanted.connect_ports.push_back(upstream.port);
  for (const net::UpstreamUrl& witness : witnesses) {
    wanted.connect_ports.push_back(witness.port);
    by_name = by_name || !confine::is_address(witness.host);
    anchors = anchors || witness.tls;
  }
  if (by_name) confine::allow_name_lookup(wanted);
  if (anchors) confine::allow_trust_anchors(wanted);
  wanted.syscalls.add(confine::runtime_syscalls());
  wanted.syscalls.add(confine::thread_syscalls());
  wanted.syscalls.add(confine::short_turn_syscalls());
  wanted.syscalls.add(confine::read_file_syscalls());
  wanted.syscalls.add(confine::write_file_syscalls());
  wanted.syscalls.add(confine::lock_file_syscalls());
  wanted.syscalls.add(confine::tcp_syscalls());
  wanted.syscalls.add({.name = "sched_setaffinity"});  // its threads choose their processors
  // The thread that makes past meshes anew steps back behind the others: for itself alone, PRIO_PROCESS and
  // SCHED_BATCH.
  wanted.syscalls.add({"setpriority", {confine::argument_is(0, PRIO_PROCESS), confine::argument_is(1, 0)}});
  wanted.syscalls.add({"sched_setscheduler", {confine::argument_is(0, 0), confine::argument_is(1, SCHED_BATCH)}});
  return wanted;
}

}  // namespace

Result<ProcessUsers> find_process_users(const Settings& settings) {
  if (::geteuid() != 0) return ProcessUsers{};
  const Settings usual;
  auto keeper = find_process_user("process.keeper_user", settings.keeper_user, usual.keeper_user, kKeeperIds);
  if (!keeper) return keeper.error();
  auto gateway = find_process_user("process.gateway_user", settings.gateway_user, usual.gateway_user, kGatewayIds);
  if (!gateway) return gateway.error();
  auto notifier = find_process_user("process.notifier_user", settings.notifier_user, usual.notifier_user, kNotifierIds);
  if (!notifier) return notifier.error();
  const auto same = [](const auto& one, const auto& other) { return one && other && one->user == other->user; };
  if (same(*keeper, *gateway)) {
    return Error(Errc::kInvalidArgument, "`process.keeper_user` and `process.gateway_user` must not be the same user");
  }
  if (same(*notifier, *keeper) || same(*notifier, *gateway)) {
    return Error(Errc::kInvalidArgument, "`process.notifier_user` must not be the keeper's user or the gateway's");
  }
  ProcessUsers out{.keeper = *keeper, .gateway = *gateway, .notifier = *notifier, .attester = {}};
  if (!settings.cpu.kind) return out;
  auto attester = find_process_user("process.attester_user", settings.attester_user, usual.attester_user, kAttesterIds);
  if (!attester) return attester.error();
  if (same(*attester, *keeper) || same(*attester, *gateway) || same(*attester, *notifier)) {
    return Error(Errc::kInvalidArgument, "`process.attester_user` must not be the user of another process");
  }
  out.attester = *attester;
  return out;
}

Result<> take_over(const Layout& layout, const ProcessUsers& users) {
  PosixFileSystem fs;
  for (const std::string& folder : {layout.ledger(), layout.state()}) {
    if (auto done = fs.make_directory(folder); !done) return done;
  }
  if (auto done = fs.sync_directory(layout.root); !done) return done;
  if (::geteuid() != 0) return {};
  struct stat root{};
  if (::stat(layout.root.c_str(), &root) != 0) return errno_error("cannot examine `" + layout.root + "`", errno);
  // Without a user of its own the keeper is root without its powers over others' files.
  const confine::UserIds keeper = users.keeper.value_or(confine::UserIds{});
  const confine::UserIds gateway = users.gateway.value_or(confine::UserIds{});
  Giver keys(root.st_uid, {.user = keeper.user, .group = keeper.group, .folder_mode = 0700, .file_mode = 0600});
  if (auto done = keys.give(layout.keeper()); !done) return done;
  Giver state(root.st_uid, {.user = gateway.user, .group = gateway.group, .folder_mode = 0700, .file_mode = 0600});
  if (auto done = state.give(layout.state()); !done) return done;
  // Set-group-id, so that what the keeper makes in it is the gateway's to read as well.
  Giver log(root.st_uid, {.user = keeper.user, .group = gateway.group, .folder_mode = 02750, .file_mode = 0640});
  return log.give(layout.ledger());
}

std::string path_of_descriptor(int folder) {
  return "/proc/self/fd/" + std::to_string(folder);
}

Result<> confine_gateway(const Settings& settings, const std::optional<confine::UserIds>& user,
                         const net::UpstreamUrl& upstream, std::span<const net::UpstreamUrl> witnesses,
                         int state_folder) {
  // OpenSSL reads its own configuration with its first use, which is now.
  std::array<std::byte, 1> first_use;
  crypto::random_bytes(first_use);
  if (auto done = confine::shed_privileges(user); !done) return done;
  auto report = confine::restrict_process(gateway_restrictions(settings, upstream, witnesses, state_folder));
  if (!report) return report.error();
  return confine::log_confinement("gateway", *report, settings.require_confinement);
}

}  // namespace redoubt::app
