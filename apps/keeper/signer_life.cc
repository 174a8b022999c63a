#include "keeper/signer_life.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "crypto/ed25519.h"
#include "ledger/logs.h"
#include "ledger/signers.h"

namespace redoubt {
namespace {

constexpr const char* kKey = "signer.key";
constexpr const char* kPreparedKey = "signer.prepared.key";
constexpr const char* kNextKey = "signer.next.key";
constexpr std::string_view kKind = "ledger-signer";

// A folder that is worked in by its own name for things: as the working folder and, where we are root, as its owner. So
// files that are made in it are its owner's, and an owner who is not root cannot have root follow his links.
class OwnedFolder {
 public:
  static Result<OwnedFolder> open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("cannot open folder `" + path + "`", errno);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error("cannot examine `" + path + "`", errno);
    return OwnedFolder(std::move(fd), path, info.st_uid, info.st_gid);
  }

  int descriptor() const { return fd_.get(); }

  // For the whole process, until the next call.
  Result<> enter() const {
    if (::getuid() == 0 && (::seteuid(0) != 0 || ::setegid(group_) != 0 || ::seteuid(user_) != 0)) {
      return errno_error("cannot act as the owner of `" + path_ + "`", errno);
    }
    if (::fchdir(fd_.get()) != 0) return errno_error("cannot enter folder `" + path_ + "`", errno);
    return {};
  }

 private:
  OwnedFolder(UniqueFd fd, std::string path, uid_t user, gid_t group)
      : fd_(std::move(fd)), path_(std::move(path)), user_(user), group_(group) {}

