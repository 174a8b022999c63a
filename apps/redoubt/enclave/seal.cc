// `redoubt enclave seal`: for a folder that was made with its keys in the clear.
//
// The storage key is sealed and approved first; then the key files are encrypted one by one, the signer's last. So a
// call that was cut short is gone on with by the next, as long as the signer's key is in the clear: from then on a key
// in the clear was put there by somebody else.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/config.h"
#include "base/unique_fd.h"
#include "keys/key_store.h"
#include "redoubt/confinement.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/new_sealing.h"
#include "redoubt/enclave/sealed_store.h"
#include "redoubt/enclave/verbs.h"
#include "redoubt/offline_state.h"
#include "redoubt/sealing_paths.h"
#include "redoubt/settings.h"
#include "sealing/keeper_keys.h"
#include "sealing/new_sealing.h"

namespace redoubt::app::enclave_verbs {

namespace {

constexpr std::size_t kKeySize = 32;

struct KeyFile {
  const char* name;
  const char* kind;
};
constexpr std::array<KeyFile, 6> kKeyFiles{{{"wrap.key", "wrap"},
                                            {"dictionary.key", "dictionary"},
                                            {"tls-ca.key", "tls-ca"},
                                            {"history.key", "tpm-history"},
                                            {"signer.prepared.key", "ledger-signer"},
                                            {"signer.key", "ledger-signer"}}};

Result<bool> is_in_the_clear(const std::string& path, const char* kind) {
  const auto key = keys::KeyStore::plain().load(path, kind, kKeySize);
  if (key) return true;
  if (key.error().code() == Errc::kPermissionDenied || key.error().code() == Errc::kNotFound) return false;
  return key.error();
}

// The bytes of the old file are overwritten once it has no name; copies that the file system or the disk made of them
// are out of reach.
Result<> encrypt(FileSystem& fs, const keys::KeyStore& store, const std::string& folder, const KeyFile& file) {
  const std::string path = folder + "/" + file.name;
  const auto clear = is_in_the_clear(path, file.kind);
  if (!clear) return clear.error();
  if (!*clear) return {};
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
  if (auto done = fs.sync_directory(folder); !done) return done;
  const std::string nothing(static_cast<std::size_t>(info.st_size), '\0');
  if (::pwrite(old.get(), nothing.data(), nothing.size(), 0) != info.st_size || ::fdatasync(old.get()) != 0) {
    return errno_error("the keys are sealed, but what `" + path + "` held cannot be overwritten", errno);
  }
  return {};
}

// What was sealed by this call; nothing when an earlier one had been cut short.
Result<std::optional<KeySealing>> seal_all(const Layout& layout, const SealOptions& options) {
  PosixFileSystem fs;
  const auto settings = load_settings(fs, layout.config());
  if (!settings) return settings.error();
  if (settings->tpm.empty()) {
    return Error(Errc::kInvalidArgument,
                 "`enclave.tpm` in redoubt.toml says to which TPM keys are sealed: put it there first");
  }
  const auto clear = is_in_the_clear(layout.keeper() + "/signer.key", "ledger-signer");
  if (!clear) return clear.error();
  if (!*clear) return Error(Errc::kAlreadyExists, "the keys of `" + layout.root + "` are sealed already");
  if (fs.open(layout.keeper() + "/signer.next.key", OpenMode::kReadOnly)) {
    return Error(Errc::kUnavailable,
                 "a change of the signing key is half done: `redoubt ledger rotate-signer` finishes it");
  }
  const auto configuration = read_file(fs, layout.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  const auto users = find_process_users(*settings);
  if (!users) return users.error();
  Enclave::tidy(layout);
  if (auto done = take_over(layout, *users); !done) return done.error();
  const auto begun = sealing::is_sealed(fs, layout.keeper());
  if (!begun) return begun.error();
  std::optional<KeySealing> made;
  keys::KeyStore store = keys::KeyStore::plain();
  if (*begun) {
    auto opened = open_store_offline(layout, true);
    if (!opened) return opened.error();
    store = *std::move(opened);
  } else {
    const auto seal_new = [&](const Enclave&, tpm::Tpm tpm, const crypto::P256PublicKey& approver,
                              const keys::QuorumSize& recovery) -> Result<sealing::NewSealing> {
      auto sealed = sealing::seal_new_storage_key(fs, sealing_paths(layout), tpm, approver, recovery);
      if (!sealed) return sealed.error();
      store = std::move(sealed->store);
      return std::move(sealed->made);
    };
    auto sealed = seal_for_the_first_time(
        layout,
        {.tpm = settings->tpm, .approvers = options.approvers, .recovery = options.recovery, .user = users->keeper},
        seal_new);
    if (!sealed) return sealed.error();
    if (auto done = approve_first(layout, *sealed, std::string(as_chars(*configuration))); !done) return done.error();
    made = *std::move(sealed);
  }
  for (const KeyFile& file : kKeyFiles) {
    if (auto done = encrypt(fs, store, layout.keeper(), file); !done) return done.error();
  }
  return made;
}

}  // namespace

int seal(const Common& common, const SealOptions& options) {
  const Layout layout(common.dir);
  const auto lock = lock_out_server(layout);
  if (!lock) return report(lock.error(), common.json);
  const auto made = seal_all(layout, options);
  if (!made) return report(made.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("resumed", !made->has_value());
    if (*made) write_sealing(json, **made);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  if (*made) {
    print_sealing(**made);
  } else {
    std::printf("the sealing that had begun is done\n");
  }
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
