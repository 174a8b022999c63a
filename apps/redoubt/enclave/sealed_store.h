// A keeper's keys that are sealed to a TPM: approving what opens them, and opening them for commands while no server
// runs.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "keys/key_store.h"
#include "redoubt/layout.h"
#include "sealing/sealing.h"
#include "tpm/approval_file.h"
#include "tpm/pcr.h"

namespace redoubt::app {

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
