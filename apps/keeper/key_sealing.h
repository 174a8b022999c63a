// Sealing a keeper's keys later than at their beginning: those of a folder that was made with them in the clear, and
// those whose TPM was lost.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "keys/key_store.h"
#include "keys/quorum_files.h"
#include "sealing/new_sealing.h"
#include "tpm/tpm.h"

namespace redoubt {

// That the signer's key rests in the clear: it is encrypted last. `keeper`: the folder. kAlreadyExists when it does
// not.
Result<> require_clear_signer(const std::string& keeper);

// Makes the storage key of a folder that has none, and its recovery shares, and seals it; the keys stay as they are.
// Errors: as require_clear_signer(); kAlreadyExists also when there is a storage key; those of
// sealing::seal_new_storage_key().
Result<> seal_keys(FileSystem& fs, const sealing::SealingPaths& paths, tpm::Tpm& tpm,
                   const crypto::P256PublicKey& approver, const keys::QuorumSize& recovery);

// Encrypts the key files of `keeper` that are in the clear, the signer's last, and overwrites what the old ones held.
// Cut short it is gone on with by the next call, as long as the signer's key is in the clear: from then on a key in the
// clear was put there by somebody else. `store` is encrypted. Errors: as require_clear_signer(); those of files.
Result<> encrypt_keys(FileSystem& fs, const std::string& keeper, const keys::KeyStore& store);

// The storage key that the shares in these files give: that of the signer's key in the keeper's folder, and no other.
// Errors: those of keys::open_quorum(); kVerifyFailed when it opens nothing there.
Result<crypto::Secret> recover_storage_key(FileSystem& fs, const sealing::SealingPaths& paths,
                                           const std::vector<std::string>& shares);

}  // namespace redoubt
