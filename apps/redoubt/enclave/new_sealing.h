// Sealing a keeper's keys for the first time: what `redoubt init` and `redoubt enclave seal` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "confine/privileges.h"
#include "crypto/certificate.h"
#include "encoding/json_writer.h"
#include "keys/key_store.h"
#include "redoubt/enclave/sealed_store.h"
#include "redoubt/layout.h"

namespace redoubt::app {

struct SealingOptions {
  std::string tpm;                       // as `enclave.tpm`
  std::string approvers;                 // K/N; empty: a key file
  std::string recovery;                  // K/N; empty: nobody opens the keys when the TPM is lost
  std::optional<confine::UserIds> user;  // the keeper's
};

// The storage key exists in this process and in the TPM alone, and in shares.
struct KeySealing {
  keys::KeyStore store = keys::KeyStore::plain();
  std::string tpm;
  NewSealing made;
  std::optional<crypto::P256PrivateKey> approver;
  std::vector<std::string> approver_files;  // its key, or its shares
  std::vector<std::string> recovery_files;
};

// Makes the approver's key and the storage key, writes what people hold of them to DIR/keys, and seals.
// kInvalidArgument for numbers that are none; kAlreadyExists when there is an approver's key already; those of tpm/.
Result<KeySealing> seal_for_the_first_time(const Layout& layout, const SealingOptions& options);

// The first approval: of the programs that are here, with this text for a configuration.
Result<> approve_first(const Layout& layout, const KeySealing& keys, const std::string& configuration);

// What was made and what to do with it, to be shown once.
void print_sealing(const KeySealing& keys);
void write_sealing(encoding::JsonWriter& json, const KeySealing& keys);

}  // namespace redoubt::app
