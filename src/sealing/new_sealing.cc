#include "sealing/new_sealing.h"

#include <sys/stat.h>

#include <utility>

#include "sealing/keeper_keys.h"
#include "tpm/nv_index.h"
#include "tpm/sealed_secret.h"

namespace redoubt::sealing {

namespace {

constexpr tpm::NvHandle kFirstCounter = 0x0180'5200;
constexpr tpm::NvHandle kCounterPlaces = 64;
const tpm::PcrSelection kBootPcrs{0, 1, 2, 3, 4, 5, 6, 7};

// Where nothing is yet: several folders may have one TPM.
Result<tpm::NvHandle> make_counter(tpm::Tpm& tpm) {
  for (tpm::NvHandle handle = kFirstCounter; handle < kFirstCounter + kCounterPlaces; ++handle) {
    const auto value = tpm::create_counter(tpm, handle);
    if (value) return handle;
    if (value.error().code() != Errc::kAlreadyExists) return value.error();
  }
  return Error(Errc::kResourceExhausted, "the TPM has 64 counters of Redoubt's: remove those of folders that are gone");
}

}  // namespace

Result<> seal_storage_key(FileSystem& fs, const SealingPaths& paths, tpm::Tpm& tpm, const crypto::Secret& storage_key,
                          const crypto::P256PublicKey& approver) {
  const auto counter = make_counter(tpm);
  if (!counter) return counter.error();
  // Nothing started a TPM of software: its registers of firmware are zeros.
  Sealing sealing{.id = {}, .counter = *counter, .boot = !tpm.identity().is_emulated, .approver = approver};
  crypto::random_bytes(sealing.id);
  const auto sealed = tpm::seal(tpm, storage_key, approver, sealing.purpose());
  if (!sealed) return sealed.error();
  const std::string path = paths.keeper + "/" + kSealedFile;
  if (auto done = write_file_atomically(fs, path, sealed->encode()); !done) return done.error();
  ::chmod(path.c_str(), 0600);
  const std::string text = sealing.format();
  return write_file_atomically(fs, paths.sealing, as_bytes(text));
}

Result<NewSealing> read_new_sealing(FileSystem& fs, const std::string& sealing, tpm::Tpm& tpm) {
  auto loaded = Sealing::load(fs, sealing);
  if (!loaded) return loaded.error();
  const auto version = tpm::read_counter(tpm, loaded->counter);
  if (!version) return version.error();
  NewSealing out{.sealing = *std::move(loaded), .version = *version, .boot = {}};
  if (out.sealing.boot) {
    auto boot = tpm::read_pcrs(tpm, kBootPcrs);
    if (!boot) return boot.error();
    out.boot = *std::move(boot);
  }
  return out;
}

Result<keys::KeyStore> seal_new_storage_key(FileSystem& fs, const SealingPaths& paths, tpm::Tpm& tpm,
                                            const crypto::P256PublicKey& approver, const keys::QuorumSize& recovery) {
  crypto::Secret storage_key = crypto::Secret::random(keys::KeyStore::kStorageKeyBytes);
  if (recovery.count != 0) {
    auto done = keys::write_quorum(fs, storage_key, recovery, paths.recovery_quorum, paths.recovery_share);
    if (!done) return done.error();
  }
  if (auto done = seal_storage_key(fs, paths, tpm, storage_key, approver); !done) return done.error();
  return keys::KeyStore::encrypted(std::move(storage_key));
}

}  // namespace redoubt::sealing
