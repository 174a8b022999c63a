#include "keeper/key_sealing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "sealing/keeper_keys.h"

namespace redoubt {
namespace {

constexpr std::size_t kKeySize = 32;

struct KeyFile {
  const char* name;
  const char* kind;
};
constexpr KeyFile kSignerKey{.name = "signer.key", .kind = "ledger-signer"};
constexpr std::array<KeyFile, 6> kKeyFiles{{{"wrap.key", "wrap"},
                                            {"dictionary.key", "dictionary"},
                                            {"tls-ca.key", "tls-ca"},
                                            {"history.key", "tpm-history"},
                                            {"signer.prepared.key", "ledger-signer"},
                                            kSignerKey}};

Result<bool> is_in_the_clear(const std::string& keeper, const KeyFile& file) {
  const auto key = keys::KeyStore::plain().load(keeper + "/" + file.name, file.kind, kKeySize);
  if (key) return true;
  if (key.error().code() == Errc::kPermissionDenied || key.error().code() == Errc::kNotFound) return false;
  return key.error();
}

// The bytes of the old file are overwritten once it has no name; copies that the file system or the disk made of them
// are out of reach.
Result<> encrypt(FileSystem& fs, const keys::KeyStore& store, const std::string& keeper, const KeyFile& file) {
  const auto clear = is_in_the_clear(keeper, file);
  if (!clear) return clear.error();
  if (!*clear) return {};
  const std::string path = keeper + "/" + file.name;
  const auto key = keys::KeyStore::plain().load(path, file.kind, kKeySize);
  if (!key) return key.error();
  const UniqueFd old(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  if (!old.valid() || ::fstat(old.get(), &info) != 0) return errno_error("cannot open `" + path + "`", errno);
  const std::string fresh = path + ".new";
  if (auto done = fs.remove(fresh); !done && done.error().code() != Errc::kNotFound) return done;
  if (auto done = store.create(fresh, file.kind, *key); !done) return done;
  if (::getuid() == 0 && ::chown(fresh.c_str(), info.st_uid, info.st_gid) != 0) {
    return errno_error("cannot give `" + fresh + "` to the keeper", errno);
  }
  if (auto done = fs.rename(fresh, path); !done) return done;
  if (auto done = fs.sync_directory(keeper); !done) return done;
  const std::string nothing(static_cast<std::size_t>(info.st_size), '\0');
  if (::pwrite(old.get(), nothing.data(), nothing.size(), 0) != info.st_size || ::fdatasync(old.get()) != 0) {
    return errno_error("the keys are sealed, but what `" + path + "` held cannot be overwritten", errno);
  }
  return {};
}

}  // namespace

Result<> require_clear_signer(const std::string& keeper) {
  const auto clear = is_in_the_clear(keeper, kSignerKey);
  if (!clear) return clear.error();
  if (!*clear) return Error(Errc::kAlreadyExists, "the keys in `" + keeper + "` are sealed already");
  return {};
}

Result<> seal_keys(FileSystem& fs, const sealing::SealingPaths& paths, tpm::Tpm& tpm,
                   const crypto::P256PublicKey& approver, const keys::QuorumSize& recovery) {
  if (auto clear = require_clear_signer(paths.keeper); !clear) return clear;
  const auto before = sealing::is_sealed(fs, paths.keeper);
  if (!before) return before.error();
  if (*before) return Error(Errc::kAlreadyExists, "there is a storage key in `" + paths.keeper + "` already");
  const auto store = sealing::seal_new_storage_key(fs, paths, tpm, approver, recovery);
  if (!store) return store.error();
  return {};
}

Result<> encrypt_keys(FileSystem& fs, const std::string& keeper, const keys::KeyStore& store) {
  if (!store.is_encrypted()) return Error(Errc::kInvalidArgument, "nothing is sealed under which keys were encrypted");
  if (auto clear = require_clear_signer(keeper); !clear) return clear;
  for (const KeyFile& file : kKeyFiles) {
    if (auto done = encrypt(fs, store, keeper, file); !done) return done;
  }
  return {};
}

Result<crypto::Secret> recover_storage_key(FileSystem& fs, const sealing::SealingPaths& paths,
                                           const std::vector<std::string>& shares) {
  auto key = keys::open_quorum(fs, paths.recovery_quorum, shares);
  if (!key && key.error().code() == Errc::kNotFound) return key.error().in("the recovery shares");
  if (!key) return key.error();
  if (key->size() != keys::KeyStore::kStorageKeyBytes) return Error(Errc::kCorrupt, "the shares give no storage key");
  const auto store = keys::KeyStore::encrypted(crypto::Secret::copy_of(key->reveal()));
  const auto signer = store.load(paths.keeper + "/" + kSignerKey.name, kSignerKey.kind, kKeySize);
  if (!signer) return signer.error();
  return key;
}

}  // namespace redoubt
