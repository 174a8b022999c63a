#include "keeper/attesting_keys.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "tpm/history_log.h"
#include "tpm/nv_index.h"

namespace redoubt {
namespace {

constexpr const char* kAttestationKey = "attestation.key";
constexpr const char* kHistoryKey = "history.key";
constexpr const char* kHistoryKind = "tpm-history";
constexpr std::size_t kHistoryKeyBytes = 32;

std::string history_log(const std::string& measured) {
  return measured + "/history";
}

Result<bool> is_there(FileSystem& fs, const std::string& path) {
  const auto file = fs.open(path, OpenMode::kReadOnly);
  if (!file && file.error().code() != Errc::kNotFound) return file.error();
  return file.has_value();
}

Result<> write_private(FileSystem& fs, const std::string& path, ByteView bytes) {
  if (auto done = write_file_atomically(fs, path, bytes); !done) return done;
  if (::chmod(path.c_str(), 0600) != 0) return errno_error("cannot set the mode of `" + path + "`", errno);
  return {};
}

// The history, made with the attestation key and before it: who takes it away loses the key that others have pinned.
// What a start that was killed left behind is made anew.
Result<> make_history(tpm::Tpm& tpm, FileSystem& fs, const keys::KeyStore& store, const std::string& measured) {
  for (const std::string& path : {std::string(kHistoryKey), history_log(measured)}) {
    if (auto done = fs.remove(path); !done && done.error().code() != Errc::kNotFound) return done;
  }
  const auto authorisation = crypto::Secret::random(kHistoryKeyBytes);
  tpm::NvHandle handle = kFirstHistoryHandle;
  Result<> made = tpm::create_history(tpm, handle, authorisation);
  for (std::uint32_t i = 1; !made && made.error().code() == Errc::kAlreadyExists && i < kHistoryHandles; ++i) {
    made = tpm::create_history(tpm, ++handle, authorisation);
  }
  if (!made) return made.error().in("the TPM's history of bundles");
  if (auto done = store.create(kHistoryKey, kHistoryKind, authorisation); !done) return done;
  return write_private(fs, history_log(measured), tpm::HistoryLog(handle).encode());
}

Result<tpm::AttestationKey> make_both(tpm::Tpm& tpm, FileSystem& fs, const keys::KeyStore& store,
                                      const std::string& measured) {
  if (auto done = make_history(tpm, fs, store, measured); !done) return done.error();
  auto key = tpm::create_attestation_key(tpm);
  if (!key) return key.error();
  if (auto done = write_private(fs, kAttestationKey, key->encode()); !done) return done.error();
  return key;
}

}  // namespace

Result<AttestingKeys> open_attesting_keys(tpm::Tpm& tpm, FileSystem& fs, const keys::KeyStore& store,
                                          const std::string& measured) {
  const auto bytes = read_file(fs, kAttestationKey, tpm::AttestationKey::kMaxBytes);
  if (!bytes && bytes.error().code() != Errc::kNotFound) return bytes.error();
  if (bytes) {
    for (const std::string& path : {std::string(kHistoryKey), history_log(measured)}) {
      const auto there = is_there(fs, path);
      if (!there) return there.error();
      if (!*there) return Error(Errc::kConflict, "there is an attestation key and no `" + path + "`, made with it");
    }
  }
  auto key = bytes ? tpm::AttestationKey::decode(*bytes) : make_both(tpm, fs, store, measured);
  if (!key) return key.error().in(std::string("`") + kAttestationKey + "`");
  auto history = store.load(kHistoryKey, kHistoryKind, kHistoryKeyBytes);
  if (!history) return history.error();
  return AttestingKeys{.attestation = *std::move(key), .history = *std::move(history)};
}

}  // namespace redoubt
