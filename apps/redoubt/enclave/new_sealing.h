// Sealing a keeper's keys for the first time: what `redoubt init` and `redoubt enclave seal` share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "encoding/json_writer.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/keeper_errands.h"
#include "sealing/new_sealing.h"

namespace redoubt::app {

struct SealingOptions {
  std::string approvers;  // K/N; empty: a key file
  std::string recovery;   // K/N; empty: nobody opens the keys when the TPM is lost
};

// What was sealed, and what people hold of it.
struct KeySealing {
  std::string tpm;
  sealing::NewSealing made;
  crypto::P256PrivateKey approver;
  std::vector<std::string> approver_files;  // its key, or its shares
  std::vector<std::string> recovery_files;
};

// Has the keeper's program make a storage key, with its shares in the places of sealing_paths(), and seal it.
using SealStorageKey = std::function<Result<>(const KeysToSeal& what)>;

// Makes the approver's key, writes what people hold of it to DIR/keys, and has `seal` do the rest. kInvalidArgument for
// numbers that are none; kAlreadyExists when there is an approver's key already; those of tpm/ and of `seal`.
Result<KeySealing> seal_for_the_first_time(OfflineEnclave& enclave, const SealingOptions& options,
                                           const SealStorageKey& seal);

// What was made and what to do with it, to be shown once.
void print_sealing(const KeySealing& keys);
void write_sealing(encoding::JsonWriter& json, const KeySealing& keys);

}  // namespace redoubt::app
