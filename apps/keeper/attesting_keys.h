// The keys with which a keeper speaks for its TPM: the one that attests, which is the TPM's own, and the authorisation
// value of the history of bundles (tpm/history_log.h), which rests with the keeper's other keys. Who has that value and
// the TPM can make a history anew that tells of older bundles.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "keys/key_store.h"
#include "tpm/attestation_key.h"
#include "tpm/tpm.h"

namespace redoubt {

// Of the index that keeps the history; the next kHistoryHandles are tried when it is taken.
inline constexpr std::uint32_t kFirstHistoryHandle = 0x0180'5244;
inline constexpr std::uint32_t kHistoryHandles = 16;

struct AttestingKeys {
  tpm::AttestationKey attestation;
  crypto::Secret history;
};

// Those of the working folder, made at the first start; `measured` is the folder of the history's log. Errors:
// kConflict when there is an attestation key, and not what was made with it; those of files, of the store and of tpm/.
Result<AttestingKeys> open_attesting_keys(tpm::Tpm& tpm, FileSystem& fs, const keys::KeyStore& store,
                                          const std::string& measured);

}  // namespace redoubt
