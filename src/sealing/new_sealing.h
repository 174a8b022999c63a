// Sealing a storage key to a TPM: once for a folder, and once more when the TPM was lost.
//
//   auto store = seal_new_storage_key(fs, paths, tpm, approver, {.threshold = 2, .count = 3});
//   store->create("signer.key", "ledger-signer", seed);
//   …  another process: read_new_sealing(fs, paths.sealing, tpm), which the first approval is made from
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "keys/key_store.h"
#include "keys/quorum_files.h"
#include "sealing/sealing.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::sealing {

struct SealingPaths {
  std::string keeper;           // the keeper's folder, in which the sealed storage key is kept
  std::string sealing;          // the file that says how it is sealed
  std::string recovery_quorum;  // the file of its quorum
  std::string recovery_share;   // what the names of the shares' files begin with
};

// What the first approval is made from.
struct NewSealing {
  Sealing sealing;
  std::uint64_t version = 0;  // the counter's value: the first that can be approved
  tpm::PcrValues boot;        // registers 0 to 7 as they are, where approvals are of them
};

// Makes a counter, seals the storage key for whatever `approver` approves, and writes both files that say so. Errors:
// kResourceExhausted when every place for a counter is taken; those of tpm/.
Result<> seal_storage_key(FileSystem& fs, const SealingPaths& paths, tpm::Tpm& tpm, const crypto::Secret& storage_key,
                          const crypto::P256PublicKey& approver);

// What seal_storage_key() left in files and TPM, before the counter is raised. Errors: those of the file and of tpm/.
Result<NewSealing> read_new_sealing(FileSystem& fs, const std::string& sealing, tpm::Tpm& tpm);

// Makes a storage key, writes the shares that recover it, if there are to be any, and seals it. The key exists in this
// process, in the TPM and in the shares alone. Shares come first: nothing is sealed that nobody could recover.
Result<keys::KeyStore> seal_new_storage_key(FileSystem& fs, const SealingPaths& paths, tpm::Tpm& tpm,
                                            const crypto::P256PublicKey& approver, const keys::QuorumSize& recovery);

}  // namespace redoubt::sealing