  UniqueFd fd_;
  std::string path_;
  uid_t user_;
  gid_t group_;
};

// Redoubt's folder, with no other command of these at work in it. The working folder is the keeper's.
struct LockedFolder {
  OwnedFolder root;
  OwnedFolder keeper;
  OwnedFolder ledger;
  UniqueFd lock;  // the keeper's
};

Result<LockedFolder> lock_folder(const SignerPlace& place) {
  auto root = OwnedFolder::open(place.root);
  if (!root) return root.error();
  auto keeper = OwnedFolder::open(place.keeper);
  if (!keeper) return keeper.error();
  auto ledger = OwnedFolder::open(place.ledger);
  if (!ledger && ledger.error().code() == Errc::kNotFound) {
    return Error(Errc::kNotFound, "there is no ledger yet: its first key is the one that `redoubt init` made");
  }
  if (!ledger) return ledger.error();
  if (auto done = keeper->enter(); !done) return done.error();
  if (::flock(keeper->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "another command is changing the signing key in `" + place.root + "`");
  }
  return LockedFolder{*std::move(root), *std::move(keeper), *std::move(ledger), {}};
}

// The same, and no keeper runs from it.
Result<LockedFolder> lock_out_keeper(const SignerPlace& place) {
  auto folder = lock_folder(place);
  if (!folder) return folder;
  folder->lock = UniqueFd(::open("lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!folder->lock.valid()) return errno_error("cannot open the keeper's lock file", errno);
  if (::flock(folder->lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Errc::kUnavailable, "a server runs from `" + place.root + "`: stop it first");
  }
  return folder;
}

Result<bool> exists(FileSystem& fs, const char* path) {
  const auto file = fs.open(path, OpenMode::kReadOnly);
  if (!file && file.error().code() != Errc::kNotFound) return file.error();
  return file.has_value();
}

Result<tlog::NoteSigner> load_signer(const keys::KeyStore& store, const char* path, const std::string& origin) {
  const auto seed = store.load(path, kKind, 32);
  if (!seed) return seed.error();
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!key) return key.error();
  return tlog::NoteSigner::create(origin, *std::move(key));
}

// Whole under its name, or not there.
Result<> prepare_key(FileSystem& fs, const keys::KeyStore& store) {
  const auto there = exists(fs, kPreparedKey);
  if (!there) return there.error();
  if (*there) return {};
  const std::string fresh = std::string(kPreparedKey) + ".new";
  if (auto done = fs.remove(fresh); !done && done.error().code() != Errc::kNotFound) return done;
  const auto key = crypto::Ed25519PrivateKey::generate();
  if (auto done = store.create(fresh, kKind, key.seed()); !done) return done;
  if (auto done = fs.rename(fresh, kPreparedKey); !done) return done;
  return fs.sync_directory(".");
}

Result<> make_next_key(FileSystem& fs, const keys::KeyStore& store) {
  if (auto done = prepare_key(fs, store); !done) return done;
  if (auto done = fs.rename(kPreparedKey, kNextKey); !done) return done;
  return fs.sync_directory(".");
}

// The next key becomes the key. What the old file held is overwritten once it has no name; copies that the file system
// or the disk made of it are out of reach.
Result<> replace_key(FileSystem& fs) {
  const UniqueFd old(::open(kKey, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!old.valid()) return errno_error("cannot open the old key", errno);
  struct stat info{};
  if (::fstat(old.get(), &info) != 0) return errno_error("cannot examine the old key", errno);
  if (auto done = fs.rename(kNextKey, kKey); !done) return done;
  if (auto done = fs.sync_directory("."); !done) return done;
  const std::string nothing(static_cast<std::size_t>(info.st_size), '\0');
  if (::pwrite(old.get(), nothing.data(), nothing.size(), 0) != info.st_size || ::fdatasync(old.get()) != 0) {
    return errno_error("the key was changed, but what the old file held cannot be overwritten", errno);
  }
  return {};
}

}  // namespace

Result<ledger::NextSigner> prepare_signer(const SignerPlace& place, const keys::KeyStore& store) {
  const auto folder = lock_folder(place);
  if (!folder) return folder.error();
  PosixFileSystem fs;
  const auto begun = exists(fs, kNextKey);
  if (!begun) return begun.error();
  if (!*begun) {
    if (auto done = prepare_key(fs, store); !done) return done.error();
  }
  const auto next = load_signer(store, *begun ? kNextKey : kPreparedKey, place.origin);
  if (!next) return next.error();
  if (auto done = folder->ledger.enter(); !done) return done.error();
  const auto tenants = ledger::read_tenants(fs, ".");
  if (!tenants) return tenants.error();
  ledger::NextSigner out{.keys = {next->verifier_key()}};
  for (const std::string& tenant : *tenants) {
    const auto signer = next->with_name(ledger::log_origin(place.origin, tenant));
    if (!signer) return signer.error();
    out.keys.push_back(signer->verifier_key());
  }
  return out;
}

Result<ledger::ChangedSigner> rotate_signer(const SignerPlace& place, const keys::KeyStore& store) {
  const auto folder = lock_out_keeper(place);
  if (!folder) return folder.error();
  PosixFileSystem fs;
  const auto resumed = exists(fs, kNextKey);
  if (!resumed) return resumed.error();
  const auto old = load_signer(store, kKey, place.origin);
  if (!old) return old.error();
  // Before anything is changed: a key that may not sign any more, of a copy of an old folder say, hands over nothing.
  if (!*resumed) {
    if (auto done = folder->ledger.enter(); !done) return done.error();
    if (auto current = ledger::require_current_signer(fs, ".", old->verifier_key()); !current) return current.error();
    if (auto done = folder->keeper.enter(); !done) return done.error();
    if (auto done = make_next_key(fs, store); !done) return done.error();
  }
  const auto next = load_signer(store, kNextKey, place.origin);
  if (!next) return next.error();

  if (auto done = folder->ledger.enter(); !done) return done.error();
  const auto logs = ledger::hand_over(fs, ".", *old, *next, SystemClock());
  if (!logs) return logs.error();
  if (auto done = folder->root.enter(); !done) return done.error();
  const std::string vkey = next->verifier_key().format() + "\n";
  if (auto done = write_file_atomically(fs, "./ledger.vkey", as_bytes(vkey)); !done) return done.error();
  if (auto done = folder->keeper.enter(); !done) return done.error();
  if (auto done = replace_key(fs); !done) return done.error();
  ledger::ChangedSigner out{.resumed = *resumed, .logs = {}};
  for (const ledger::HandedOver& log : *logs) {
    out.logs.push_back({.from = log.from, .to = log.to, .size = log.size.value});
  }
  return out;
}

Result<ledger::RevokedSigner> revoke_signer(const SignerPlace& place, const keys::KeyStore& store,
                                            const SignerToRevoke& what) {
  const auto folder = lock_out_keeper(place);
  if (!folder) return folder.error();
  PosixFileSystem fs;
  const auto half_done = exists(fs, kNextKey);
  if (!half_done) return half_done.error();
  if (*half_done) {
    return Error(Errc::kUnavailable,
                 "a change of the signing key is half done: `redoubt ledger rotate-signer` finishes it");
  }
  const auto signer = load_signer(store, kKey, place.origin);
  if (!signer) return signer.error();
  if (auto done = folder->ledger.enter(); !done) return done.error();
  const auto revoked = ledger::revoke_signer(fs, ".", what.tenant, *signer, what.key, what.at, SystemClock());
  if (!revoked) return revoked.error();
  return ledger::RevokedSigner{.key = revoked->key, .at = revoked->at.value};
}

}  // namespace redoubt
