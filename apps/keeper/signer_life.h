// The life of the key that signs checkpoints (docs/operating/signer-life.md), where its private half is: in the
// keeper's program, on an errand.
//
// A next key may be prepared (keeper/signer.prepared.key), so that others can be told of it before it is used. That
// changes nothing. Rotating has steps, and each leaves something that the next call goes on from:
//   1. keeper/signer.next.key is there: the keeper does not start any more
//   2. each log is handed over to it (ledger::hand_over)
//   3. ledger.vkey is that of the new key
//   4. keeper/signer.next.key takes the place of keeper/signer.key: done
//   5. the old key's bytes are overwritten
//
// As root each acts as the owner of the folder that it works in, and goes from one to the next: these change the
// working folder and the effective user of the whole process, which has one thread and ends after it.
#pragma once

#include <string>

#include "base/result.h"
#include "keys/key_store.h"
#include "ledger/errand.h"
#include "tlog/hash.h"

namespace redoubt {

// Paths from the root.
struct SignerPlace {
  std::string root;    // Redoubt's folder, which has the verifier key
  std::string keeper;  // the keeper's
  std::string ledger;  // the ledger's
  std::string origin;  // the system log's name
};

// Errors of all three: kNotFound where there is no ledger yet; kUnavailable when another command, or but for preparing
// a keeper, is at work there; those of files and of the store.

Result<ledger::NextSigner> prepare_signer(const SignerPlace& place, const keys::KeyStore& store);

// Errors: also those of ledger::require_current_signer() and ledger::hand_over().
Result<ledger::ChangedSigner> rotate_signer(const SignerPlace& place, const keys::KeyStore& store);

struct SignerToRevoke {
  std::string tenant;  // whose log; empty: the system log
  std::string key;     // vkey or key id
  tlog::TreeSize at;
};
// Errors: also kUnavailable while a change of the key is half done; those of ledger::revoke_signer().
Result<ledger::RevokedSigner> revoke_signer(const SignerPlace& place, const keys::KeyStore& store,
                                            const SignerToRevoke& what);

}  // namespace redoubt
