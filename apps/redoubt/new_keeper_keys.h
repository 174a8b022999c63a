// Has the keeper's program make the keys of a new folder, and the ledger that they sign: this process is told public
// keys, and never has the private ones.
#pragma once

#include <string>

#include "base/result.h"
#include "redoubt/layout.h"

namespace redoubt::app {

struct KeysToMake {
  std::string origin;        // the log's name
  std::string first_record;  // its first entry
  std::string tpm;           // as Enclave::tpm(); empty: the keys rest in the clear
  std::string approver;      // with a TPM: the public key of who approves what opens them, base64
  std::string recovery;      // with a TPM: K/N, as keys::QuorumSize::parse() takes it
};

struct MadeKeys {
  std::string vkey;        // of the log's signer
  std::string dictionary;  // base64, what records are sealed to
};

// Starts `redoubt-keeper make` and waits for its end. Folders are there already: DIR, DIR/keeper and DIR/keys. Errors:
// kUnavailable with what the program said; kMalformed when it said nothing of the kind.
Result<MadeKeys> have_keys_made(const Layout& layout, const KeysToMake& what);

}  // namespace redoubt::app
