// A keeper's keys that are sealed to a TPM: making it so, and opening them for commands while no server runs.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "keys/key_store.h"
#include "redoubt/layout.h"
#include "sealing/sealing.h"
#include "tpm/approval_file.h"
#include "tpm/pcr.h"
#include "tpm/tpm.h"

namespace redoubt::app {

struct NewSealing {
  sealing::Sealing sealing;
  std::uint64_t version = 0;  // the counter's value: the first that can be approved
  tpm::PcrValues boot;        // registers 0 to 7 as they are, where approvals are of them
};

// Makes a counter, seals the storage key for whatever `approver` approves, and writes both files that say so. Errors:
// kResourceExhausted when every place for a counter is taken; those of tpm/.
Result<NewSealing> seal_storage_key(FileSystem& fs, const Layout& layout, tpm::Tpm& tpm,
                                    const crypto::Secret& storage_key, const crypto::P256PublicKey& approver);

// What is approved: these programs with this configuration, on a machine that was just started.
struct Approved {
  std::uint64_t version = 0;
  tpm::PcrValues boot;
  std::vector<std::string> programs;
  std::string configuration;  // its text
};
Result<tpm::ApprovalFile> make_approval(const sealing::Sealing& sealing, const Approved& what,
                                        const crypto::P256PrivateKey& approver);

// DIR/approvals/VERSION.approval.
std::string approval_path(const Layout& layout, std::uint64_t version);
Result<> write_approval(FileSystem& fs, const Layout& layout, const std::string& path,
                        const tpm::ApprovalFile& approval);

// How the keeper's keys rest, for a command that reads them while no server runs. Sealed ones open as at a start: the
// TPM is told what this program and the keeper's are, and an approval must fit. `locked`: the caller holds the lock of
// lock_out_server() already. Errors: kUnavailable when a server runs, whose TPM it is; those of
// sealing::open_keeper_keys().
Result<keys::KeyStore> open_store_offline(const Layout& layout, bool locked);

}  // namespace redoubt::app
