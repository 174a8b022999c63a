// The beginning of a keeper: its keys, which are made in its own program and leave it in files alone, and the first
// entry of the ledger, which they sign. `redoubt init` starts the program for this and is told public keys.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "keys/quorum_files.h"
#include "ledger/errand.h"
#include "sealing/new_sealing.h"
#include "tpm/tpm.h"

namespace redoubt {

struct NewKeeper {
  std::string ledger;           // its folder, which is made
  sealing::SealingPaths paths;  // without a TPM: the keeper's folder alone
  std::string origin;           // the log's name
  std::string first_record;     // the ledger's first entry, a fact (docs/formats/fact.md)
  tpm::Tpm* tpm = nullptr;      // to which the keys are sealed; null: they rest in the clear
  // With a TPM: who approves what opens them, and how many people recover them without it.
  crypto::P256PublicKey approver{};
  keys::QuorumSize recovery;
};

// Makes the keys of a folder that has none, and the ledger with that one entry, durable and published. What is cut
// short leaves keys that nothing was entrusted to yet; the folder is removed then. Errors: kAlreadyExists when there is
// one of these files; those of files, of sealing::seal_new_storage_key() and of ledger::Ledger.
Result<ledger::NewKeeperKeys> make_keeper(FileSystem& fs, const Clock& clock, const NewKeeper& what);

}  // namespace redoubt
