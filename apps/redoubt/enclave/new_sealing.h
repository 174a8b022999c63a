// Sealing a keeper's keys for the first time: what `redoubt init` and `redoubt enclave seal` share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "confine/privileges.h"
#include "crypto/certificate.h"
#include "encoding/json_writer.h"
#include "keys/quorum_files.h"
#include "redoubt/enclave.h"
#include "redoubt/layout.h"
#include "sealing/new_sealing.h"
#include "tpm/tpm.h"

namespace redoubt::app {

struct SealingOptions {
  std::string tpm;                       // as `enclave.tpm`
  std::string approvers;                 // K/N; empty: a key file
  std::string recovery;                  // K/N; empty: nobody opens the keys when the TPM is lost
  std::optional<confine::UserIds> user;  // the keeper's
};

// What was sealed, and what people hold of it.
struct KeySealing {
  std::string tpm;
  sealing::NewSealing made;
  crypto::P256PrivateKey approver;
  std::vector<std::string> approver_files;  // its key, or its shares
  std::vector<std::string> recovery_files;
};

// Has a storage key sealed: by `tpm`, which is the one that `enclave` has at hand and may be closed, for this approver,
// with shares in the places of sealing_paths().
using SealStorageKey = std::function<Result<sealing::NewSealing>(
    const Enclave& enclave, tpm::Tpm tpm, const crypto::P256PublicKey& approver, const keys::QuorumSize& recovery)>;

// Makes the approver's key, writes what people hold of it to DIR/keys, and has `seal` do the rest. kInvalidArgument for
// numbers that are none; kAlreadyExists when there is an approver's key already; those of tpm/ and of `seal`.
Result<KeySealing> seal_for_the_first_time(const Layout& layout, const SealingOptions& options,
                                           const SealStorageKey& seal);

// The first approval: of the programs that are here, with this text for a configuration.
Result<> approve_first(const Layout& layout, const KeySealing& keys, const std::string& configuration);

// What was made and what to do with it, to be shown once.
void print_sealing(const KeySealing& keys);
void write_sealing(encoding::JsonWriter& json, const KeySealing& keys);

}  // namespace redoubt::app
